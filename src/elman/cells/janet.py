"""JANET, "just another network" (van der Westhuizen & Lasenby, 2018, arXiv:1804.04849, eqs. 5-6)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class JANETCell(Cell):
    r"""An LSTM with a forget gate only.

    .. math:: s &= W_f x_t + R_f h_{t-1} + b_f \\
              g &= \tanh(W_g x_t + R_g h_{t-1} + b_g) \\
              h_t &= \sigma(s) \odot h_{t-1} + (1 - \sigma(s - 1)) \odot g

    With the paper's :math:`\beta = 1`, a step adds slightly more of the candidate than it forgets. The weights'
    blocks are in the order f, g. Input weights start Xavier-uniform for each block, recurrent weights orthogonal,
    biases at zero except the forget gate's.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.
        forget_bias: where the forget gate's bias starts; default 1; the paper uses chrono initialisation.

    Example:
        >>> sum(p.numel() for p in JANETCell(128, 256).parameters())
        197120
    """

    year = 2018
    paper = "van der Westhuizen & Lasenby, The Unreasonable Effectiveness of the Forget Gate"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 2)
        nn.init.constant_(self.bias.chunk(2)[0], forget_bias)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 2H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        s, g = (drive + linear(state.h, self.weight_hh)).chunk(2, -1)
        return State(torch.sigmoid(s) * state.h + (1 - torch.sigmoid(s - 1)) * torch.tanh(g))
