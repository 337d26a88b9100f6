"""Memory for one call, kept by the thread for its next one: fresh memory costs more than small kernels do."""

import threading

import torch
from torch import Tensor

__all__ = ["scratch"]

KEPT = 64 << 20  # bytes; what needs more is given back after the call


class _Kept(threading.local):
    size = 0
    address = 0
    memory = torch.empty(0, dtype=torch.uint8)


_kept = _Kept()


def scratch(size: int) -> tuple[int, Tensor]:
    """Return the address of ``size`` bytes, aligned to 64, and what must be held on to while they are used.

    The next call of the same thread gets the same memory.
    """
    if size > KEPT:
        memory = torch.empty(size, dtype=torch.uint8)
        return memory.data_ptr(), memory
    if size > _kept.size:
        _kept.size = min(KEPT, 2 * size)
        _kept.memory = torch.empty(_kept.size, dtype=torch.uint8)
        _kept.address = _kept.memory.data_ptr()
    return _kept.address, _kept.memory
