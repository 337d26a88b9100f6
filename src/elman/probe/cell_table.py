"""A table of cells: paper, parameters, matrix products per step, the engine that runs the cell, speed."""

import inspect
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from elman.cell import Cell
from elman.engine import unroll
from elman.engine.planning.lower import KNOWN, lower
from elman.engine.planning.plan import plan
from elman.engine.tracing.trace import record
from elman.engine.unsupported import Unsupported

__all__ = ["CellRow", "describe", "make_cell", "relative_times"]


@dataclass(frozen=True)
class CellRow:
    """One cell at given sizes."""

    name: str
    year: int | None
    paper: str
    parameters: int
    products: int | None  # matrix products within a step; None if the engine cannot count them
    engine: str  # "native", or "loop"
    why: str = ""  # why the engine is the loop
    family: str = ""  # one of elman.cells.lookup.FAMILIES; empty for a cell of one's own
    linear_in_state: bool = False


def make_cell(kind: type[Cell], input_size: int, hidden_size: int) -> Cell:
    """Build a cell of these sizes; a cell that projects its output projects to half the hidden size.

    Example:
        >>> from elman.cells import ProjectedLSTMCell
        >>> make_cell(ProjectedLSTMCell, 3, 8).output_size
        4
    """
    needed = [
        p.name
        for p in inspect.signature(kind).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    further = {"proj_size": max(1, hidden_size // 2)} if "proj_size" in needed else {}
    return kind(input_size, hidden_size, **further)


def describe(name: str, cell: Cell) -> CellRow:
    """Return the row of a cell; it is traced and planned, but not compiled.

    Example:
        >>> from elman.cells import MGUCell
        >>> row = describe("MGUCell", MGUCell(128, 256))
        >>> row.year, row.parameters, row.products, row.engine
        (2016, 197120, 2, 'native')
    """
    products, engine, why = None, "native", ""
    try:
        with torch.random.fork_rng(devices=[]):
            program = plan(lower(record(cell, torch.float32, KNOWN))).inference
        products = sum(len(level.products) for level in program.levels)
    except Exception as error:  # whatever the engine raises, the loop runs the cell
        engine, why = "loop", str(error) if isinstance(error, Unsupported) else f"{type(error).__name__}: {error}"
    return CellRow(
        name,
        cell.year,
        cell.paper,
        sum(p.numel() for p in cell.parameters()),
        products,
        engine,
        why.partition("\n")[0],
        cell.family,
        cell.linear_in_state,
    )


def relative_times(
    cells: dict[str, Cell],
    *,
    batch_size: int = 32,
    steps: int = 50,
    turns: int = 5,
    each: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Time a training step of each cell against ``torch.nn.LSTM`` of the same sizes, in alternation.

    Args:
        cells: cells by name.
        batch_size: B; default 32.
        steps: T; default 50.
        turns: blocks of runs of each side, whose medians are compared; default 5.
        each: called with the name of each cell before its turn.

    Returns:
        Time relative to the LSTM's, by name: below 1 is faster.
    """
    found = {}
    for name, cell in cells.items():
        if each is not None:
            each(name)
        lstm, x = nn.LSTM(cell.input_size, cell.hidden_size), torch.randn(steps, batch_size, cell.input_size)
        ways = [_training(lambda c=cell, x=x: unroll(c, x)[0], cell), _training(lambda n=lstm, x=x: n(x)[0], lstm)]
        ours, theirs = ([] for _ in ways)
        for _ in range(turns):
            for way, taken in zip(ways, (ours, theirs), strict=True):
                way()
                for _ in range(3):
                    start = time.perf_counter()
                    way()
                    taken.append(time.perf_counter() - start)
        found[name] = statistics.median(ours) / statistics.median(theirs)
    return found


def _training(outputs: Callable[[], Any], model: nn.Module) -> Callable[[], None]:
    def step() -> None:
        outputs().sum().backward()
        model.zero_grad()

    return step
