"""The chaos-free network (Laurent & von Brecht, ICLR 2017, arXiv:1612.06212)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class CFNCell(Cell):
    r"""A gated network whose state decays to zero without input, and so has no chaotic dynamics.

    .. math:: \theta, \eta &= \sigma(W_{\theta\eta} x_t + R h_{t-1} + b) \\
              h_t &= \theta \odot \tanh(h_{t-1}) + \eta \odot \tanh(W_h x_t)

    Good for dynamics that can be predicted: units forget independently, each at the rate of its gate. The
    weights' blocks are in the order theta, eta, h. Input weights start Xavier-uniform for each block, recurrent
    weights orthogonal, biases at zero except theta's, at 1, and eta's, at -1, as in the paper.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in CFNCell(3, 5).parameters())
        105
    """

    year = 2017
    paper = "Laurent & von Brecht, A Recurrent Neural Network without Chaos"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        nn.init.constant_(self.bias.chunk(2)[0], 1.0)
        nn.init.constant_(self.bias.chunk(2)[1], -1.0)
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)
        for R in self.weight_hh.chunk(2):
            nn.init.orthogonal_(R)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Both gates' part, ``[..., 2H]``, and ``tanh(W_h x)``, ``[..., H]``."""
        gates, candidate = linear(x, self.weight_ih).split([2 * self.hidden_size, self.hidden_size], -1)
        return gates + self.bias, torch.tanh(candidate)

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """One step of the equations above."""
        theta, eta = torch.sigmoid(drive[0] + linear(state.h, self.weight_hh)).chunk(2, -1)
        return State(theta * torch.tanh(state.h) + eta * drive[1])
