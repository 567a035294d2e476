"""Behaviour through the public face first, then the science against independent truth."""
