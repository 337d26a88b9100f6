"""The coupled oscillatory RNN (Rusch & Mishra, ICLR 2021, arXiv:2010.00951, with explicit damping)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates


class CoRNNState(NamedTuple):
    """The state of a coRNN: the paper's y and z."""

    h: Tensor  # [B, H], positions
    z: Tensor  # [B, H], velocities


class CoRNNCell(Cell[CoRNNState]):
    r"""A network of coupled oscillators, forced by the input and damped.

    .. math:: a &= \tanh(R h_{t-1} + R_z z_{t-1} + W x_t + b) \\
              z_t &= z_{t-1} + \Delta t\, (a - \gamma h_{t-1} - \epsilon z_{t-1}) \\
              h_t &= h_{t-1} + \Delta t\, z_t

    Good for long lags: with a small time step its gradients neither explode nor vanish exponentially. The three
    numbers are the ones to tune; the defaults are near those that the authors use for long sequences. ``W``
    starts Xavier-uniform, ``R`` and ``R_z`` orthogonal, ``b`` at zero.

    Args:
        input_size: features I of the input.
        hidden_size: oscillators H.
        dt: the time step; default 0.05.
        gamma: the oscillators' stiffness; default 2.7.
        epsilon: their damping; default 4.7.

    Example:
        >>> CoRNNCell(3, 5).initial_state(2)._fields
        ('h', 'z')
    """

    year = 2021
    paper = "Rusch & Mishra, Coupled Oscillatory Recurrent Neural Network (coRNN)"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int, dt: float = 0.05, gamma: float = 2.7, epsilon: float = 4.7):
        super().__init__(input_size, hidden_size)
        self.dt, self.gamma, self.epsilon = float(dt), float(gamma), float(epsilon)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.weight_zh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R_z
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 1)
        nn.init.orthogonal_(self.weight_zh)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: CoRNNState) -> CoRNNState:
        """One step of the equations above."""
        h, z = state
        force = torch.tanh(drive + linear(h, self.weight_hh) + linear(z, self.weight_zh))
        z = z + self.dt * (force - self.gamma * h - self.epsilon * z)
        return CoRNNState(h + self.dt * z, z)

    def extra_repr(self) -> str:
        """Sizes and numbers, for ``print(cell)``."""
        numbers = f"dt={self.dt}, gamma={self.gamma}, epsilon={self.epsilon}"
        return f"{self.input_size}, {self.hidden_size}, {numbers}"
