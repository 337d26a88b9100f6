"""The vanilla recurrent network (Elman, "Finding Structure in Time", Cognitive Science 14, 1990)."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State

Nonlinearity = Literal["tanh", "relu"]


class RNNCell(Cell):
    r"""Elman's simple recurrent cell (1990), which feeds back its hidden layer.

    .. math:: h_t = \phi(W x_t + R h_{t-1} + b)

    Jordan's network (1986), :class:`~elman.cells.JordanCell`, feeds back its output instead. ``W`` and ``R`` start
    Xavier-uniform, ``b`` at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.
        nonlinearity: :math:`\phi`, ``"tanh"`` (the default) or ``"relu"``.

    Raises:
        ValueError: if ``nonlinearity`` is neither.

    Example:
        >>> cell = RNNCell(100, 256)
        >>> sum(p.numel() for p in cell.parameters())
        91392
    """

    year = 1990
    paper = "Elman, Finding Structure in Time"
    family = "simple"

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: Nonlinearity = "tanh"):
        super().__init__(input_size, hidden_size)
        if nonlinearity not in get_args(Nonlinearity):
            raise ValueError(f"nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
        self.nonlinearity = nonlinearity
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)
        nn.init.xavier_uniform_(self.weight_hh)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equation above."""
        phi = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        return State(phi(drive + linear(state.h, self.weight_hh)))
