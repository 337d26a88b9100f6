"""The plain loop over time, the reference for all faster engines."""

from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.symbols import Symbols, looked_up


def run(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False
) -> tuple[Tensor, Any]:
    """Run a cell over packed sequences, one step at a time.

    Rows are sorted by length, longest first, so the rows alive at step ``t`` are the first
    ``batch_sizes[t]``; a row that has ended, or in reverse has not begun, keeps its state unchanged.

    Args:
        cell: the cell.
        x: inputs of all real steps, ``[N, I]`` with ``N = sum(batch_sizes)``, step by step, or N symbols.
        batch_sizes: rows alive at each of the T steps, never increasing.
        state: the state of all B rows before the first step.
        reverse: walk from each row's last step to its first.

    Returns:
        The outputs ``[N, H]`` in the order of ``x``, and the state of all B rows after the last step.
    """
    return steps(cell, cell.drive(looked_up(x)), batch_sizes, state, reverse)


def steps(cell: Cell, drive: Any, batch_sizes: list[int], state: Any, reverse: bool = False) -> tuple[Tensor, Any]:
    """Do the same as :func:`run`, given the drive."""
    walk = list(zip(batch_sizes, _by_step(cell, drive, batch_sizes), strict=True))
    start, kind, alive = state, type(state), len(state[0])
    outputs: list[Tensor] = []
    ended: list[Any] = []
    for n, now in reversed(walk) if reverse else walk:
        if n < alive:
            ended.append(_rows(state, n, alive))
            state = kind(*_rows(state, 0, n))
        elif n > alive:
            state = kind(*_joined(state, _rows(start, alive, n)))
        alive = n
        state = cell.step(now, state)
        outputs.append(state[0])
    if not outputs:
        return start[0][:0], start
    if reverse:
        outputs.reverse()
        ended = [_rows(start, alive, len(start[0]))]
    if alive < len(start[0]):
        state = _joined(state, *reversed(ended))
    return torch.cat(outputs), kind(*state)


def check_drive(cell: Cell, drive: Any, rows: int) -> None:
    """Raise ValueError if a drive has not one row for each input."""
    for one in drive if isinstance(drive, tuple) else (drive,):
        if len(one) != rows:
            raise ValueError(
                f"drive of {type(cell).__name__} returned {list(one.shape)} for {rows} inputs: "
                f"drive maps [..., I] to [..., D], so return {rows} rows"
            )


def _by_step(cell: Cell, drive: Any, batch_sizes: list[int]) -> Any:
    check_drive(cell, drive, sum(batch_sizes))
    # split, because the gradient of each slice would be as large as the whole drive
    parts = [one.split(batch_sizes) for one in (drive if isinstance(drive, tuple) else (drive,))]
    return list(zip(*parts, strict=True)) if isinstance(drive, tuple) else parts[0]


def _rows(state: Any, first: int, last: int) -> list[Tensor]:
    return [field[first:last] for field in state]


def _joined(*states: Any) -> list[Tensor]:
    return [torch.cat(fields) for fields in zip(*states, strict=True)]
