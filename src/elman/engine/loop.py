"""The plain loop over time: the specification that every faster engine is held to."""

from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell, part_of
from elman.engine.symbols import Symbols, looked_up


def run(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False
) -> tuple[Tensor, Any]:
    """Run a cell over packed sequences, one step at a time.

    Rows are sorted by length, longest first, so the rows alive at step ``t`` are the first
    ``batch_sizes[t]``; a row that has ended, or in reverse has not begun, keeps its state untouched.

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
    """:func:`run`, from a drive that is there already."""
    starts = [0]
    for n in batch_sizes:
        starts.append(starts[-1] + n)
    for one in drive if isinstance(drive, tuple) else (drive,):
        if len(one) != starts[-1]:
            raise ValueError(
                f"drive of {type(cell).__name__} returned {list(one.shape)} for {starts[-1]} inputs: "
                f"drive maps [..., I] to [..., D], so return {starts[-1]} rows"
            )
    outputs: list[Tensor] = [state[0][:0]] * len(batch_sizes)
    for t in reversed(range(len(batch_sizes))) if reverse else range(len(batch_sizes)):
        n = batch_sizes[t]
        now = slice(starts[t], starts[t + 1])
        alive = cell.step(part_of(drive, now), type(state)(*(field[:n] for field in state)))
        outputs[t] = alive[0]
        state = type(state)(*(torch.cat([new, old[n:]]) for new, old in zip(alive, state, strict=True)))
    return (torch.cat(outputs) if outputs else state[0][:0]), state
