"""MUT1 (Jozefowicz, Zaremba & Sutskever, ICML 2015, section 4)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class MUT1Cell(Cell):
    r"""A GRU whose update gate does not see the state, found by an evolutionary search.

    .. math:: z &= \sigma(W_z x_t + b_z) \\
              r &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
              h_t &= z \odot \tanh(R_h (r \odot h_{t-1}) + \tanh(W_h x_t) + b_h) + (1 - z) \odot h_{t-1}

    Good where a GRU is: it beat the GRU on the authors' arithmetic and XML tasks. The paper adds ``tanh(x)``;
    ``W_h`` projects ``x`` to the state's width. The weights' blocks are in the order z, r, h, the recurrent
    weights' r, h. Input weights start Xavier-uniform for each block, recurrent weights orthogonal, biases at
    zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in MUT1Cell(3, 5).parameters())
        110
    """

    year = 2015
    paper = "Jozefowicz, Zaremba & Sutskever, An Empirical Exploration of Recurrent Network Architectures"
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

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Before their gates ``z`` and ``r``, and ``tanh(W_h x) + b_h``, each ``[..., H]``."""
        z, r, candidate = linear(x, self.weight_ih).chunk(3, -1)
        b_z, b_r, b_h = self.bias.chunk(3)
        return z + b_z, r + b_r, torch.tanh(candidate) + b_h

    def step(self, drive: tuple[Tensor, Tensor, Tensor], state: State) -> State:
        """One step of the equations above."""
        z, x_r, x_h = drive
        R_r, R_h = self.weight_hh.chunk(2)
        r = torch.sigmoid(x_r + linear(state.h, R_r))
        candidate = torch.tanh(x_h + linear(r * state.h, R_h))
        return State(state.h + torch.sigmoid(z) * (candidate - state.h))
