"""The large products before and after the loop: all steps at once."""

from array import array
from itertools import pairwise

import torch
from torch import Tensor

from elman.engine.machine import shared_address, tile_for
from elman.engine.outer import panel_stride, strip_stride
from elman.engine.threads import spread, whole_teams

__all__ = ["linear", "product_over_rows"]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x weight^T + bias``, by whichever of PyTorch's libraries is faster."""
    onednn = torch.backends.mkldnn.enabled and torch.backends.mkldnn.is_available()
    if x.dtype == torch.float32 and onednn and whole_teams(torch.get_num_threads()):
        # oneDNN uses 512-bit vectors also on processors where MKL does not
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return torch.nn.functional.linear(x, weight, bias)


def product_over_rows(a: Tensor, b: Tensor) -> Tensor:
    """``a^T b`` for ``a`` ``[N, p]`` and ``b`` ``[N, q]``: ``[p, q]``."""
    (n, height), width = a.shape, b.shape[1]
    a, b = (t if t.stride(1) == 1 else t.contiguous() for t in (a, b))
    tile = tile_for(a.element_size() * 8)
    strips, panels = -(-height // tile.rows), -(-width // tile.columns)
    C = a.new_zeros(strips * tile.rows, panels * tile.columns)
    count = max(1, min(torch.get_num_threads(), strips, n * height * width // 200_000))
    edges = [strips * i // count for i in range(count + 1)]
    room = max(b - a for a, b in pairwise(edges)) * strip_stride(tile)
    scratch = a.new_empty(count, room + panels * panel_stride(tile))

    job = array("q", [a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), C.data_ptr(), C.stride(0)])
    job.extend((n, width, height, scratch.data_ptr(), room))
    ranges = [(first * tile.rows, last * tile.rows) for first, last in pairwise(edges)]
    spread(shared_address("outer", tile.lanes.bits), job, ranges)
    return C[:height, :width]
