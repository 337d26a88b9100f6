"""MUT3 (Jozefowicz, Zaremba & Sutskever, ICML 2015, section 4)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class MUT3Cell(Cell):
    r"""A GRU whose update gate sees a squashed state, found by an evolutionary search.

    .. math:: z &= \sigma(W_z x_t + R_z \tanh(h_{t-1}) + b_z) \\
              r &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
              h_t &= z \odot \tanh(R_h (r \odot h_{t-1}) + W_h x_t + b_h) + (1 - z) \odot h_{t-1}

    Good where a GRU is: it was among the three best of ten thousand cells that the authors tried. The weights'
    blocks are in the order z, r, h. Input weights start Xavier-uniform for each block, recurrent weights
    orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in MUT3Cell(3, 5).parameters())
        135
    """

    year = 2015
    paper = "Jozefowicz, Zaremba & Sutskever, An Empirical Exploration of Recurrent Network Architectures"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 3)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 3H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        x_z, x_r, x_h = drive.chunk(3, -1)
        R_z, R_r, R_h = self.weight_hh.chunk(3)
        z = x_z + linear(torch.tanh(state.h), R_z)
        r = torch.sigmoid(x_r + linear(state.h, R_r))
        candidate = torch.tanh(x_h + linear(r * state.h, R_h))
        return State(state.h + torch.sigmoid(z) * (candidate - state.h))
