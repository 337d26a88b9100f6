"""The update gate RNN (Collins, Sohl-Dickstein & Sussillo, ICLR 2017, arXiv:1611.09913, section 2.1)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class UGRNNCell(Cell):
    r"""An RNN with one gate, between a vanilla RNN and a GRU.

    .. math:: c &= \tanh(W_c x_t + R_c h_{t-1} + b_c) \\
              g &= \sigma(W_g x_t + R_g h_{t-1} + b_g) \\
              h_t &= g \odot h_{t-1} + (1 - g) \odot c

    Good as the simplest gated cell: one gate, and two thirds of a GRU's weights. The weights' blocks are in the order
    c, g. Input weights start Xavier-uniform for each block, recurrent weights orthogonal, biases at zero except the
    gate's, at 1.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in UGRNNCell(3, 5).parameters())
        90
    """

    year = 2017
    paper = "Collins, Sohl-Dickstein & Sussillo, Capacity and Trainability in Recurrent Neural Networks"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 2)
        nn.init.constant_(self.bias.chunk(2)[1], 1.0)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 2H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        c, g = (drive + linear(state.h, self.weight_hh)).chunk(2, -1)
        c = torch.tanh(c)
        return State(c + torch.sigmoid(g) * (state.h - c))
