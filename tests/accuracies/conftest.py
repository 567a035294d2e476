"""Hypothesis without a clock, as on the benches."""

from hypothesis import HealthCheck, settings

settings.register_profile("tables", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tables")
