"""Classifiers: a cell reads, and a linear head decides, at the end or at every step."""

from collections.abc import Sequence

from torch import Tensor, nn

from elman.cell import Cell
from elman.engine import unroll


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
