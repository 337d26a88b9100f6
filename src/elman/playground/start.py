"""Describe how a cell's parameters start, so that JavaScript can draw them for any seed and input size.

A cell's class says how its parameters start only by doing it. So the class is built several times, and each
parameter is compared with the usual laws, block by block.
"""

import inspect
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isqrt, sqrt
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.tensors import tensors_of

__all__ = ["Piece", "starts"]

#: Rows of a parameter that start by one law, as plain data: ``kind`` and what it needs.
Piece = dict[str, Any]
TIMES = 6  # cells to build: a vector of 16 numbers then has 96 samples
BLOCKS = (1, 2, 3, 4, 5, 6, 8)


def starts(build: Callable[..., Cell]) -> dict[str, list[Piece]]:
    """Return the pieces of every parameter and buffer, by name.

    Args:
        build: a function that builds the cell; if it takes ``forget_bias``, the pieces that follow this argument
            have the kind ``forget``.

    Example:
        >>> from elman.cells import LSTMCell
        >>> found = starts(lambda forget_bias=1.0: LSTMCell(3, 8, forget_bias))
        >>> [(piece["kind"], piece["rows"]) for piece in found["bias"]]
        [('constant', 8), ('forget', 8), ('constant', 16)]
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cells = [build() for _ in range(TIMES)]
        drawn = [dict(tensors_of(cell)) for cell in cells]
        found = {name: _pieces([one[name].detach().float() for one in drawn], cells[0]) for name in drawn[0]}
        if "forget_bias" in inspect.signature(build).parameters:
            low, high = (dict(tensors_of(build(forget_bias=bias))) for bias in (-0.5, 0.5))
            for name, pieces in found.items():
                found[name] = _marked(pieces, low[name].detach(), high[name].detach())
    return found


def _marked(pieces: list[Piece], low: Tensor, high: Tensor) -> list[Piece]:
    """Split pieces so that those which follow the forget bias are apart."""
    if low.dim() == 0 or (follows := (low != high).flatten(1).any(1) if low.dim() > 1 else low != high).sum() == 0:
        return pieces
    marked, row = [], 0
    for piece in pieces:
        rows = piece["rows"]
        edges = [row, *(r for r in range(row + 1, row + rows) if follows[r] != follows[r - 1]), row + rows]
        for a, b in pairwise(edges):
            kind = "forget" if follows[a] and piece["kind"] == "constant" else piece["kind"]
            marked.append(piece | {"rows": b - a, "kind": kind})
        row += rows
    return marked


def _pieces(drawn: Sequence[Tensor], cell: Cell) -> list[Piece]:
    """Return the pieces of one parameter from several draws of it."""
    first = drawn[0]
    n = first.shape[0] if first.dim() else 1
    rows = [one.reshape(n, -1) for one in drawn]
    if all(torch.equal(one, first) for one in drawn) and (rows[0] == rows[0][:, :1]).all():
        return _runs(rows[0][:, 0].tolist())
    for blocks in BLOCKS:
        if n % blocks == 0 and first.dim() == 2 and all(map(_orthogonal, rows[0].chunk(blocks))):
            return [{"kind": "orthogonal", "rows": n // blocks} for _ in range(blocks)]
    return _random(torch.stack(rows), cell)


def _runs(column: list[float]) -> list[Piece]:
    pieces: list[Piece] = []
    for value in column:
        if pieces and pieces[-1]["value"] == value:
            pieces[-1]["rows"] += 1
        else:
            pieces.append({"kind": "constant", "value": value, "rows": 1})
    return pieces


def _orthogonal(block: Tensor) -> bool:
    short = block if block.shape[0] <= block.shape[1] else block.t()
    return torch.allclose(short @ short.t(), torch.eye(len(short)), atol=1e-4)


def _random(drawn: Tensor, cell: Cell) -> list[Piece]:
    """Return the law of random numbers ``[draws, n, k]``."""
    n, k = drawn.shape[1:]
    sizes = drawn.abs()
    if (sizes == sizes.flatten()[0]).all():
        return [{"kind": "signs", "scale": sizes.flatten()[0].item(), "rows": n}]
    low, high, spread = drawn.min().item(), drawn.max().item(), drawn.std().item()
    fan = sqrt(cell.input_size)
    if (high - low) / (2 * sqrt(3) * spread) > 1.15:  # a normal distribution has no edge
        wide = k == cell.input_size
        law = {"law": "input", "scale": spread * fan} if wide else {"scale": spread}
        return [{"kind": "normal", "mean": round(drawn.mean().item(), 3), "rows": n} | law]
    edge = max(-low, high)
    near = 0.02 + 0.5 / isqrt(drawn.numel())
    if low < 0 < high:
        for blocks in BLOCKS:
            bound = sqrt(6 / (n // blocks + k))
            for gain in (1.0, 0.1, sqrt(2), 5 / 3, 0.5):
                if n % blocks == 0 and k > 1 and (1 - near) * gain * bound < edge <= gain * bound * (1 + 1e-6):
                    piece = {"kind": "uniform", "law": "xavier", "scale": gain, "low": -1, "high": 1}
                    return [piece | {"rows": n // blocks} for _ in range(blocks)]
        if (1 - near) < edge * fan <= 1 + 1e-6:
            return [{"kind": "uniform", "law": "input", "low": -1, "high": 1, "rows": n}]
    ends = (_snapped(low, near, cell), _snapped(high, near, cell))
    return [{"kind": "uniform", "low": ends[0], "high": ends[1], "rows": n}]


def _snapped(value: float, near: float, cell: Cell) -> float:
    """Return the usual bound that a sample's extreme is close to, or the extreme itself."""
    for bound in (1.0, 1 / sqrt(cell.hidden_size), 0.1):
        if abs(abs(value) - bound) < near * bound:
            return bound if value > 0 else -bound
    return 0.0 if abs(value) < near else value
