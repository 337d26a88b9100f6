"""Dense memory, the large products before and after the loop, and packed matrices for products in the loop."""

from array import array
from itertools import pairwise

import torch
from torch import Tensor

from elman.engine.cpu.compile import is_wide_amd, shared_address, tile_for
from elman.engine.cpu.outer import panel_stride, strip_stride
from elman.engine.cpu.scratch import scratch
from elman.engine.cpu.threads import spread, whole_teams

__all__ = ["aligned", "dense", "linear", "pack", "product_over_rows", "round_up"]

ONEDNN_FROM = 700_000  # multiplications; below, oneDNN takes longer to set up than to compute
SHARE = 200_000  # multiplications, or numbers moved, that are worth one thread


def aligned(tensor: Tensor) -> Tensor:
    """Return the tensor, copied if its address is not a multiple of its element size."""
    return tensor.clone() if tensor.data_ptr() % tensor.element_size() else tensor


def dense(tensor: Tensor) -> Tensor:
    """Return the tensor, copied if it is not contiguous or not aligned."""
    return aligned(tensor.contiguous())


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x weight^T + bias``, by whichever of PyTorch's libraries is faster."""
    n = len(x)
    large = n * x.shape[1] * weight.shape[0] >= ONEDNN_FROM
    if not (large and x.dtype == torch.float32 and _onednn_is_faster()):
        return torch.nn.functional.linear(x, weight, bias)
    # oneDNN caches about half a megabyte per number of rows, so only few numbers of rows are used
    if missing := round_up(n) - n:
        x = torch.nn.functional.pad(x, (0, 0, 0, missing))
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")[:n]


def _onednn_is_faster() -> bool:
    # MKL uses 512-bit vectors only on Intel's processors; without such vectors, MKL is as fast as oneDNN
    return (
        is_wide_amd()
        and torch.backends.mkldnn.enabled
        and torch.backends.mkldnn.is_available()
        and whole_teams(torch.get_num_threads())
    )


def round_up(rows: int) -> int:
    """Return the least number not below ``rows`` whose binary form is five digits followed by zeros."""
    step = 1 << max(0, rows.bit_length() - 5)
    return -(-rows // step) * step


def pack(matrix: Tensor, address: int, held: object) -> None:
    """Copy a matrix ``[K, N]`` to panels ``[panels, K, columns]`` at an address, the last padded with zeros.

    ``held`` owns the memory at the address.
    """
    k, n = matrix.shape
    tile = tile_for(matrix.element_size() * 8)
    panels = -(-n // tile.columns)
    job = array("q", [matrix.data_ptr(), *matrix.stride(), k, n, address])
    spread(shared_address("pack", tile.lanes.bits), job, _shares(panels, k * n // SHARE), held)


def product_over_rows(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a^T b``, ``[p, q]``, for ``a`` ``[N, p]`` and ``b`` ``[N, q]``."""
    (n, height), width = a.shape, b.shape[1]
    a, b = (aligned(t if t.stride(1) == 1 else t.contiguous()) for t in (a, b))
    size = a.element_size()
    tile = tile_for(size * 8)
    strips, panels = -(-height // tile.rows), -(-width // tile.columns)
    C = a.new_empty(strips * tile.rows, panels * tile.columns)
    shares = _shares(strips, n * height * width // SHARE)
    room = max(last - first for first, last in shares) * strip_stride(tile)
    memory = scratch(len(shares) * (room + panels * panel_stride(tile)) * size)
    with memory as (at,):
        job = array("q", [a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), C.data_ptr(), C.stride(0)])
        job.extend((n, width, height, at, room))
        ranges = [(first * tile.rows, last * tile.rows) for first, last in shares]
        spread(shared_address("outer", tile.lanes.bits), job, ranges, (a, b, C, memory))
    return C if C.shape == (height, width) else C[:height, :width]


def _shares(parts: int, worth: int) -> list[tuple[int, int]]:
    """Cut ``parts`` items into ranges, one per thread, with enough work for each thread."""
    count = max(1, min(torch.get_num_threads(), parts, worth))
    return list(pairwise(parts * i // count for i in range(count + 1)))
