"""The HTTP face. It imports no torch."""
