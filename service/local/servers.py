"""PostgreSQL and Valkey together on one data directory, for as long as a supervisor lives.

`with Servers(Path("data")) as servers:` and both servers answer inside.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from service.local.errors import DataDirInUseError, LocalServerError
from service.local.locks import take_lock
from service.local.postgres import Postgres
from service.local.sockets import socket_folder
from service.local.user import server_user
from service.local.valkey import Valkey

# A supervisor just killed holds its lock until the kernel has closed its files.
SUPERVISOR_WAIT_S = 2.0

# Servers of a killed supervisor are told to end at once; PostgreSQL first writes its dirty pages,
# 128 MB at most.
ORPHANS_WAIT_S = 30.0


class Servers:
    """Starts both servers and stops them; they end by themselves when this process is killed.

    - Only unix sockets are listened on, in a folder closed to every other user.
    - What the servers acknowledged is there after a kill -9 of all of them. With `durable=False`
      this no longer holds for a power cut.
    - As root the servers run as `nobody`.
    """

    def __init__(self, data_dir: Path, durable: bool = True) -> None:
        """Names the data directory, made by `start` if missing; starts nothing."""
        self.data_dir = data_dir.expanduser().resolve()
        self.durable = durable
        self._lock: int | None = None
        self._sockets: Path | None = None
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None

    def start(self) -> None:
        """Returns when both servers answer; call it from the main thread.

        Raises DataDirInUseError when another supervisor or its servers live on the directory,
        LocalServerError with the log's end when a server does not come up, or when the wheels
        of the extra `nascore[local]` are missing, RuntimeError outside the main thread.
        Nothing stays running after an error.
        """
        if self._lock is not None:
            raise LocalServerError(f"The servers on {self.data_dir} are started already.")
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._lock = self._take_lock("supervisor", SUPERVISOR_WAIT_S)
        user = server_user()
        self._sockets = socket_folder(self.data_dir, user)
        self._valkey = Valkey(self.data_dir, self._sockets, user, self.durable)
        self._postgres = Postgres(self.data_dir, self._sockets, user, self.durable)
        # Valkey comes up while initdb works.
        self._launch("valkey", self._valkey)
        self._launch("postgres", self._postgres)
        self._valkey.wait_until_ready()
        self._postgres.wait_until_ready()

    def _launch(self, name: str, server: Postgres | Valkey) -> None:
        lock = self._take_lock(name, ORPHANS_WAIT_S)
        try:
            server.launch(lock)
        finally:
            # From here on the lock is the server's alone, and free when all of it is gone.
            os.close(lock)

    def _take_lock(self, name: str, wait_s: float) -> int:
        lock = take_lock(self.data_dir / f"{name}.lock", wait_s)
        if lock is None:
            holder = "another nascore" if name == "supervisor" else f"a {name} server left behind"
            raise DataDirInUseError(
                f"The data directory {self.data_dir} is in use by {holder}."
                " Stop that one first, or choose another directory with --data-dir."
            )
        return lock

    def stop(self) -> None:
        """Stops both servers, by force after a bounded wait; safe to call twice."""
        servers = [server for server in (self._postgres, self._valkey) if server is not None]
        try:
            for server in servers:
                server.ask_to_stop()
            for server in servers:
                server.wait_for_stop()
            if self._sockets is not None and not any(self._sockets.iterdir()):
                self._sockets.rmdir()
        finally:
            self._postgres = self._valkey = self._sockets = None
            lock, self._lock = self._lock, None
            if lock is not None:
                os.close(lock)

    def revive(self) -> list[str]:
        """Starts again what died by itself and returns the names of those; call it now and then.

        Raises LocalServerError when one does not come up again.
        """
        dead = []
        for name, server in (("postgres", self._postgres), ("valkey", self._valkey)):
            if server is None or server.process is None or server.process.poll() is None:
                continue
            self._launch(name, server)
            server.wait_until_ready()
            dead.append(name)
        return dead

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the service's database; raises LocalServerError before `start`."""
        if self._postgres is None:
            raise LocalServerError("The servers are not started.")
        return self._postgres.url

    @property
    def redis_url(self) -> str:
        """redis-py's URL of the queue; raises LocalServerError before `start`."""
        if self._valkey is None:
            raise LocalServerError("The servers are not started.")
        return self._valkey.url

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by the servers' names, of those that are started."""
        servers = {"postgres": self._postgres, "valkey": self._valkey}
        return {
            name: server.process.pid
            for name, server in servers.items()
            if server is not None and server.process is not None
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
