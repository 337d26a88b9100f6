"""Ragged batches: rows sorted by length and packed step by step, so that padding is never touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.engine.scan import Alive

__all__ = ["Ragged", "check_batch_sizes", "check_lengths", "real_steps"]


def check_lengths(lengths: Tensor | Sequence[int] | None, steps: int, batch: int) -> Tensor:
    """Check ``lengths`` and return them as a tensor on the CPU; unchecked while a model is exported.

    Args:
        lengths: B integers from 0 to T, on any device; None means all T.
        steps: T.
        batch: B.

    Returns:
        ``[B]``, int64.

    Raises:
        ValueError: if their number, type or range does not fit.

    Example:
        >>> check_lengths([2, 0], 3, 2), check_lengths(None, 3, 2)
        (tensor([2, 0]), tensor([3, 3]))
    """
    if lengths is None:
        return torch.full((batch,), steps)
    if torch.compiler.is_exporting():
        return torch.as_tensor(lengths)
    lengths = torch.as_tensor(lengths if len(lengths) else torch.empty(0, dtype=torch.int64))
    if lengths.shape != (batch,) or lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise ValueError(
            f"lengths must be {batch} integers, one per row of the batch, "
            f"got shape {list(lengths.shape)} of {lengths.dtype}"
        )
    lengths = lengths.to("cpu", torch.int64)
    if batch and not (int(lengths.min()) >= 0 and int(lengths.max()) <= steps):
        raise ValueError(
            f"lengths must lie between 0 and the {steps} steps of x, got {int(lengths.min())} to {int(lengths.max())}"
        )
    return lengths


def real_steps(lengths: Tensor | Sequence[int] | None, steps: int, batch: int, device: Any) -> Tensor:
    """Return a mask ``[T, B]`` of real steps; see :func:`check_lengths`.

    Example:
        >>> real_steps([2, 0], 3, 2, "cpu").tolist()
        [[True, False], [True, False], [False, False]]
    """
    return torch.arange(steps, device=device)[:, None] < check_lengths(lengths, steps, batch).to(device)


def check_batch_sizes(batch_sizes: Tensor, rows: int) -> list[int]:
    """Check the ``batch_sizes`` of a PackedSequence and return them as a list.

    Args:
        batch_sizes: rows alive at each step, ``[T]``.
        rows: number of rows of the packed data.

    Raises:
        RuntimeError: as in ``torch.nn``, if they are not positive integers that never increase, or do not sum to
            ``rows``.

    Example:
        >>> check_batch_sizes(torch.tensor([2, 1]), 3)
        [2, 1]
    """
    sizes = batch_sizes.tolist() if batch_sizes.dim() == 1 and not batch_sizes.is_floating_point() else []
    if not sizes or sizes != sorted(sizes, reverse=True) or sizes[-1] < 1 or sum(sizes) != rows:
        raise RuntimeError(
            f"batch_sizes must be positive integers that never increase and sum to the {rows} rows of data, "
            f"got {sizes[:20] or batch_sizes}{' ...' if len(sizes) > 20 else ''}, which sum to {sum(sizes)}: "
            "pack with torch.nn.utils.rnn.pack_padded_sequence"
        )
    return sizes


@dataclass(frozen=True)
class Ragged:
    """The real steps of a ``[T, B]`` grid, and how to pack them in the order of torch's PackedSequence.

    For a full batch, ``order`` and ``where`` are None and packing is a view.
    """

    steps: int
    batch: int
    batch_sizes: Any  # rows alive at each step, never increasing; an Alive while the model is exported
    order: Tensor | None = None  # [B], rows by length, longest first
    where: Tensor | None = None  # [N], index of each packed row in the flattened [T * B] grid

    @classmethod
    def from_lengths(cls, lengths: Tensor | Sequence[int] | None, steps: int, batch: int, device: Any) -> "Ragged":
        """Build from ``lengths``: B integers from 0 to T, in any order, on any device; None means all T."""
        if torch.compiler.is_exporting():
            return cls(steps, batch, Alive(steps, batch, None if lengths is None else torch.as_tensor(lengths)))
        if lengths is None:
            return cls(steps, batch, [batch] * steps)
        lengths = check_lengths(lengths, steps, batch)
        if bool((lengths == steps).all()):
            return cls(steps, batch, [batch] * steps)
        lengths, order = lengths.sort(descending=True, stable=True)
        alive = torch.arange(steps)[:, None] < lengths
        where = (torch.arange(steps)[:, None] * batch + order)[alive]
        batch_sizes = alive.sum(1)
        return cls(steps, batch, batch_sizes.tolist(), order.to(device), where.to(device))

    def pack(self, x: Tensor) -> Tensor:
        """Pack ``[T, B, ...]`` to ``[N, ...]``; unchanged while a model is exported."""
        if isinstance(self.batch_sizes, Alive):
            return x
        flat = x.reshape(self.steps * self.batch, *x.shape[2:])
        return flat if self.where is None else flat.index_select(0, self.where)

    def unpack(self, packed: Tensor) -> Tensor:
        """Unpack ``[N, ...]`` to ``[T, B, ...]``, zero in the padding."""
        if isinstance(self.batch_sizes, Alive):
            return self.batch_sizes.masked(packed)
        shape = (self.steps, self.batch, *packed.shape[1:])
        if self.where is None:
            return packed.reshape(shape)
        flat = packed.new_zeros(self.steps * self.batch, *packed.shape[1:])
        return flat.index_add_(0, self.where, packed).reshape(shape)

    def sort(self, state: Any) -> Any:
        """Put the rows of every state field in packed order."""
        if self.order is None:
            return state
        return type(state)(*(field.index_select(0, self.order) for field in state))

    def unsort(self, state: Any) -> Any:
        """Put the rows of every state field back in the caller's order."""
        if self.order is None:
            return state
        back = self.order.argsort()
        return type(state)(*(field.index_select(0, back) for field in state))
