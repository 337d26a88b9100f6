"""Scheduled sampling: how often a decoder in training reads the true previous token instead of its own.

Bengio, Vinyals, Jaitly & Shazeer, "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks"
(NeurIPS 2015), section 2.4. A schedule maps the number i of updates (or epochs) done to the probability of the
true token.
"""

import math
from collections.abc import Callable

__all__ = ["Schedule", "always", "exponential", "inverse_sigmoid", "linear"]

Schedule = Callable[[int], float]


def always(i: int) -> float:
    """Teacher forcing: the true token every time."""
    return 1.0


def linear(slope: float, floor: float = 0.0) -> Schedule:
    r""":math:`\max(\epsilon, 1 - c i)`.

    Args:
        slope: c, positive.
        floor: :math:`\epsilon`, from 0 to 1; default 0.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> [linear(0.25)(i) for i in (0, 2, 9)]
        [1.0, 0.5, 0.0]
    """
    _check("slope", slope, 0 < slope < math.inf, "positive")
    _check("floor", floor, 0 <= floor <= 1, "from 0 to 1")
    return lambda i: max(floor, 1 - slope * i)


def exponential(k: float) -> Schedule:
    r""":math:`k^i`, with k between 0 and 1.

    Raises:
        ValueError: if k is out of range.

    Example:
        >>> [exponential(0.5)(i) for i in (0, 1, 3)]
        [1.0, 0.5, 0.125]
    """
    _check("k", k, 0 < k < 1, "between 0 and 1")
    return lambda i: k**i


def inverse_sigmoid(k: float) -> Schedule:
    r""":math:`k / (k + \exp(i / k))`, with k of at least 1.

    Raises:
        ValueError: if k is out of range.

    Example:
        >>> [round(inverse_sigmoid(10)(i), 3) for i in (0, 23, 10**6)]
        [0.909, 0.501, 0.0]
    """
    _check("k", k, 1 <= k < math.inf, "at least 1")
    return lambda i: 1 / (1 + math.exp(min(i / k - math.log(k), 700)))


def _check(name: str, value: float, good: bool, expected: str) -> None:
    if not good:
        raise ValueError(f"{name} must be {expected}, got {value}")
