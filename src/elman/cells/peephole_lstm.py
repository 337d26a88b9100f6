"""The LSTM with peephole connections (Gers & Schmidhuber, 2000; Gers, Schraudolph & Schmidhuber, 2002)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.lstm import LSTMCell, LSTMState


class PeepholeLSTMCell(LSTMCell):
    r"""An LSTM whose gates also read the cell state, each unit its own.

    .. math:: i, f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f + p_f \odot c_{t-1}) \odot c_{t-1} + \sigma(i + p_i \odot c_{t-1}) \odot \tanh(g) \\
              h_t &= \sigma(o + p_o \odot c_t) \odot \tanh(c_t)

    The output gate reads the new cell state. Peepholes start at zero, which makes the cell equal to an
    :class:`~elman.cells.LSTMCell`; all else starts as there.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts; default 1.

    Example:
        >>> cell = PeepholeLSTMCell(128, 256)
        >>> sum(p.numel() for p in cell.parameters()) - 394240
        768
    """

    year = 2000
    paper = "Gers & Schmidhuber, Recurrent Nets that Time and Count"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size, forget_bias)
        self.peephole_i = nn.Parameter(torch.zeros(hidden_size))  # p_i
        self.peephole_f = nn.Parameter(torch.zeros(hidden_size))  # p_f
        self.peephole_o = nn.Parameter(torch.zeros(hidden_size))  # p_o

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, f, g, o = (drive + linear(state.h, self.weight_hh)).chunk(4, -1)
        f = torch.sigmoid(f + self.peephole_f * state.c)
        i = torch.sigmoid(i + self.peephole_i * state.c)
        c = f * state.c + i * torch.tanh(g)
        return LSTMState(torch.sigmoid(o + self.peephole_o * c) * torch.tanh(c), c)
