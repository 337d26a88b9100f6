"""Heads of a matrix memory: equal parts of a hidden vector."""

from typing import NamedTuple

from torch import Tensor

from elman.errors import check_positive

__all__ = ["MatrixState", "empty_memory", "head_size", "in_heads"]


def head_size(hidden_size: int, heads: int) -> int:
    """Return the width of one head.

    Args:
        hidden_size: features H of the hidden state.
        heads: number of heads.

    Raises:
        ValueError: if a size is not a positive integer, or the heads do not divide the hidden state equally.

    Example:
        >>> head_size(12, 3)
        4
    """
    check_positive(hidden_size=hidden_size, heads=heads)
    if hidden_size % heads:
        raise ValueError(f"heads must divide hidden_size, got {heads} heads for hidden_size {hidden_size}")
    return hidden_size // heads


def in_heads(rows: Tensor, heads: int) -> Tensor:
    """Split ``[..., H]`` into ``[..., heads, H / heads]``."""
    return rows.unflatten(-1, (heads, rows.shape[-1] // heads))


class MatrixState(NamedTuple):
    """The state of a cell with a matrix memory."""

    h: Tensor  # [B, H], the output
    S: Tensor  # [B, heads, d, d], the memory: keys by values


def empty_memory(like: Tensor, batch_size: int, heads: int, d: int) -> MatrixState:
    """Return the state before the first step: both fields zero."""
    return MatrixState(like.new_zeros(batch_size, heads * d), like.new_zeros(batch_size, heads, d, d))
