"""One file a noun: what its requests and answers look like."""
