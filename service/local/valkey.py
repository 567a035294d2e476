"""A Valkey of the service's own: started, asked and stopped."""

import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.local.binaries import valkey_program
from service.local.children import spawn, wait_or_kill, wait_until_ready
from service.local.errors import LocalServerError
from service.local.sockets import VALKEY_SOCKET
from service.local.user import ServerUser, private_folder

# It reads its whole log of commands first: about 100 MB a second, and a queue is far smaller.
READY_TIMEOUT_S = 60.0

# A socket's server accepts at once; an answer while loading comes between two reads.
CONNECT_TIMEOUT_S = 5.0

# It writes and syncs the last second of its log of commands.
STOP_TIMEOUT_S = 20.0

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# One for the service; the tests take one for each of their workers.
DATABASES = 128


class Valkey:
    """One server on one data folder."""

    def __init__(self, data_dir: Path, sockets: Path, user: ServerUser, durable: bool) -> None:
        """Describes the server and touches nothing."""
        self.folder = data_dir / "valkey"
        self.log = data_dir / "logs" / "valkey.log"
        self.socket = sockets / VALKEY_SOCKET
        self.user = user
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What redis-py's `from_url` takes."""
        return f"unix://{self.socket}"

    def launch(self, lock: int) -> None:
        """Starts the server without waiting for it.

        `lock` is the descriptor of a lock just taken, which says that no other server lives on
        the folder; the server inherits it and so holds it for as long as it lives.

        Raises LocalServerError when the program is missing or the folder is another user's.
        """
        program = valkey_program(self.user)
        private_folder(self.folder, self.user)
        # No server holds the lock, so this belongs to a server that is gone.
        self.socket.unlink(missing_ok=True)
        self.process = spawn(
            [
                str(program),
                *("--port", "0"),
                *("--unixsocket", str(self.socket)),
                *("--unixsocketperm", "700"),
                *("--appendonly", "yes"),
                *("--appendfsync", "everysec" if self.durable else "no"),
                # The log of commands is enough; a snapshot would fork for nothing.
                *("--save", ""),
                # Nothing queued may be dropped to make room.
                *("--maxmemory-policy", "noeviction"),
                *("--databases", str(DATABASES)),
            ],
            env=ENVIRONMENT,
            log=self.log,
            death_signal=signal.SIGTERM,
            # Its files are relative to the folder it is started in, see postgres.HERE.
            cwd=self.folder,
            user=self.user,
            pass_fds=(lock,),
        )

    def wait_until_ready(self) -> None:
        """Returns when commands are answered.

        Raises LocalServerError with the log's end when the server ends or READY_TIMEOUT_S passes.
        """
        if self.process is None:
            raise LocalServerError("Valkey was not launched.")
        wait_until_ready("Valkey", self.process, self.answers, READY_TIMEOUT_S, self.log)

    def answers(self) -> bool:
        """Whether the server has read its log of commands and answers."""
        try:
            with redis.Redis(
                unix_socket_path=str(self.socket),
                socket_timeout=CONNECT_TIMEOUT_S,
                socket_connect_timeout=CONNECT_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
            ) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            # BusyLoadingError, sent while the log is read, is a ConnectionError too.
            return False

    def ask_to_stop(self) -> None:
        """Begins a shutdown, before which everything acknowledged is written."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def wait_for_stop(self) -> None:
        """Waits for the shutdown, then kills."""
        process, self.process = self.process, None
        if process is not None:
            wait_or_kill(process, STOP_TIMEOUT_S)
