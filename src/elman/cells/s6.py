"""S6, the selective state space (Gu & Dao, "Mamba", 2023, arXiv:2312.00752, algorithm 2)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

from elman.cell import Cell
from elman.errors import check_positive


class S6State(NamedTuple):
    """The state of an S6 cell."""

    h: Tensor  # [B, H], the output
    S: Tensor  # [B, H, N], a state space for each unit


class S6Cell(Cell[S6State]):
    r"""Mamba's selective state space: the input sets the step size, what is written and what is read.

    .. math:: u &= W_u x_t, \qquad B = W_B x_t, \qquad C = W_C x_t \\
              \Delta &= \mathrm{softplus}(W_\Delta x_t + b_\Delta) \\
              S_t &= e^{\Delta A} \odot S_{t-1} + (\Delta \odot u) B^\top, \qquad A = -e^{\log A} \\
              h_t &= S_t C + D \odot u

    Good for long sequences in which the content decides what to keep: the step is linear in the state ``S`` and
    computes no product with a weight matrix. The cell is the state space alone; Mamba's block adds a convolution
    and a gate, and computes :math:`\Delta`, ``B`` and ``C`` from ``u``. Weights start Xavier-uniform, ``A`` at
    -1, -2, ... -N, ``D`` at one, and the step sizes between 0.001 and 0.1, as in the paper.

    Args:
        input_size: features I of the input.
        hidden_size: units H.
        state_size: numbers N in the state of one unit; default 16.

    Example:
        >>> S6Cell(3, 5).initial_state(2).S.shape
        torch.Size([2, 5, 16])
    """

    year = 2023
    paper = "Gu & Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces"
    family = "linear in the state"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int, state_size: int = 16):
        super().__init__(input_size, hidden_size)
        (self.state_size,) = check_positive(state_size=state_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W_u, W_Delta
        self.weight_bc = nn.Parameter(torch.empty(2 * state_size, input_size))  # W_B, W_C
        size = torch.exp(torch.empty(hidden_size).uniform_(-6.907755, -2.302585))  # log-uniform, 0.001 to 0.1
        self.bias = nn.Parameter(size + torch.log(-torch.expm1(-size)))  # softplus of it is the size
        self.log_A = nn.Parameter(torch.arange(1.0, state_size + 1).log().repeat(hidden_size, 1))
        self.D = nn.Parameter(torch.ones(hidden_size))
        for W in (*self.weight_ih.chunk(2), *self.weight_bc.chunk(2)):
            nn.init.xavier_uniform_(W)

    def initial_state(self, batch_size: int) -> S6State:
        """Both fields zero: ``h`` is ``[B, H]``, ``S`` is ``[B, H, N]``."""
        new = self.weight_ih.new_zeros
        return S6State(new(batch_size, self.hidden_size), new(batch_size, self.hidden_size, self.state_size))

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``u`` and ``Delta``, each ``[..., H]``, ``B`` and ``C``, each ``[..., N]``."""
        u, size = linear(x, self.weight_ih).chunk(2, -1)
        B, C = linear(x, self.weight_bc).chunk(2, -1)
        return u, softplus(size + self.bias), B, C

    def step(self, drive: tuple[Tensor, Tensor, Tensor, Tensor], state: S6State) -> S6State:
        """One step of the equations above."""
        u, size, B, C = drive
        decay = torch.exp(size.unsqueeze(-1) * -torch.exp(self.log_A))  # [B, H, N]
        S = decay * state.S + (size * u).unsqueeze(-1) * B.unsqueeze(1)
        return S6State((S * C.unsqueeze(1)).sum(-1) + self.D * u, S)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, state_size={self.state_size}"
