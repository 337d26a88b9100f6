"""The minimal LSTM (Feng et al., "Were RNNs All We Needed?", 2024, arXiv:2410.01201, section 3.2)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

from elman.cell import Cell, State


class MinLSTMCell(Cell):
    r"""An LSTM whose gates do not depend on the state and are normalised to sum to one.

    .. math:: f, i &= \sigma(W_{fi} x_t + b_{fi}) \\
              \tilde h &= W_h x_t + b_h \\
              h_t &= \frac{f}{f + i} \odot h_{t-1} + \frac{i}{f + i} \odot \tilde h

    The step is linear in the state and computes no matrix product. The quotient is computed from logarithms, as in
    the paper's appendix, so that two closed gates do not give 0 / 0. The weights' blocks are in the order f, i, h.
    Weights start Xavier-uniform for each block, biases at zero except the forget gate's.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.
        forget_bias: where the forget gate's bias starts; default 1; the paper finds that a larger bias trains faster.

    Example:
        >>> sum(p.numel() for p in MinLSTMCell(3, 5).parameters())
        60
    """

    year = 2024
    paper = "Feng et al., Were RNNs All We Needed?"
    family = "linear in the state"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)
        nn.init.constant_(self.bias.chunk(3)[0], forget_bias)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""The weight :math:`i / (f + i)` of the candidate, and the candidate, each ``[..., H]``."""
        f, i, candidate = linear(x, self.weight_ih, self.bias).chunk(3, -1)
        return torch.sigmoid(softplus(-f) - softplus(-i)), candidate  # log(i / f), and -softplus(-a) = log sigmoid(a)

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """One step of the last equation above; the two weights sum to one."""
        new, candidate = drive
        return State(state.h + new * (candidate - state.h))
