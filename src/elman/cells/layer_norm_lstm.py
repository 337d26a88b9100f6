"""The layer-normalised LSTM (Ba, Kiros & Hinton, "Layer Normalization", 2016, supplement, eqs. 20-22)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear

from elman.cells.lstm import LSTMCell, LSTMState


class LayerNormLSTMCell(LSTMCell):
    r"""An LSTM that normalises both products and the cell state at every step.

    .. math:: i, f, g, o &= \mathrm{LN}(R h_{t-1};\, \alpha_1) + \mathrm{LN}(W x_t;\, \alpha_2) + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(\mathrm{LN}(c_t;\, \alpha_3, \beta_3))

    LN subtracts the mean over a row's features, divides by their standard deviation and multiplies by a gain
    :math:`\alpha`. Gains start at one, shifts at zero, all else as in :class:`~elman.cells.LSTMCell`.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts; default 1.

    Example:
        >>> cell = LayerNormLSTMCell(3, 5)
        >>> cell.gain_ih.shape, cell.gain_c.shape
        (torch.Size([20]), torch.Size([5]))
    """

    year = 2016
    paper = "Ba, Kiros & Hinton, Layer Normalization"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size, forget_bias)
        self.gain_ih = nn.Parameter(torch.ones(4 * hidden_size))  # alpha_2
        self.gain_hh = nn.Parameter(torch.ones(4 * hidden_size))  # alpha_1
        self.gain_c = nn.Parameter(torch.ones(hidden_size))  # alpha_3
        self.shift_c = nn.Parameter(torch.zeros(hidden_size))  # beta_3

    def drive(self, x: Tensor) -> Tensor:
        """``LN(W x) + b``, ``[..., 4H]``."""
        return layer_norm(linear(x, self.weight_ih), (4 * self.hidden_size,), self.gain_ih, self.bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        recurrent = layer_norm(linear(state.h, self.weight_hh), (4 * self.hidden_size,), self.gain_hh)
        i, f, g, o = (drive + recurrent).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(
            torch.sigmoid(o) * torch.tanh(layer_norm(c, (self.hidden_size,), self.gain_c, self.shift_c)), c
        )
