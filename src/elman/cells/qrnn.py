"""The quasi-recurrent network (Bradbury, Merity, Xiong & Socher, ICLR 2017, arXiv:1611.01576, section 2)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.lstm import LSTMState


class QRNNCell(Cell[LSTMState]):
    r"""An LSTM whose gates see the input alone, with the paper's fo-pooling.

    .. math:: z &= \tanh(W_z x_t + b_z) \\
              f, o &= \sigma(W_{fo} x_t + b_{fo}) \\
              c_t &= f \odot c_{t-1} + (1 - f) \odot z \\
              h_t &= o \odot c_t

    Good as a fast stand-in for an LSTM in deep stacks: the step is linear in the state and computes no matrix
    product. The cell has the convolution's width 1; for a wider one, pass windows of inputs, side by side. The
    weights' blocks are in the order z, f, o. Weights start Xavier-uniform for each block, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.

    Example:
        >>> sum(p.numel() for p in QRNNCell(3, 5).parameters())
        60
    """

    year = 2017
    paper = "Bradbury et al., Quasi-Recurrent Neural Networks"
    family = "linear in the state"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``f``, ``(1 - f) z`` and ``o``, each ``[..., H]``."""
        z, f, o = linear(x, self.weight_ih, self.bias).chunk(3, -1)
        return torch.sigmoid(f), torch.sigmoid(-f) * torch.tanh(z), torch.sigmoid(o)

    def step(self, drive: tuple[Tensor, Tensor, Tensor], state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        f, entering, o = drive
        c = f * state.c + entering
        return LSTMState(o * c, c)
