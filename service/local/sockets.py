"""The folder of the servers' unix sockets: nobody but their user (and root) can reach it."""

import hashlib
import os
import re
import stat
from pathlib import Path

from service.local.errors import LocalServerError
from service.local.user import ServerUser, private_folder

# sockaddr_un.sun_path holds 108 bytes with its final zero.
MAX_SOCKET_PATH = 107

POSTGRES_PORT = 5432
POSTGRES_SOCKET = f".s.PGSQL.{POSTGRES_PORT}"
VALKEY_SOCKET = "valkey.sock"

# These need no quoting in a URL, in PostgreSQL's list of folders and in Valkey's settings.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")

TEMPORARY_FOLDER = Path("/tmp")  # noqa: S108 - short by definition; checked in `short_folder`


def socket_folder(data_dir: Path, user: ServerUser) -> Path:
    """Makes the folder: `<data-dir>/sockets`, or a short one when that cannot be used.

    It cannot when its path is too long or needs quoting, or when the servers are another user's,
    who cannot pass the folders above (a home of root's is 0700).

    Raises LocalServerError when the folder exists and is not a private one of the servers' user.
    """
    folder = data_dir / "sockets"
    longest = str(folder / POSTGRES_SOCKET)
    if not user.differs and len(longest) <= MAX_SOCKET_PATH and PLAIN_PATH.fullmatch(longest):
        private_folder(folder, user)
        return folder
    return short_folder(data_dir, user)


def short_folder(data_dir: Path, user: ServerUser) -> Path:
    """A private folder under the runtime folder, or /tmp, named after the data directory.

    Anyone may have made something of that name in /tmp before, so it is used only when it is a
    real folder, closed to others and the servers' user's own; raises LocalServerError otherwise.
    """
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    folder = runtime_folder(user) / f"nascore-{user.uid}-{digest}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
        # Root's is one whose maker was killed before he could hand it over.
        if not private or found.st_uid not in (user.uid, os.geteuid()):
            raise LocalServerError(
                f"{folder} is in the way: not a private folder of user id {user.uid}. Remove it."
            ) from None
    os.chown(folder, user.uid, user.gid, follow_symlinks=False)
    return folder


def runtime_folder(user: ServerUser) -> Path:
    """XDG_RUNTIME_DIR when it is this user's own, short and plain; else /tmp."""
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    # Half of the limit leaves room for the folder's and the socket's names.
    if user.differs or len(named) > MAX_SOCKET_PATH // 2 or not PLAIN_PATH.fullmatch(named):
        return TEMPORARY_FOLDER
    folder = Path(named)
    if folder.is_absolute() and folder.is_dir() and folder.stat().st_uid == user.uid:
        return folder
    return TEMPORARY_FOLDER
