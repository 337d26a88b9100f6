"""The next value of a series with irregular times. Shared by study 15.35 and ``elman fit irregular``."""

from collections.abc import Callable

import torch
from torch import Tensor

from elman.cell import Cell
from elman.cells.lookup import cell_named
from elman.nn.irregular import DecayCell, NextValue

__all__ = ["differences", "make_next_value"]


def differences(model: NextValue, values: Tensor, gaps: Tensor, lengths: Tensor) -> Tensor:
    """Return predicted minus actual value of every step of every row but its first, ``[N]``.

    Args:
        model: predicts each value from those before it.
        values: ``[T, B]``.
        gaps: the time before each value, ``[T, B]``.
        lengths: steps of each row, ``[B]``.
    """
    there = torch.arange(1, len(values))[:, None] < lengths
    return (model(values, gaps, lengths) - values[1:])[there]


def make_next_value(cell: str, quantities: int, hidden_size: int) -> NextValue:
    """Build a network that predicts quantities at a given time after the last observation.

    Args:
        cell: name of a built-in cell, or ``"DecayCell"``. A state that flows (``"ODERNNCell"``, ``"DecayCell"``)
            follows the gap; another cell reads the gap as an input.
        quantities: number of quantities D. Of several, the network also reads which were measured.
        hidden_size: units of the cell.

    Raises:
        UnknownName: if the cell does not exist.

    Example:
        >>> make_next_value("GRUCell", 2, 4)(torch.zeros(5, 3, 4), torch.rand(5, 3)).shape
        torch.Size([4, 3, 2])
    """
    make: Callable[[int, int], Cell] = DecayCell if cell == "DecayCell" else cell_named(cell)
    features = 1 if quantities == 1 else 2 * quantities
    return NextValue(make(features + 1, hidden_size), features=features, quantities=quantities)
