"""Learning-rate schedules: the factor of the rate at each update."""

import math
from collections.abc import Callable

__all__ = ["Schedule", "constant", "cosine", "linear"]

Schedule = Callable[[int, int], float]  # updates done, updates in all -> factor


def constant(warmup: int = 0) -> Schedule:
    """Return a constant factor of 1, after a linear warm-up.

    Example:
        >>> [constant(warmup=2)(update, 4) for update in range(4)]
        [0.5, 1.0, 1.0, 1.0]
    """
    return lambda update, updates: _warm(update, warmup)


def linear(to: float = 0.1, warmup: int = 0) -> Schedule:
    """Return a factor that falls linearly from 1 to ``to``, which it would reach after the last update.

    Example:
        >>> [linear(to=0.0)(update, 4) for update in range(4)]
        [1.0, 0.75, 0.5, 0.25]
    """
    return lambda update, updates: _warm(update, warmup) * (1 - (1 - to) * update / max(1, updates))


def cosine(to: float = 0.1, warmup: int = 0) -> Schedule:
    """Return a factor that falls from 1 to ``to`` along half a cosine (Loshchilov & Hutter, 2017, no restarts).

    Example:
        >>> [round(cosine(to=0.0)(update, 4), 3) for update in range(4)]
        [1.0, 0.854, 0.5, 0.146]
    """

    def factor(update: int, updates: int) -> float:
        return _warm(update, warmup) * (to + (1 - to) * 0.5 * (1 + math.cos(math.pi * update / max(1, updates))))

    return factor


def _warm(update: int, warmup: int) -> float:
    return min(1.0, (update + 1) / max(1, warmup))
