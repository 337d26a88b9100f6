"""The minimal GRU (Feng et al., "Were RNNs All We Needed?", 2024, arXiv:2410.01201, section 3.1)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class MinGRUCell(Cell):
    r"""A GRU whose gate and candidate do not depend on the state.

    .. math:: z &= \sigma(W_z x_t + b_z) \\
              \tilde h &= W_h x_t + b_h \\
              h_t &= (1 - z) \odot h_{t-1} + z \odot \tilde h

    The step is linear in the state and computes no matrix product. The weights' blocks are in the order z, h. Weights
    start Xavier-uniform for each block, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in MinGRUCell(3, 5).parameters())
        40
    """

    year = 2024
    paper = "Feng et al., Were RNNs All We Needed?"
    family = "linear in the state"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        for W in self.weight_ih.chunk(2):
            nn.init.xavier_uniform_(W)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 2H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        z, candidate = drive.chunk(2, -1)
        return State(state.h + torch.sigmoid(z) * (candidate - state.h))
