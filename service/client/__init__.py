"""The Python client: what the command line and search loops speak HTTP through.

`Client` and `AsyncClient` have the same calls. Both try again what passes by itself (a service that
restarts, a full queue), and raise ServiceError for what the service refuses.
"""

from service.client.aio import AsyncClient
from service.client.errors import ServiceError
from service.client.sync import Client

__all__ = ["AsyncClient", "Client", "ServiceError"]
