"""Files that state their own SHA-256, so that what was changed on disk is not taken for what was written.

The sum stands in the file's JSON, behind ``"sha256":``. It is that of the whole file with 64 zeros in its place, and,
where a second file belongs to the first, of that one too.
"""

import hashlib
import re

__all__ = ["UNSEALED", "check_seal", "seal"]

UNSEALED = "0" * 64
_PLACE = re.compile(rb'"sha256": ?"([0-9a-f]{64})"')


def seal(data: bytes, beside: bytes = b"") -> bytes:
    """Return a file's content with its sum in the place of :data:`UNSEALED`.

    Args:
        data: holds ``"sha256": "000..."`` before anything that looks like it.
        beside: content of a file that belongs to it.

    Example:
        >>> file = seal(b'{"sha256": "' + UNSEALED.encode() + b'", "loss": 1.25}')
        >>> check_seal(file)
        >>> check_seal(file.replace(b"1.25", b"1.24"))
        Traceback (most recent call last):
        ValueError: it is not as it was written: its SHA-256 does not fit
    """
    start, end = _place(data)
    return data[:start] + _sum(data, beside, start, end).encode() + data[end:]


def check_seal(data: bytes, beside: bytes = b"") -> None:
    """Check what :func:`seal` made.

    Raises:
        ValueError: if it states no sum, or another than it has.
    """
    start, end = _place(data)
    if data[start:end].decode() != _sum(data, beside, start, end):
        raise ValueError("it is not as it was written: its SHA-256 does not fit")


def _place(data: bytes) -> tuple[int, int]:
    found = _PLACE.search(data)
    if found is None:
        raise ValueError("it states no SHA-256")
    return found.span(1)


def _sum(data: bytes, beside: bytes, start: int, end: int) -> str:
    whole = memoryview(data)
    digest = hashlib.sha256(whole[:start])
    for part in (UNSEALED.encode(), whole[end:], beside):
        digest.update(part)
    return digest.hexdigest()
