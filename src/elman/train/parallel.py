"""One model trained by several processes at once, each with its share of every batch.

``torchrun`` starts the processes and :mod:`torch.distributed` carries the sums between them. A loss is written so
that the processes' shares add up to the loss of the whole batch::

    batch = batch[rows(len(batch))]            # this process's rows; all of them where it is alone
    loss = mean(nll(batch).sum(), len(batch))  # its share of the mean over all rows
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

__all__ = ["add_up", "gather", "launched", "mean", "processes", "rank", "rows", "start"]


def launched() -> bool:
    """Whether ``torchrun`` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def start() -> Iterator[None]:
    """Join the other processes of ``torchrun``, if there are any, and part from them at the end.

    NCCL where every process has a GPU, gloo elsewhere.
    """
    if not launched() or dist.is_initialized():
        yield
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def processes() -> int:
    """Processes that train together; 1 where this one is alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this process among them, from 0."""
    return dist.get_rank() if processes() > 1 else 0


def rows(size: int) -> slice:
    """This process's rows of a batch of ``size``.

    Example:
        >>> list(range(5))[rows(5)]  # alone
        [0, 1, 2, 3, 4]
    """
    return slice(rank(), size, processes())


def mean(total: Tensor, count: int | Tensor) -> Tensor:
    """This process's share of a mean: its own sum over what all of them have counted together.

    Args:
        total: sum over this process's rows, a scalar.
        count: what it is a sum of, in **this** process.
    """
    whole = torch.as_tensor(count, dtype=total.dtype, device=total.device).clone()
    if processes() > 1:
        dist.all_reduce(whole)
    return total / whole.clamp_min(1)


def add_up(tensors: Iterable[Tensor]) -> None:
    """Replace tensors by their sums over all processes, in one message."""
    if processes() == 1:
        return
    several = list(tensors)
    flat = torch.cat([tensor.flatten() for tensor in several])
    dist.all_reduce(flat)
    for tensor, part in zip(several, flat.split([tensor.numel() for tensor in several]), strict=True):
        tensor.copy_(part.view_as(tensor))


def gather(mine: Any) -> list[Any]:
    """Return what every process has handed in, in the order of their numbers; empty but in the first of them."""
    if processes() == 1:
        return [mine]
    every: list[Any] | None = [None] * processes() if rank() == 0 else None
    dist.gather_object(mine, every)
    return every or []
