"""Memory for one call, which the thread reuses: allocating memory takes longer than a small kernel."""

import threading
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

__all__ = ["scratch"]

KEPT = 64 << 20  # bytes; a larger block is freed after the call
LINE = 64  # bytes of a cache line; every piece is aligned to it


class _Kept(threading.local):
    memory: Tensor | None = None


_kept = _Kept()


class scratch:  # noqa: N801 - used as a function
    """Provide memory within a ``with`` block, as the address of each piece.

    Within the block this memory is not available to other users in the thread: a signal handler, a finaliser or a
    callback of the garbage collector that runs a cell meanwhile gets other memory.

    Args:
        sizes: bytes of each piece.
    """

    __slots__ = ("memory", "sizes")

    def __init__(self, *sizes: int):
        self.sizes = sizes

    def __enter__(self) -> list[int]:
        starts = list(accumulate((-(-size // LINE) * LINE for size in self.sizes), initial=0))
        total = starts.pop()
        memory, _kept.memory = _kept.memory, None
        if memory is None or memory.numel() < total:
            memory = torch.empty(total if total > KEPT else min(KEPT, 2 * total), dtype=torch.uint8)
        self.memory = memory
        first = memory.data_ptr()
        return [first + start for start in starts]

    def __exit__(self, kind: Any, *_: Any) -> None:
        # after an exception another thread may still write to the memory
        if kind is None and self.memory.numel() <= KEPT:
            _kept.memory = self.memory
