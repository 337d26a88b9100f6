"""Writing files so that a reader sees the old file or the new one, never half of either."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["first_link", "remove_unfinished", "usual_mode", "write_atomically", "write_text"]

UNFINISHED = ".part"
_UMASK = os.umask(0)
os.umask(_UMASK)


def usual_mode() -> int:
    """Return the permissions that a new file of this user has."""
    return 0o666 & ~_UMASK


def first_link(path: Path, below: Path) -> Path | None:
    """Return the first symbolic link on the way from a folder to a path in it; None if there is no link.

    The folder itself may be a link.
    """
    way = [path, *path.parents]
    return next((place for place in reversed(way[: way.index(below)]) if place.is_symlink()), None)


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write(file)`` on a new file beside ``path``, then put it in place in one step.

    A device, such as ``/dev/null``, is written to and not replaced, which root could; so is all that stands in
    ``/dev``, such as ``/dev/stdout``.

    Args:
        path: where the file shall stand; its folder is made if need be.
        write: fills the open binary file.

    Raises:
        OSError: if ``path`` is a folder, or its folder cannot be written, or the disk is full; ``path`` is then as
            it was.
    """
    if path.is_dir():  # or the error would name the new file
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.parent == Path("/dev") or (path.is_char_device() and not path.is_symlink()):
        with path.open("wb") as file:
            write(file)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=UNFINISHED, dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # not the unfinished file's
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, usual_mode())  # mkstemp's own is for the user alone
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode()))


def remove_unfinished(folder: Path) -> None:
    """Remove what :func:`write_atomically` could not finish, below a folder, because its process was killed.

    Raises:
        OSError: if the folder cannot be written.
    """
    for path in list(folder.rglob(f".*{UNFINISHED}")):
        path.unlink(missing_ok=True)
