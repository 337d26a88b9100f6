"""FastGRNN (Kusupati et al., NeurIPS 2018, arXiv:1901.02358, section 3.2)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class FastGRNNCell(Cell):
    r"""A gated cell whose gate and candidate share their weights: the size of a simple recurrent cell.

    .. math:: a &= W x_t + R h_{t-1} \\
              z &= \sigma(a + b_z) \\
              \tilde h &= \tanh(a + b_h) \\
              h_t &= (\zeta (1 - z) + \nu) \odot \tilde h + z \odot h_{t-1}

    :math:`\zeta` and :math:`\nu` are two learned numbers between 0 and 1, stored as their logits. The matrices are
    dense: the paper's compression (low rank, sparsity, byte weights) is left out. ``W`` starts Xavier-uniform, ``R``
    orthogonal, the biases at one and the logits at 1 and -4, as in the authors' code.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in FastGRNNCell(100, 256).parameters()) - 100 * 256 - 256 * 256
        514
    """

    year = 2018
    paper = (
        "Kusupati et al., FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network"
    )
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R, the paper's U
        self.bias_z = nn.Parameter(torch.ones(hidden_size))
        self.bias_h = nn.Parameter(torch.ones(hidden_size))
        self.logit_zeta = nn.Parameter(torch.tensor(1.0))
        self.logit_nu = nn.Parameter(torch.tensor(-4.0))
        nn.init.xavier_uniform_(self.weight_ih)
        nn.init.orthogonal_(self.weight_hh)

    def drive(self, x: Tensor) -> Tensor:
        """``W x``, ``[..., H]``."""
        return linear(x, self.weight_ih)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        a = drive + linear(state.h, self.weight_hh)
        z = torch.sigmoid(a + self.bias_z)
        zeta, nu = torch.sigmoid(self.logit_zeta), torch.sigmoid(self.logit_nu)
        return State((zeta * (1 - z) + nu) * torch.tanh(a + self.bias_h) + z * state.h)
