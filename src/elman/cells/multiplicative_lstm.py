"""The multiplicative LSTM (Krause, Murray, Renals & Lu, 2016, arXiv:1609.07959, section 3)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates
from elman.cells.lstm import LSTMState


class MultiplicativeLSTMCell(Cell[LSTMState]):
    r"""An LSTM that sees, in place of its last output, that output changed by the input.

    .. math:: m &= W_m x_t \odot R_m h_{t-1} \\
              i, f, g, o &= W x_t + R m + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Good for text of characters or bytes: after a surprising one the cell can choose another transition. A step
    computes two matrix products, one after the other. The weights' blocks are in the order i, f, g, o. Input
    weights start Xavier-uniform for each block, recurrent weights orthogonal, biases at zero except the forget
    gate's, at 1.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in MultiplicativeLSTMCell(3, 5).parameters())
        220
    """

    year = 2016
    paper = "Krause et al., Multiplicative LSTM for Sequence Modelling"
    family = "structured"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.weight_im = nn.Parameter(torch.empty(hidden_size, input_size))  # W_m
        self.weight_hm = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R_m
        self.weight_mh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        start_gates(self.weight_ih, self.weight_mh, 4)
        start_gates(self.weight_im, self.weight_hm, 1)
        nn.init.constant_(self.bias.chunk(4)[1], 1.0)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``W_m x``, ``[..., H]``, and ``W x + b``, ``[..., 4H]``."""
        return linear(x, self.weight_im), linear(x, self.weight_ih, self.bias)

    def step(self, drive: tuple[Tensor, Tensor], state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        m = drive[0] * linear(state.h, self.weight_hm)
        i, f, g, o = (drive[1] + linear(m, self.weight_mh)).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)
