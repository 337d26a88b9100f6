"""UnICORNN (Rusch & Mishra, ICML 2021, arXiv:2103.05487)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.co_rnn import CoRNNState


class UnICORNNCell(Cell[CoRNNState]):
    r"""Independent undamped oscillators, each with a time step of its own.

    .. math:: z_t &= z_{t-1} - \Delta t\, \sigma(c) \odot (\tanh(w \odot h_{t-1} + W x_t + b) + \alpha h_{t-1}) \\
              h_t &= h_{t-1} + \Delta t\, \sigma(c) \odot z_t

    Good for very long sequences in deep stacks: the step is a symplectic solver's, is invertible, and computes no
    matrix product. ``W`` starts Xavier-uniform, ``w`` uniform between 0 and 1, ``c`` between -0.1 and 0.1, as in
    the paper, ``b`` at zero.

    Args:
        input_size: features I of the input.
        hidden_size: oscillators H.
        dt: the largest time step; default 0.1.
        alpha: the oscillators' stiffness; default 1.

    Example:
        >>> sum(p.numel() for p in UnICORNNCell(3, 5).parameters())
        30
    """

    year = 2021
    paper = "Rusch & Mishra, UnICORNN: A Recurrent Model for Learning Very Long Time Dependencies"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int, dt: float = 0.1, alpha: float = 1.0):
        super().__init__(input_size, hidden_size)
        self.dt, self.alpha = float(dt), float(alpha)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size).uniform_(0, 1))  # w
        self.c = nn.Parameter(torch.empty(hidden_size).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: CoRNNState) -> CoRNNState:
        """One step of the equations above."""
        size = self.dt * torch.sigmoid(self.c)
        z = state.z - size * (torch.tanh(drive + self.weight_hh * state.h) + self.alpha * state.h)
        return CoRNNState(state.h + size * z, z)

    def extra_repr(self) -> str:
        """Sizes and numbers, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, dt={self.dt}, alpha={self.alpha}"
