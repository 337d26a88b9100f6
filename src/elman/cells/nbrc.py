"""The neuromodulated bistable recurrent cell (Vecoven, Ernst & Drion, PLOS ONE 2021, arXiv:2006.05252)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class NBRCCell(Cell):
    r"""A bistable cell whose units modulate one another's gates.

    .. math:: a &= 1 + \tanh(W_a x_t + R_a h_{t-1}), \qquad c = \sigma(W_c x_t + R_c h_{t-1}) \\
              h_t &= c \odot h_{t-1} + (1 - c) \odot \tanh(W_h x_t + a \odot h_{t-1})

    Good for memories that must last: where ``a`` exceeds 1 a unit is bistable and holds its value without decay.
    The step computes one matrix product. The weights' blocks are in the order a, c, h. Weights start
    Xavier-uniform for each block, recurrent weights orthogonal.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in NBRCCell(3, 5).parameters())
        95
    """

    year = 2021
    paper = "Vecoven, Ernst & Drion, A Bio-Inspired Bistable Recurrent Cell Allows for Long-Lasting Memory"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))  # R
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)
        for R in self.weight_hh.chunk(2):
            nn.init.orthogonal_(R)

    def drive(self, x: Tensor) -> Tensor:
        """``W x``, ``[..., 3H]``."""
        return linear(x, self.weight_ih)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        x, x_h = drive.split([2 * self.hidden_size, self.hidden_size], -1)
        a, c = (x + linear(state.h, self.weight_hh)).chunk(2, -1)
        c = torch.sigmoid(c)
        return State(c * state.h + (1 - c) * torch.tanh(x_h + (1 + torch.tanh(a)) * state.h))
