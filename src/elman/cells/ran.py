"""The recurrent additive network (Lee, Levy & Zettlemoyer, 2017, arXiv:1705.07393, section 2)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.lstm import LSTMState


class RANCell(Cell[LSTMState]):
    r"""An LSTM without its recurrent candidate and output gate: the memory is a weighted sum of inputs.

    .. math:: i, f &= \sigma(W_{if} x_t + R h_{t-1} + b_{if}) \\
              c_t &= i \odot (W_c x_t + b_c) + f \odot c_{t-1} \\
              h_t &= \tanh(c_t)

    Good for language models that must be read: each memory is a sum of past inputs with weights that can be
    computed. The weights' blocks are in the order i, f, c. Input weights start Xavier-uniform for each block,
    recurrent weights orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in RANCell(3, 5).parameters())
        110
    """

    year = 2017
    paper = "Lee, Levy & Zettlemoyer, Recurrent Additive Networks"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)
        for R in self.weight_hh.chunk(2):
            nn.init.orthogonal_(R)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 3H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        x, candidate = drive.split([2 * self.hidden_size, self.hidden_size], -1)
        i, f = torch.sigmoid(x + linear(state.h, self.weight_hh)).chunk(2, -1)
        c = i * candidate + f * state.c
        return LSTMState(torch.tanh(c), c)
