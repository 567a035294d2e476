"""Reduced training beside the zero-cost proxies, on the same cells."""
