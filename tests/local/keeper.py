"""Keeps one server pair for a whole test run, whichever of its processes asked for it first.

    python keeper.py FOLDER CONTROLLER_PID

Goes to the background, writes FOLDER/state.json once the servers answer (or FOLDER/error.txt),
and ends, taking the servers along, when FOLDER/stop appears or when the controlling pytest
process does not exist any more.
"""

import json
import os
import select
import shutil
import sys
import traceback
from pathlib import Path

from service.local.servers import Servers

# How soon a finished run is noticed.
STOP_POLL_S = 0.1


def write_whole(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.replace(path)


def keep(folder: Path, controller: int) -> None:
    with Servers(folder / "data", durable=False) as servers:
        urls = {"database_url": servers.database_url, "redis_url": servers.redis_url}
        write_whole(folder / "state.json", json.dumps(urls))
        # A descriptor of a process becomes readable at its end, and its number is never reused.
        while not (folder / "stop").exists():
            if select.select([controller], [], [], STOP_POLL_S)[0]:
                break


def main(folder: Path, controller_pid: int) -> None:
    controller = os.pidfd_open(controller_pid)
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    try:
        keep(folder, controller)
    except BaseException:
        write_whole(folder / "error.txt", traceback.format_exc())
        raise
    finally:
        # Tens of megabytes, which pytest would keep for three runs.
        shutil.rmtree(folder / "data", ignore_errors=True)
        write_whole(folder / "stopped", "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
