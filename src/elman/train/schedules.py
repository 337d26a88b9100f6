"""Schedules of the learning rate: what it is multiplied with, by the update."""

import math
from collections.abc import Callable

__all__ = ["Schedule", "constant", "cosine", "linear"]

Schedule = Callable[[int, int], float]  # updates done, updates in all -> factor


def constant(warmup: int = 0) -> Schedule:
    """One, after a linear warm-up.

    Example:
        >>> [constant(warmup=2)(update, 4) for update in range(4)]
        [0.5, 1.0, 1.0, 1.0]
    """
    return lambda update, updates: _warm(update, warmup)


def linear(to: float = 0.1, warmup: int = 0) -> Schedule:
    """From one in a straight line towards ``to``, which it would reach after the last update.

    Example:
        >>> [linear(to=0.0)(update, 4) for update in range(4)]
        [1.0, 0.75, 0.5, 0.25]
    """
    return lambda update, updates: _warm(update, warmup) * (1 - (1 - to) * update / max(1, updates))


def cosine(to: float = 0.1, warmup: int = 0) -> Schedule:
    """From one along half a cosine towards ``to`` (Loshchilov & Hutter, 2017, without restarts).

    Example:
        >>> [round(cosine(to=0.0)(update, 4), 3) for update in range(4)]
        [1.0, 0.854, 0.5, 0.146]
    """

    def factor(update: int, updates: int) -> float:
        return _warm(update, warmup) * (to + (1 - to) * 0.5 * (1 + math.cos(math.pi * update / max(1, updates))))

    return factor


def _warm(update: int, warmup: int) -> float:
    return min(1.0, (update + 1) / max(1, warmup))
