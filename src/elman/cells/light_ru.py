"""The light recurrent unit (Ye, Zhang, Liu, Li & Yang, Electronics, 2024, 13(16), 3204)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class LightRUCell(Cell):
    r"""One gate, and a candidate that does not see the state.

    .. math:: \tilde h &= \tanh(W_h x_t + b_h) \\
              f &= \sigma(W_f x_t + R h_{t-1} + b_f) \\
              h_t &= (1 - f) \odot h_{t-1} + f \odot \tilde h

    Good as a small gated cell that trains quickly: one recurrent matrix, no activation on the way of the state.
    The weights' blocks are in the order h, f. Input weights start Xavier-uniform for each block, recurrent
    weights orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in LightRUCell(3, 5).parameters())
        65
    """

    year = 2024
    paper = (
        "Ye et al., Light Recurrent Unit: Towards an Interpretable Recurrent Neural Network for Modeling Long-Range "
        "Dependency"
    )
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        for W in self.weight_ih.chunk(2):
            nn.init.xavier_uniform_(W)
        nn.init.orthogonal_(self.weight_hh)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 2H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        candidate, x_f = drive.chunk(2, -1)
        f = torch.sigmoid(x_f + linear(state.h, self.weight_hh))
        return State(state.h + f * (torch.tanh(candidate) - state.h))
