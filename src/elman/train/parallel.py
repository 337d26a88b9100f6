"""Data-parallel training: several processes train one model, each on its share of every batch.

``torchrun`` starts the processes, and :mod:`torch.distributed` sums tensors over them. Write the loss so that the
processes' shares add up to the loss of the whole batch::

    batch = batch[rows(len(batch))]            # this process's rows; all rows if there is one process
    loss = mean(nll(batch).sum(), len(batch))  # its share of the mean over all rows

A process that fails exits at once, without waiting for a sum that the others will not compute; ``torchrun`` then
ends the others.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

__all__ = ["LeftAlone", "add_up", "end_together", "gather", "launched", "mean", "processes", "rank", "rows", "start"]

PATIENCE = 10.0  # seconds that a failed process waits for the others to end the same work

_store: Store | None = None  # of torchrun; every process reads and writes it without waiting for another


def launched() -> bool:
    """Return whether ``torchrun`` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


class LeftAlone(RuntimeError):
    """This process failed in work that the other processes have not finished."""


@contextmanager
def start() -> Iterator[None]:
    """Join the process group of ``torchrun``, if there is one, and leave it at the end.

    The backend is NCCL if every process has a GPU, else gloo. After an exception the group is not left properly,
    because leaving waits for the other processes, and they may be waiting for a sum.
    """
    global _store
    if not launched() or dist.is_initialized():
        yield
        return
    store, number, count = next(iter(rendezvous("env://")))
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=number, world_size=count)
    _store = PrefixStore("elman", store)
    yield
    _store = None
    dist.destroy_process_group()


def end_together(work: str, failure: str | None = None) -> None:
    """Synchronise the processes at the end of a piece of work that all of them do.

    Args:
        work: name of the work; the same in every process and never used before.
        failure: why this process failed, if it did. The process then waits ten seconds for the others: if all fail
            alike, as at a loss that is not finite, they do the next piece of work together.

    Raises:
        LeftAlone: if this process failed and another one is still at work after ten seconds.
    """
    if _store is None:
        return
    _store.add(work, 1)
    deadline = time.monotonic() + PATIENCE
    while failure is not None and _store.add(work, 0) < processes():
        if time.monotonic() > deadline:
            raise LeftAlone(f"process {rank()} of {processes()} failed, so the others cannot continue: {failure}")
        time.sleep(0.1)


def processes() -> int:
    """Return the number of processes that train together; 1 if this one is alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the rank of this process, from 0."""
    return dist.get_rank() if processes() > 1 else 0


def rows(size: int) -> slice:
    """Return this process's rows of a batch of ``size``.

    Example:
        >>> list(range(5))[rows(5)]  # alone
        [0, 1, 2, 3, 4]
    """
    return slice(rank(), size, processes())


def mean(total: Tensor, count: int | Tensor) -> Tensor:
    """Return this process's share of a mean: its own sum divided by the count over all processes.

    Args:
        total: sum over this process's rows, a scalar.
        count: number of terms in ``total``, in **this** process.
    """
    whole = torch.as_tensor(count, dtype=total.dtype, device=total.device).clone()
    if processes() > 1:
        dist.all_reduce(whole)
    return total / whole.clamp_min(1)


def add_up(tensors: Iterable[Tensor]) -> None:
    """Replace tensors in place by their sums over all processes, in one message."""
    if processes() == 1:
        return
    several = list(tensors)
    flat = torch.cat([tensor.flatten() for tensor in several])
    dist.all_reduce(flat)
    for tensor, part in zip(several, flat.split([tensor.numel() for tensor in several]), strict=True):
        tensor.copy_(part.view_as(tensor))


def gather(mine: Any) -> list[Any]:
    """Return every process's object in the order of ranks; in processes other than the first, an empty list."""
    if processes() == 1:
        return [mine]
    every: list[Any] | None = [None] * processes() if rank() == 0 else None
    dist.gather_object(mine, every)
    return every or []
