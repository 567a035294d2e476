"""Becomes another program that ends when its parent does; run as a script, never imported.

    python -I -S launcher.py DEATH_SIGNAL PARENT_PID UID GID PROGRAM [ARGUMENT ...]

A script and not `preexec_fn`, which may deadlock in a parent that has threads. UID -1 keeps the
user. Exits with 127 when the program cannot be executed.
"""

# Everything is imported before the user changes: that user may not be able to read the library.
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
EXIT_CANNOT_EXECUTE = 127


def become(death_signal: int, parent_pid: int, uid: int, gid: int, argv: list[str]) -> None:
    """Replaces this process; raises OSError when the kernel refuses any of the steps."""
    libc = ctypes.CDLL(None, use_errno=True)
    if uid >= 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    # After the change of user, because that change clears it.
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # A parent that died before the call above sends no signal any more.
    if os.getppid() != parent_pid:
        sys.exit(EXIT_CANNOT_EXECUTE)
    # Python ignores this one, and an ignored signal stays ignored in the next program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # S606 asks for a shell; there is none to mistrust: the arguments are the supervisor's own.
    os.execvpe(argv[0], argv, os.environ)  # noqa: S606


if __name__ == "__main__":
    try:
        death_signal, parent_pid, uid, gid = (int(number) for number in sys.argv[1:5])
        become(death_signal, parent_pid, uid, gid, sys.argv[5:])
    except OSError as error:
        sys.stderr.write(f"cannot execute {sys.argv[5]}: {error}\n")
        sys.exit(EXIT_CANNOT_EXECUTE)
