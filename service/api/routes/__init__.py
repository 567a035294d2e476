"""One file a noun: what its routes do."""
