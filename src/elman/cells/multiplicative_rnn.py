"""The multiplicative RNN (Sutskever, Martens & Hinton, ICML 2011)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class MultiplicativeRNNCell(Cell):
    r"""An RNN whose recurrent matrix depends on the input, in factors.

    .. math:: m &= W_m x_t \odot R_m h_{t-1} \\
              h_t &= \tanh(W_h x_t + R m + b)

    Good for text, where each character should change the state in a way of its own. A step computes two matrix
    products, one after the other. The factors have the state's width. The weights' blocks are in the order m, h.
    Input weights start Xavier-uniform for each block, recurrent weights orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in MultiplicativeRNNCell(3, 5).parameters())
        85
    """

    year = 2011
    paper = "Sutskever, Martens & Hinton, Generating Text with Recurrent Neural Networks"
    family = "structured"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.weight_hm = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R_m
        self.weight_mh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        start_gates(self.weight_ih[:hidden_size], self.weight_hm, 1)
        start_gates(self.weight_ih[hidden_size:], self.weight_mh, 1)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``W_m x`` and ``W_h x + b``, each ``[..., H]``."""
        x_m, x_h = linear(x, self.weight_ih).chunk(2, -1)
        return x_m, x_h + self.bias

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """One step of the equations above."""
        x_m, x_h = drive
        m = x_m * linear(state.h, self.weight_hm)
        return State(torch.tanh(x_h + linear(m, self.weight_mh)))
