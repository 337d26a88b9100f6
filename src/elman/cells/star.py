"""STAR (Turkoglu, D'Aronco, Wegner & Schindler, TPAMI 2021, arXiv:1911.11033)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class STARCell(Cell):
    r"""The stackable recurrent cell: one gate, which sees the state, and a candidate, which does not.

    .. math:: z &= \tanh(W_z x_t + b_z), \qquad k = \sigma(W_k x_t + R h_{t-1} + b_k) \\
              h_t &= \tanh((1 - k) \odot h_{t-1} + k \odot z)

    Good for deep stacks: its gradients keep their size across layers as well as across time. The weights' blocks
    are in the order z, k. Input weights start Xavier-uniform for each block, recurrent weights orthogonal, biases
    at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in STARCell(3, 5).parameters())
        65
    """

    year = 2021
    paper = "Turkoglu et al., Gating Revisited: Deep Multi-Layer RNNs that Can Be Trained"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        for W in self.weight_ih.chunk(2):
            nn.init.xavier_uniform_(W)
        nn.init.orthogonal_(self.weight_hh)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 2H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        z, x_k = drive.chunk(2, -1)
        k = torch.sigmoid(x_k + linear(state.h, self.weight_hh))
        return State(torch.tanh(state.h + k * (torch.tanh(z) - state.h)))
