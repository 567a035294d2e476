"""A supervisor to be killed by the tests: starts the servers, prints what they are, sleeps.

python supervisor.py DATA_DIR
"""

import json
import sys
import time
from pathlib import Path

from service.local.servers import Servers

if __name__ == "__main__":
    with Servers(Path(sys.argv[1]), durable=False) as servers:
        urls = {"database_url": servers.database_url, "redis_url": servers.redis_url}
        print(json.dumps({**urls, "pids": servers.pids}), flush=True)  # noqa: T201
        while True:
            time.sleep(1)
