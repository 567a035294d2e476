"""The SHA-256 of a folder."""

from collections.abc import Mapping
from hashlib import sha256


def folder_sha256(files: Mapping[str, str]) -> str:
    """Of the files' own SHA-256 by their names below the folder.

    It is that of the lines `<sha256>  <name>`, sorted by the names' bytes, which `sha256sum`
    prints: a folder's owner can compute it with that program.
    """
    lines = [f"{files[name]}  {name}\n" for name in sorted(files)]
    return sha256("".join(lines).encode()).hexdigest()
