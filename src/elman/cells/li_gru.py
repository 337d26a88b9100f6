"""Li-GRU (Ravanelli, Brakel, Omologo & Bengio, IEEE TETCI 2018, arXiv:1803.10225)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class LiGRUCell(Cell):
    r"""The light GRU: no reset gate, and a rectified candidate.

    .. math:: z &= \sigma(W_z x_t + R_z h_{t-1} + b_z) \\
              \tilde h &= \mathrm{ReLU}(W_h x_t + R_h h_{t-1} + b_h) \\
              h_t &= z \odot h_{t-1} + (1 - z) \odot \tilde h

    Good for speech, where a signal changes slowly and a reset gate is redundant. The paper normalises ``W x``
    over the batch, which no cell can; normalise the layer's inputs instead, as the state is not bounded. The
    weights' blocks are in the order z, h. Input weights start Xavier-uniform for each block, recurrent weights
    orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in LiGRUCell(3, 5).parameters())
        90
    """

    year = 2018
    paper = "Ravanelli et al., Light Gated Recurrent Units for Speech Recognition"
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
        z, candidate = (drive + linear(state.h, self.weight_hh)).chunk(2, -1)
        candidate = torch.relu(candidate)
        return State(candidate + torch.sigmoid(z) * (state.h - candidate))
