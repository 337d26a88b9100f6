"""The bistable recurrent cell (Vecoven, Ernst & Drion, PLOS ONE 2021, arXiv:2006.05252)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class BRCCell(Cell):
    r"""A cell of single units, each of which can switch between two stable states.

    .. math:: a &= 1 + \tanh(W_a x_t + w_a \odot h_{t-1}), \qquad c = \sigma(W_c x_t + w_c \odot h_{t-1}) \\
              h_t &= c \odot h_{t-1} + (1 - c) \odot \tanh(W_h x_t + a \odot h_{t-1})

    Good for memories that must last: where ``a`` exceeds 1 a unit is bistable and holds its value without decay.
    The units do not see one another, so the step computes no matrix product. The weights' blocks are in the order
    a, c, h. Weights start Xavier-uniform for each block, ``w`` normal with variance 1 / H.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in BRCCell(3, 5).parameters())
        55
    """

    year = 2021
    paper = "Vecoven, Ernst & Drion, A Bio-Inspired Bistable Recurrent Cell Allows for Long-Lasting Memory"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.randn(2 * hidden_size) * hidden_size**-0.5)  # w
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)

    def drive(self, x: Tensor) -> Tensor:
        """``W x``, ``[..., 3H]``."""
        return linear(x, self.weight_ih)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        x, x_h = drive.split([2 * self.hidden_size, self.hidden_size], -1)
        a, c = (x + self.weight_hh * torch.cat([state.h, state.h], -1)).chunk(2, -1)
        c = torch.sigmoid(c)
        return State(c * state.h + (1 - c) * torch.tanh(x_h + (1 + torch.tanh(a)) * state.h))
