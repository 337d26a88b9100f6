"""The independently recurrent network (Li, Li, Cook, Zhu & Gao, CVPR 2018, arXiv:1803.04831)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class IndRNNCell(Cell):
    r"""A recurrent cell in which each unit sees only its own past.

    .. math:: h_t = \mathrm{relu}(W x_t + u \odot h_{t-1} + b)

    Units interact only in the next layer. ``u`` starts uniform between 0 and 1, ``W`` Xavier-uniform, ``b`` at
    zero. A step computes no matrix product.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in IndRNNCell(3, 5).parameters())
        25
    """

    year = 2018
    paper = "Li et al., Independently Recurrent Neural Network"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.rand(hidden_size))  # u
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equation above."""
        return State(torch.relu(drive + self.weight_hh * state.h))
