"""The user the servers run as: this one, or `nobody` when this one is root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from service.local.errors import LocalServerError

# Linux's overflow id, which is `nobody` wherever that name is missing.
OVERFLOW_ID = 65534


@dataclass(frozen=True)
class ServerUser:
    """Numeric ids, and whether taking them means to give up root."""

    uid: int
    gid: int
    differs: bool


def server_user() -> ServerUser:
    """PostgreSQL refuses to run as root, so root hands both servers to `nobody`."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), differs=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return ServerUser(OVERFLOW_ID, OVERFLOW_ID, differs=True)
    return ServerUser(nobody.pw_uid, nobody.pw_gid, differs=True)


def private_folder(path: Path, user: ServerUser) -> None:
    """Makes a 0700 folder of `user`'s, or makes sure that one already there is just that.

    A folder first filled by another user is handed over whole, which only root can do.
    Raises LocalServerError when it is a link, or another user's and this process is not root.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink():
        raise LocalServerError(f"{path} is a symbolic link; the servers' folders must be real.")
    owner = path.stat().st_uid
    if owner != user.uid:
        if os.geteuid() != 0:
            raise LocalServerError(f"{path} belongs to user id {owner}, not to {user.uid}.")
        hand_over(path, user)
    path.chmod(0o700)


def hand_over(top: Path, user: ServerUser) -> None:
    """Gives a folder and all below it to `user`; links themselves, never what they point to."""
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            os.chown(Path(folder) / name, user.uid, user.gid, follow_symlinks=False)
    # The top last: an interrupted walk is then seen and repeated.
    os.chown(top, user.uid, user.gid, follow_symlinks=False)
