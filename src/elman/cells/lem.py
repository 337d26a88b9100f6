"""Long expressive memory (Rusch, Mishra, Erichson & Mahoney, ICLR 2022, arXiv:2110.04744)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates


class LEMState(NamedTuple):
    """The state of an LEM cell: the paper's y and z."""

    h: Tensor  # [B, H], the output y
    z: Tensor  # [B, H], the memory


class LEMCell(Cell[LEMState]):
    r"""Two coupled vectors whose units each learn how fast they move, a multiscale differential equation in steps.

    .. math:: s &= \Delta t\, \sigma(R_1 h_{t-1} + W_1 x_t + b_1), \qquad
              \bar s = \Delta t\, \sigma(R_2 h_{t-1} + W_2 x_t + b_2) \\
              z_t &= (1 - s) \odot z_{t-1} + s \odot \tanh(R_z h_{t-1} + W_z x_t + b_z) \\
              h_t &= (1 - \bar s) \odot h_{t-1} + \bar s \odot \tanh(R_y z_t + W_y x_t + b_y)

    Good where fast and slow changes mix over long sequences; it has as many parameters as an LSTM. A step
    computes two matrix products, one after the other. The weights' blocks are in the order 1, 2, z, y. Input
    weights start Xavier-uniform for each block, recurrent weights orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        dt: the largest time step; default 1.

    Example:
        >>> sum(p.numel() for p in LEMCell(3, 5).parameters())
        180
    """

    year = 2022
    paper = "Rusch et al., Long Expressive Memory for Sequence Modeling"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int, dt: float = 1.0):
        super().__init__(input_size, hidden_size)
        self.dt = float(dt)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))  # R_1, R_2, R_z
        self.weight_zh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R_y
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        start_gates(self.weight_ih[: 3 * hidden_size], self.weight_hh, 3)
        start_gates(self.weight_ih[3 * hidden_size :], self.weight_zh, 1)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 4H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: LEMState) -> LEMState:
        """One step of the equations above."""
        x, x_y = drive.split([3 * self.hidden_size, self.hidden_size], -1)
        s, s_bar, z = (x + linear(state.h, self.weight_hh)).chunk(3, -1)
        z = state.z + self.dt * torch.sigmoid(s) * (torch.tanh(z) - state.z)
        y = torch.tanh(x_y + linear(z, self.weight_zh))
        return LEMState(state.h + self.dt * torch.sigmoid(s_bar) * (y - state.h), z)

    def extra_repr(self) -> str:
        """Sizes and time step, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, dt={self.dt}"
