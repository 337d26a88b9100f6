"""Files that contain their own SHA-256, so that a change on disk is noticed.

The file's JSON holds the checksum after ``"sha256":``. It is computed over the whole file with 64 zeros in the
checksum's place, followed by a second file if one belongs to the first.
"""

import hashlib
import re

__all__ = ["UNSEALED", "check_seal", "seal"]

UNSEALED = "0" * 64
_PLACE = re.compile(rb'"sha256": ?"([0-9a-f]{64})"')


def seal(data: bytes, beside: bytes = b"") -> bytes:
    """Return a file's content with its checksum in place of :data:`UNSEALED`.

    Args:
        data: the content; the first text of the form ``"sha256": "..."`` must be the placeholder.
        beside: content of a second file that the checksum also covers; default empty.

    Example:
        >>> file = seal(b'{"sha256": "' + UNSEALED.encode() + b'", "loss": 1.25}')
        >>> check_seal(file)
        >>> check_seal(file.replace(b"1.25", b"1.24"))
        Traceback (most recent call last):
        ValueError: it was changed after it was written: its SHA-256 does not match
    """
    start, end = _place(data)
    return data[:start] + _sum(data, beside, start, end).encode() + data[end:]


def check_seal(data: bytes, beside: bytes = b"") -> None:
    """Check the checksum in a file that :func:`seal` returned.

    Raises:
        ValueError: if the file contains no checksum or a wrong one.
    """
    start, end = _place(data)
    if data[start:end].decode() != _sum(data, beside, start, end):
        raise ValueError("it was changed after it was written: its SHA-256 does not match")


def _place(data: bytes) -> tuple[int, int]:
    found = _PLACE.search(data)
    if found is None:
        raise ValueError("it contains no SHA-256")
    return found.span(1)


def _sum(data: bytes, beside: bytes, start: int, end: int) -> str:
    whole = memoryview(data)
    digest = hashlib.sha256(whole[:start])
    for part in (UNSEALED.encode(), whole[end:], beside):
        digest.update(part)
    return digest.hexdigest()
