"""Hypothesis without a clock: the first example of a process pays for the table of classes."""

from hypothesis import HealthCheck, settings

settings.register_profile("benches", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("benches")
