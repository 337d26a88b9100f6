"""Errors that several packages raise, and suggestions for misspelled names."""

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any

__all__ = ["UnknownName", "check_positive", "named", "nearest"]


class UnknownName(ValueError):
    """A name, field or value does not exist; the message suggests the nearest known ones."""


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean ...?"`` with the nearest known names, or the list of all if none is near.

    Example:
        >>> nearest("lstn", ["lstm", "gru"]), nearest("x", ["lstm", "gru"])
        ('; did you mean lstm?', '; there are lstm, gru')
    """
    known = list(known)
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(known)}"


def named(what: str, name: str, known: Iterable[str]) -> str:
    """Return ``name`` if it is known.

    Args:
        what: what the name refers to, for the error message.
        name: the name.
        known: all names that exist.

    Raises:
        UnknownName: if ``name`` is not known; suggests the nearest names.

    Example:
        >>> named("layer", "LSTM", ["LSTM", "GRU"])
        'LSTM'
    """
    known = list(known)
    if name not in known:
        raise UnknownName(f"no {what} {name!r}{nearest(str(name), known)}")
    return name


def check_positive(**sizes: Any) -> tuple[int, ...]:
    """Return sizes as ints, in the order given.

    Args:
        sizes: by name; any kind of integer except bool.

    Raises:
        ValueError: if a size is not a positive integer; names the first such size.

    Example:
        >>> import numpy as np
        >>> check_positive(hidden_size=np.int64(5), num_layers=2)
        (5, 2)
    """
    for name, size in sizes.items():
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must be a positive integer, got {size!r}")
    return tuple(map(int, sizes.values()))
