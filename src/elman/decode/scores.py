"""The score of a hypothesis: log-probability divided by a length penalty, plus a coverage penalty."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["coverage_penalty", "divisors", "power", "wu"]


def wu(alpha: float) -> Callable[[int], float]:
    r"""The length penalty :math:`((5 + n) / 6)^\alpha` (Wu et al., 2016, equation 14).

    Args:
        alpha: 0 ranks by log-probability, above 0 favours long sequences.

    Returns:
        The divisor of the log-probability of a sequence of n tokens, the end token included.

    Example:
        >>> wu(1.0)(7)
        2.0
    """
    return lambda n: ((5 + n) / 6) ** alpha


def power(alpha: float) -> Callable[[int], float]:
    r"""The length penalty :math:`n^\alpha` of ``transformers``; at 1 the score is the mean log-probability per token.

    Example:
        >>> power(1.0)(7)
        7.0
    """
    return lambda n: float(n) ** alpha


def divisors(length_penalty: float | Callable[[int], float], max_length: int) -> tuple[list[float], list[float]]:
    """Tabulate a length penalty.

    Returns:
        Two lists of ``max_length + 1`` numbers: the divisor at each length n, and the greatest divisor of any
        length above n, which the stopping rule needs. (Length 0 has the divisor of length 1.)

    Raises:
        ValueError: if a divisor is not a positive number.

    Example:
        >>> divisors(power(1.0), 3)
        ([1.0, 1.0, 2.0, 3.0], [3.0, 3.0, 3.0, 3.0])
    """
    penalty = length_penalty if callable(length_penalty) else wu(length_penalty)
    table = [penalty(max(n, 1)) for n in range(max_length + 1)]
    for n, divisor in enumerate(table):
        if not (math.isfinite(divisor) and divisor > 0):
            raise ValueError(
                f"length_penalty must be finite, or return a positive number at each length, got {divisor} at {n}"
            )
    greatest = table[:]
    for n in range(max_length - 1, -1, -1):
        greatest[n] = max(table[n + 1], greatest[n + 1])
    return table, greatest


def coverage_penalty(attention: Tensor, beta: float, mask: Tensor | None = None) -> Tensor:
    r"""Penalize a hypothesis for source positions without attention (Wu et al., 2016, equation 14).

    :math:`\beta \sum_i \log \min(\sum_j p_{ij}, 1)`, 0 if every position received a total attention of at least 1.
    Keep the attention in the search's state: ``penalty=lambda state: coverage_penalty(state.attention, 0.2)``.

    Args:
        attention: the attention each source position has received so far, ``[B, S]``.
        beta: weight, not negative.
        mask: True at real positions, ``[B, S]``; default all are.

    Returns:
        The penalties, ``[B]``, never above 0.

    Raises:
        ValueError: if beta is negative.

    Example:
        >>> coverage_penalty(torch.tensor([[1.0, 2.0], [0.5, 1.5]]), beta=1.0)
        tensor([ 0.0000, -0.6931])
    """
    if not beta >= 0:
        raise ValueError(f"beta must not be negative, got {beta}")
    lacking = attention.clamp(min=torch.finfo(attention.dtype).tiny, max=1).log()
    return beta * (lacking if mask is None else lacking.masked_fill(~mask, 0)).sum(-1)
