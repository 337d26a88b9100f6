"""The engine for export: a scan over one step, with a dynamic number of steps.

``torch.export`` unrolls a Python loop to the example's number of steps. ``scan`` exports one step and keeps the
length dynamic, so that an exported program, and an ONNX model built from it, take any length and batch size.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.symbols import Symbols, looked_up

__all__ = ["Alive", "run"]


@dataclass(frozen=True)
class Alive:
    """The length of each row, in sizes that are symbolic during export.

    Args:
        steps: T.
        batch: B.
        lengths: ``[B]``, or None if every row has T steps.
    """

    steps: int
    batch: int
    lengths: Tensor | None = None

    def masked(self, x: Tensor) -> Tensor:
        """Return ``[T, B, ...]`` with zeros past each row's end."""
        if self.lengths is None:
            return x
        real = torch.arange(self.steps, device=x.device)[:, None] < self.lengths.to(x.device)
        return torch.where(_beside(real, x), x, torch.zeros_like(x))


def run(cell: Cell, x: Tensor | Symbols, alive: Alive, state: Any, reverse: bool = False) -> tuple[Tensor, Any]:
    """Run a cell over padded rows: a row that has ended keeps its state and outputs zeros.

    Args:
        cell: the cell.
        x: inputs of all steps, ``[T, B, I]``, or symbols ``[T, B]``.
        alive: the rows' lengths.
        state: the state of all B rows before the first step.
        reverse: walk from each row's last step to its first.

    Returns:
        The outputs ``[T, B, H]``, and the state after each row's last step.
    """
    from torch._higher_order_ops.scan import scan  # pyright: ignore[reportPrivateImportUsage]

    drive = cell.drive(looked_up(x))
    drives = drive if isinstance(drive, tuple) else (drive,)
    fields = tuple(field.expand(alive.batch, *field.shape[1:]).clone() for field in state)
    lasting = torch.full((alive.batch,), alive.steps, device=x.device) if alive.lengths is None else alive.lengths
    going = torch.arange(alive.steps, device=x.device)[:, None] < lasting.to(x.device)

    def step(before: tuple[Tensor, ...], now: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
        *drive_t, here = now
        after = cell.step(tuple(drive_t) if isinstance(drive, tuple) else drive_t[0], type(state)(*before))
        kept = tuple(torch.where(_beside(here, new), new, old) for new, old in zip(after, before, strict=True))
        return kept, torch.where(_beside(here, after[0]), after[0], torch.zeros_like(after[0]))

    if reverse:
        drives, going = tuple(one.flip(0) for one in drives), going.flip(0)
    if not torch.compiler.is_dynamo_compiling():
        torch.compiler.reset()  # its cache confuses the steps of cells with different parameters
    final, outputs = scan(step, fields, (*drives, going))
    return outputs.flip(0) if reverse else outputs, type(state)(*final)


def _beside(rows: Tensor, x: Tensor) -> Tensor:
    """Return ``rows`` with dimensions of size 1 appended, so that it broadcasts along the rows of ``x``."""
    return rows.reshape(*rows.shape, *[1] * (x.dim() - rows.dim()))
