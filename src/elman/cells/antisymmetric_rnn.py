"""AntisymmetricRNN (Chang, Chen, Haber & Chi, ICLR 2019, arXiv:1902.09689)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class AntisymmetricRNNCell(Cell):
    r"""An RNN whose recurrent matrix is antisymmetric, so that its differential equation neither grows nor decays.

    .. math:: h_t = h_{t-1} + \epsilon \tanh((R - R^\top - \gamma I) h_{t-1} + W x_t + b)

    Good for long lags with few parameters: the Jacobian's eigenvalues lie near the unit circle, and ``gamma``
    moves them inside, where the discretised equation is stable. ``W`` starts Xavier-uniform, ``R`` normal with
    variance 1 / H, ``b`` at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.
        epsilon: the time step; default 0.1.
        gamma: the diffusion; default 0.01.

    Example:
        >>> sum(p.numel() for p in AntisymmetricRNNCell(3, 5).parameters())
        45
    """

    year = 2019
    paper = "Chang et al., AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int, epsilon: float = 0.1, gamma: float = 0.01):
        super().__init__(input_size, hidden_size)
        self.epsilon, self.gamma = float(epsilon), float(gamma)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)
        nn.init.normal_(self.weight_hh, std=hidden_size**-0.5)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        R = self.weight_hh - self.weight_hh.T
        return State(state.h + self.epsilon * torch.tanh(drive + linear(state.h, R) - self.gamma * state.h))

    def extra_repr(self) -> str:
        """Sizes and numbers, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, epsilon={self.epsilon}, gamma={self.gamma}"
