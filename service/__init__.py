"""nascore: scores neural architectures before anyone trains them."""
