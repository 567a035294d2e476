"""What the embedded servers raise."""


class LocalServerError(Exception):
    """An embedded server cannot be started; the message says which, why and what to do."""


class DataDirInUseError(LocalServerError):
    """Another supervisor, or a server it left behind, still works on this data directory."""
