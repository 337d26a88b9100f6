"""Compile the cells of a page at each size that the page offers."""

import base64
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from elman.cell import Cell
from elman.cells.gap_cell import GapCell
from elman.engine import web
from elman.playground.start import starts
from elman.probe.cell_table import make_cell

__all__ = ["SIZES", "Entry", "entry", "entry_of"]

SIZES = (16, 32, 64)
FIXED = 16  # input size of a cell that cannot leave its own open
#: What the page knows of one cell, as plain data.
Entry = dict[str, Any]


def entry(name: str, kind: type[Cell], sizes: Iterable[int] = SIZES) -> Entry:
    """Return a cell's entry.

    Args:
        name: the name shown.
        kind: the cell's class.
        sizes: hidden sizes, each a module of its own.

    Raises:
        ValueError: if the cell cannot run in a page; gives the reason.
    """
    return _entry(name, {size: _builder(kind, size) for size in sizes}, kind)


def entry_of(cell: Cell) -> Entry:
    """Return the entry of one cell at its own size; its parameters start in the page as its class starts them.

    Raises:
        ValueError: if the cell cannot run in a page; gives the reason.
    """
    kind = type(cell)
    return _entry(kind.__name__, {cell.hidden_size: _builder(kind, cell.hidden_size)}, kind)


def _builder(kind: type[Cell], size: int) -> Callable[..., Cell]:
    takes = "forget_bias" in inspect.signature(kind).parameters

    def build(input_size: int, **more: Any) -> Cell:
        if _reads_gap(kind):
            return kind(input_size, size, **more)
        return kind(input_size, size, **more) if more else make_cell(kind, input_size, size)

    def forgetful(input_size: int = web.ANY, forget_bias: float | None = None) -> Cell:
        return build(input_size) if forget_bias is None else build(input_size, forget_bias=forget_bias)

    def plain(input_size: int = web.ANY) -> Cell:
        return build(input_size)

    return forgetful if takes else plain


def _reads_gap(kind: type[Cell]) -> bool:
    make: Any = kind
    return issubclass(kind, GapCell) and make(2, 1).time_gap


def _entry(name: str, builders: dict[int, Callable[..., Cell]], kind: type[Cell]) -> Entry:
    modules: list[dict[str, Any]] = []
    for size, build in builders.items():
        input_size: int = web.ANY
        cell = build(input_size)
        module = web.compile(cell, any_input=True)
        if any(width in (web.ANY, web.ANY - 1) for width in module.manifest["drives"]):
            # the kernels themselves read the input, so its size is part of them
            input_size = FIXED
            module = web.compile(build(input_size))
        modules.append({
            "size": size,
            "bytes": base64.b64encode(module.bytes).decode(),
            "manifest": module.manifest,
            "start": starts(_at(build, input_size)),
        })  # fmt: skip
    return {
        "name": name,
        "year": kind.year,
        "paper": kind.paper,
        "gap": _reads_gap(kind),
        "forget": any(p["kind"] == "forget" for pieces in modules[0]["start"].values() for p in pieces),
        "sizes": modules,
    }


def _at(build: Callable[..., Cell], input_size: int) -> Callable[..., Cell]:
    """Return a function that builds the cell for an input size, and takes ``forget_bias`` if the cell does."""
    if "forget_bias" in inspect.signature(build).parameters:
        return lambda forget_bias=None: build(input_size, forget_bias)
    return lambda: build(input_size)
