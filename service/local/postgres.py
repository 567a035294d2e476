"""A PostgreSQL 18 of the service's own: made, started, asked and stopped."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg

from service.local.binaries import postgres_programs
from service.local.children import spawn, wait_or_kill, wait_until_ready
from service.local.errors import LocalServerError
from service.local.logs import last_lines
from service.local.sockets import POSTGRES_PORT, POSTGRES_SOCKET
from service.local.user import ServerUser, private_folder

SUPERUSER = "nascore"
DATABASE = "nascore"

# initdb writes 40 MB and syncs it: 2 s on a local disk, a minute on a slow network volume.
INITDB_TIMEOUT_S = 180.0

# After a crash the write-ahead log is replayed first: up to max_wal_size, 1 GB by default.
READY_TIMEOUT_S = 180.0

# A socket's server accepts at once; one busy with its recovery refuses at once.
CONNECT_TIMEOUT_S = 5

# A fast shutdown writes every dirty page of shared_buffers, 128 MB, to the disk.
STOP_TIMEOUT_S = 60.0

# An immediate shutdown writes nothing, its server only collects its children.
QUIT_TIMEOUT_S = 10.0

# The supervisor changes into the data folder and the server keeps it: `nobody` could not walk
# there by name through a home of root's, but needs no name for the folder it stands in.
HERE = "/proc/self/cwd"

# Nothing of the caller's: PGPORT, PGDATA or LD_LIBRARY_PATH would reach the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# API, workers and their pools on one machine; 100 would do for about 40 workers.
MAX_CONNECTIONS = 300

# For data that may be lost with the machine, such as the tests'. Never synchronous_commit=off:
# that loses acknowledged rows to a mere kill -9, for they may still be in the server's memory.
NOT_DURABLE = ("-c", "fsync=off", "-c", "full_page_writes=off")


class Postgres:
    """One server on one data folder."""

    def __init__(self, data_dir: Path, sockets: Path, user: ServerUser, durable: bool) -> None:
        """Describes the server and touches nothing."""
        self.folder = data_dir / "postgres"
        self.unfinished = data_dir / "postgres.unfinished"
        self.log = data_dir / "logs" / "postgres.log"
        self.sockets = sockets
        self.user = user
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What SQLAlchemy connects to."""
        return url(self.sockets)

    def launch(self, lock: int) -> None:
        """Starts the server, on a new data folder if there is none, without waiting for it.

        `lock` is the descriptor of a lock just taken, which says that no other server lives on
        the folder; the server inherits it and so holds it for as long as it lives.

        Raises LocalServerError when the programs are missing or a data folder cannot be made.
        """
        programs = postgres_programs(self.user)
        if not self.folder.exists():
            self.make_data(programs, lock)
        private_folder(self.folder, self.user)
        # No server holds the lock, so these belong to a server that is gone.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        (self.sockets / POSTGRES_SOCKET).unlink(missing_ok=True)
        (self.sockets / f"{POSTGRES_SOCKET}.lock").unlink(missing_ok=True)
        self.process = spawn(
            [
                str(programs / "postgres"),
                *("-D", HERE),
                *("-c", "listen_addresses="),
                *("-c", f"unix_socket_directories={self.sockets}"),
                *("-c", "unix_socket_permissions=0700"),
                *("-c", f"port={POSTGRES_PORT}"),
                *("-c", f"max_connections={MAX_CONNECTIONS}"),
                # A container gives /dev/shm 64 MB, and a parallel query that needs more fails.
                *("-c", "dynamic_shared_memory_type=mmap"),
                *(() if self.durable else NOT_DURABLE),
            ],
            env=ENVIRONMENT,
            log=self.log,
            # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
            death_signal=signal.SIGINT,
            cwd=self.folder,
            user=self.user,
            pass_fds=(lock,),
        )

    def make_data(self, programs: Path, lock: int) -> None:
        """Makes the data folder, under its own name only when complete.

        Peers on the sockets are trusted, because only the servers' user and root can reach them.
        Raises LocalServerError with what initdb said.
        """
        if self.unfinished.exists():
            shutil.rmtree(self.unfinished)
        private_folder(self.unfinished, self.user)
        process = spawn(
            [
                str(programs / "initdb"),
                *("-D", HERE),
                f"--username={SUPERUSER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *(() if self.durable else ("--no-sync",)),
            ],
            env=ENVIRONMENT,
            log=self.log,
            death_signal=signal.SIGTERM,
            cwd=self.unfinished,
            user=self.user,
            pass_fds=(lock,),
        )
        try:
            finished = wait_or_kill(process, INITDB_TIMEOUT_S)
        except BaseException:
            process.terminate()
            wait_or_kill(process, QUIT_TIMEOUT_S)
            raise
        if not finished:
            raise LocalServerError(
                f"initdb takes over {INITDB_TIMEOUT_S:g} s.\n{last_lines(self.log)}"
            )
        if process.returncode != 0:
            raise LocalServerError(
                f"initdb ended with status {process.returncode}.\n{last_lines(self.log)}"
            )
        self.unfinished.rename(self.folder)
        sync_folder(self.folder.parent)

    def wait_until_ready(self) -> None:
        """Returns when the service's database can be used.

        Raises LocalServerError with the log's end when the server ends or READY_TIMEOUT_S passes.
        """
        if self.process is None:
            raise LocalServerError("PostgreSQL was not launched.")
        wait_until_ready("PostgreSQL", self.process, self.answers, READY_TIMEOUT_S, self.log)

    def answers(self) -> bool:
        """Whether the server takes connections; makes the service's database if it is missing."""
        try:
            connection = psycopg.connect(
                host=str(self.sockets),
                port=POSTGRES_PORT,
                user=SUPERUSER,
                dbname="postgres",
                connect_timeout=CONNECT_TIMEOUT_S,
                autocommit=True,
            )
        except psycopg.OperationalError:
            return False
        with connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        return True

    def ask_to_stop(self) -> None:
        """Begins a fast shutdown, which ends every session and loses nothing committed."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)

    def wait_for_stop(self) -> None:
        """Waits for the shutdown; a slow one is made immediate, then killed. Loses no commit."""
        process, self.process = self.process, None
        if process is None:
            return
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            wait_or_kill(process, QUIT_TIMEOUT_S)


def url(sockets: Path) -> str:
    """Of the service's database behind a socket; the port only names the socket's file."""
    host = quote(str(sockets))
    return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={host}&port={POSTGRES_PORT}"


def sync_folder(folder: Path) -> None:
    """Makes a rename inside the folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
