"""Long short-term memory (Hochreiter & Schmidhuber, 1997), with the forget gate of Gers et al. (2000)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates


class LSTMState(NamedTuple):
    """The state of an LSTM: its output and its cell state."""

    h: Tensor  # [B, H]
    c: Tensor  # [B, H]


class LSTMCell(Cell[LSTMState]):
    r"""The LSTM cell in its common form.

    .. math:: i, f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    The four blocks of the weights are in the order i, f, g, o, as in ``torch.nn.LSTM``. Input weights start
    Xavier-uniform for each gate, recurrent weights orthogonal for each gate, the bias at zero except the
    forget gate's.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts; default 1, which opens the gate, so that gradients pass
            from the first update on (Jozefowicz et al., 2015).

    Example:
        >>> cell = LSTMCell(128, 256)
        >>> sum(p.numel() for p in cell.parameters())
        394240
    """

    year = 2000
    paper = "Gers, Schmidhuber & Cummins, Learning to Forget: Continual Prediction with LSTM"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 4)
        nn.init.constant_(self.bias.chunk(4)[1], forget_bias)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 4H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, f, g, o = (drive + linear(state.h, self.weight_hh)).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)
