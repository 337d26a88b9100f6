"""Errors that more than one room raises, and the nearest right name."""

import difflib
from collections.abc import Iterable

__all__ = ["UnknownName", "nearest"]


class UnknownName(ValueError):
    """A name, field or value that does not exist; the message holds the nearest that do."""


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean ...?"`` with the nearest names, or the list of them all.

    Example:
        >>> nearest("lstn", ["lstm", "gru"]), nearest("x", ["lstm", "gru"])
        ('; did you mean lstm?', '; there are lstm, gru')
    """
    known = list(known)
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(known)}"
