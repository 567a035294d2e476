"""The log files of child processes: appended to, turned over when large, quoted in errors."""

from io import FileIO
from pathlib import Path

# Weeks of a quiet server; an editor still opens it.
MAX_LOG_BYTES = 16 * 1024 * 1024

# A failed start of PostgreSQL says its reason within its last few lines.
QUOTED_LINES = 15
QUOTED_BYTES = 8192


def open_log(path: Path) -> FileIO:
    """Opens a log to append to; one above MAX_LOG_BYTES first becomes `<name>.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab", buffering=0)


def last_lines(path: Path) -> str:
    """The end of a log, headed by its path; says so when there is none."""
    if not path.exists():
        return f"({path} was not written.)"
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - QUOTED_BYTES))
        lines = log.read().decode(errors="replace").splitlines()[-QUOTED_LINES:]
    return "\n".join([f"The end of {path}:", *(f"  {line}" for line in lines)])
