"""Reduced training: a network's accuracy after a few cheap epochs, the conventional proxy.

`recipe` and `schedule` know no torch; the others do. Nothing is imported here, so that who asks for
a recipe does not load what runs it.
"""
