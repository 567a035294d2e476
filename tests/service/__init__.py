"""The service through HTTP, against real PostgreSQL, real Valkey and real worker processes."""
