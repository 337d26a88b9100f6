"""Write files atomically: a reader sees the whole old file or the whole new one."""

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
    """Return the permissions that this user's new files get."""
    return 0o666 & ~_UMASK


def first_link(path: Path, below: Path) -> Path | None:
    """Return the first symbolic link on the way from the folder ``below`` to ``path`` in it, or None.

    The folder itself may be a link.
    """
    way = [path, *path.parents]
    return next((place for place in reversed(way[: way.index(below)]) if place.is_symlink()), None)


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write(file)`` on a new file beside ``path``, then rename it to ``path``.

    A device, such as ``/dev/null``, and everything in ``/dev``, such as ``/dev/stdout``, is written to directly;
    otherwise root would replace it.

    Args:
        path: the file to write; its folder is created if missing.
        write: fills the open binary file.

    Raises:
        OSError: if ``path`` is a folder, its folder cannot be written, or the disk is full; ``path`` is then
            unchanged.
    """
    if path.is_dir():  # otherwise the error would name the temporary file
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.parent == Path("/dev") or (path.is_char_device() and not path.is_symlink()):
        with path.open("wb") as file:
            write(file)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=UNFINISHED, dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # not the temporary file
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, usual_mode())  # mkstemp gives access to the user only
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
    """Write ``text`` as UTF-8, see :func:`write_atomically`."""
    write_atomically(path, lambda file: file.write(text.encode()))


def remove_unfinished(folder: Path) -> None:
    """Remove temporary files below a folder that a killed process left in :func:`write_atomically`.

    Raises:
        OSError: if the folder cannot be written.
    """
    for path in list(folder.rglob(f".*{UNFINISHED}")):
        path.unlink(missing_ok=True)
