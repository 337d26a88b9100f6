"""Classifiers: a cell reads, and a linear head decides, at the end or at every step."""

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
    """Many to one: the class of a whole sequence.

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
        """Map inputs ``[T, B, I]`` to logits ``[B, classes]``, read at each row's own last step."""
        _, final = unroll(self.cell, x, lengths=lengths)
        return self.head(final[0])


class StepClassifier(nn.Module):
    """Many to many, aligned: a class at every step.

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
    """Make one vector of a row's outputs, of its own steps alone.

    Args:
        outputs: ``[T, B, D]``.
        lengths: of the rows, each from 1 to T; None for all T.
        how: ``"mean"`` (the default), ``"max"`` or ``"last"``.
        bidirectional: whether the second half of D was read backwards, so that its last step is the row's first;
            default False.

    Returns:
        ``[B, D]``.

    Raises:
        ValueError: if a row is empty, so that there is nothing to decide on, or longer than T; for another ``how``.

    Example:
        >>> outputs = torch.tensor([[1.0], [5.0], [9.0]])[:, None]
        >>> [pooled(outputs, [2], how).item() for how in ("mean", "max", "last")]
        [3.0, 5.0, 5.0]
    """
    named("pooling", how, get_args(Pooling))
    steps, rows = outputs.shape[:2]
    ends = check_lengths(lengths, steps, rows).to(outputs.device)
    if not torch.compiler.is_exporting() and rows and int(ends.min()) < 1:
        raise ValueError("every row needs at least one step to decide on, got one of length 0")
    if how == "last":
        last = outputs[ends - 1, torch.arange(rows, device=outputs.device)]
        half = outputs.shape[-1] // 2
        return torch.cat([last[:, :half], outputs[0, :, half:]], -1) if bidirectional else last
    past = ~real_steps(lengths, steps, rows, outputs.device)[..., None]
    if how == "max":
        return outputs.masked_fill(past, -torch.inf).amax(0)
    return outputs.masked_fill(past, 0).sum(0) / ends[:, None]
