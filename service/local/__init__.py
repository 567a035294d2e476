"""The service's own PostgreSQL and Valkey, and the supervisor of its processes, on one machine."""
