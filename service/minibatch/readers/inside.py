"""Files of a folder, and nothing outside of it."""

from pathlib import Path

from service.minibatch.dataset import DatasetError


def regular_file(folder: Path, path: Path) -> Path:
    """The path, checked to be a plain file; raises DatasetError naming it otherwise."""
    _check_inside(folder, path)
    # A pipe would be waited for, a device never ends.
    if not path.is_file():
        raise DatasetError(f"{shown(folder, path)} is not a plain file.")
    return path


def folder_inside(folder: Path, path: Path) -> Path:
    _check_inside(folder, path)
    if not path.is_dir():
        raise DatasetError(f"{shown(folder, path)} lies beside the folders of the classes.")
    return path


def shown(folder: Path, path: Path) -> str:
    """How a message names a file of the folder, whatever characters it has."""
    return ascii(path.relative_to(folder).as_posix())


def _check_inside(folder: Path, path: Path) -> None:
    if not path.is_symlink():
        return
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        raise DatasetError(f"{shown(folder, path)} is a link that leads nowhere.") from None
    if not inside:
        raise DatasetError(f"{shown(folder, path)} is a link that leaves the folder.")
