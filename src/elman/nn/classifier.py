"""Classifiers: a cell with a linear head, at the last step or at every step."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from elman.cell import Cell
from elman.engine import unroll
from elman.engine.ragged import check_lengths, real_steps
from elman.errors import named

__all__ = ["Pooling", "SequenceClassifier", "StepClassifier", "pooled"]

Pooling = Literal["last", "mean", "max"]


class SequenceClassifier(nn.Module):
    """Classify a whole sequence (many to one).

    Args:
        cell: any cell.
        classes: number of classes.

    Example:
        >>> import torch
        >>> from elman.cells import GRUCell
        >>> model = SequenceClassifier(GRUCell(3, 8), classes=4)
        >>> model(torch.randn(6, 2, 3), lengths=[6, 4]).shape
        torch.Size([2, 4])
    """

    def __init__(self, cell: Cell, classes: int):
        super().__init__()
        self.cell = cell
        self.head = nn.Linear(cell.output_size, classes)

    def forward(self, x: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """Map inputs ``[T, B, I]`` to logits ``[B, classes]``, computed at each row's own last step."""
        _, final = unroll(self.cell, x, lengths=lengths)
        return self.head(final[0])


class StepClassifier(nn.Module):
    """Classify every step of a sequence (aligned many to many).

    Args:
        cell: any cell.
        classes: number of classes.

    Example:
        >>> import torch
        >>> from elman.cells import GRUCell
        >>> StepClassifier(GRUCell(3, 8), classes=4)(torch.randn(6, 2, 3)).shape
        torch.Size([6, 2, 4])
    """

    def __init__(self, cell: Cell, classes: int):
        super().__init__()
        self.cell = cell
        self.head = nn.Linear(cell.output_size, classes)

    def forward(self, x: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """Map inputs ``[T, B, I]`` to logits ``[T, B, classes]``."""
        return self.head(unroll(self.cell, x, lengths=lengths)[0])


def pooled(
    outputs: Tensor, lengths: Tensor | Sequence[int] | None, how: Pooling = "mean", bidirectional: bool = False
) -> Tensor:
    """Pool each row's outputs over its real steps.

    Args:
        outputs: ``[T, B, D]``.
        lengths: real steps of each row, from 1 to T; None means all T.
        how: ``"mean"`` (the default), ``"max"`` or ``"last"``.
        bidirectional: whether the second half of D comes from a backward layer, whose last step is the row's first;
            default False.

    Returns:
        ``[B, D]``.

    Raises:
        ValueError: if a row has length 0 or is longer than T, or ``how`` is unknown.

    Example:
        >>> outputs = torch.tensor([[1.0], [5.0], [9.0]])[:, None]
        >>> [pooled(outputs, [2], how).item() for how in ("mean", "max", "last")]
        [3.0, 5.0, 5.0]
    """
    named("pooling", how, get_args(Pooling))
    steps, rows = outputs.shape[:2]
    ends = check_lengths(lengths, steps, rows).to(outputs.device)
    if not torch.compiler.is_exporting() and rows and int(ends.min()) < 1:
        raise ValueError("every row needs at least one step, got a row of length 0")
    if how == "last":
        last = outputs[ends - 1, torch.arange(rows, device=outputs.device)]
        half = outputs.shape[-1] // 2
        return torch.cat([last[:, :half], outputs[0, :, half:]], -1) if bidirectional else last
    past = ~real_steps(lengths, steps, rows, outputs.device)[..., None]
    if how == "max":
        return outputs.masked_fill(past, -torch.inf).amax(0)
    return outputs.masked_fill(past, 0).sum(0) / ends[:, None]
