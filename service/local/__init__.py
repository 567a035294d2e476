"""The service's own PostgreSQL and Valkey, and the supervisor of its processes, on one machine."""

from service.local.errors import LocalServerError
from service.local.processes import Processes
from service.local.running import running_database
from service.local.servers import Servers

__all__ = ["LocalServerError", "Processes", "Servers", "running_database"]
