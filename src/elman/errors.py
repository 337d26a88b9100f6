"""Errors that more than one room raises, and the nearest right name."""

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any

__all__ = ["UnknownName", "check_positive", "named", "nearest"]


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


def named(what: str, name: str, known: Iterable[str]) -> str:
    """Return a name that exists.

    Args:
        what: what the name is of, as an error calls it.
        name: the name.
        known: those that exist.

    Raises:
        UnknownName: for another, with the nearest.

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
        sizes: by name; any kind of integer, save a truth value.

    Raises:
        ValueError: naming the first that is not a positive integer.

    Example:
        >>> import numpy as np
        >>> check_positive(hidden_size=np.int64(5), num_layers=2)
        (5, 2)
    """
    for name, size in sizes.items():
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must be a positive integer, got {size!r}")
    return tuple(map(int, sizes.values()))
