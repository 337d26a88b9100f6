"""The minimal gated unit (Zhou, Wu, Zhang & Zhou, 2016, arXiv:1603.09420, eqs. 7-9)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class MGUCell(Cell):
    r"""A GRU with one gate that both forgets and resets.

    .. math:: f &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
              \tilde h &= \tanh(W_h x_t + R_h (f \odot h_{t-1}) + b_h) \\
              h_t &= (1 - f) \odot h_{t-1} + f \odot \tilde h

    A gate near zero keeps the old state, so a negative ``b_f`` bridges long lags. A step computes two matrix
    products, one after the other. The weights' blocks are in the order f, h. Input weights start Xavier-uniform for
    each block, recurrent weights orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> cell = MGUCell(128, 256)
        >>> sum(p.numel() for p in cell.parameters())
        197120
    """

    year = 2016
    paper = "Zhou et al., Minimal Gated Unit for Recurrent Neural Networks"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 2)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 2H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        R_f, R_h = self.weight_hh.chunk(2)
        x_f, x_h = drive.chunk(2, -1)
        f = torch.sigmoid(x_f + linear(state.h, R_f))
        candidate = torch.tanh(x_h + linear(f * state.h, R_h))
        return State(state.h + f * (candidate - state.h))
