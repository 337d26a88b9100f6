"""The simple recurrent unit (Lei, Zhang, Wang, Dai & Artzi, EMNLP 2018, arXiv:1709.02755, eqs. 1-4)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.lstm import LSTMState


class SRUCell(Cell[LSTMState]):
    r"""A gated cell whose gates see the state only unit by unit, with a highway from input to output.

    .. math:: f &= \sigma(W_f x_t + v_f \odot c_{t-1} + b_f) \\
              r &= \sigma(W_r x_t + v_r \odot c_{t-1} + b_r) \\
              c_t &= f \odot c_{t-1} + (1 - f) \odot W x_t \\
              h_t &= r \odot c_t + (1 - r) \odot \alpha W_x x_t

    Good for deep and fast stacks: the step computes no matrix product. It is not linear in the state, because of
    ``v``. The paper adds the input itself; ``W_x`` projects it, as the paper does where widths differ, and
    :math:`\alpha = \sqrt 3` is the paper's scale. The weights' blocks are in the order f, r, c, x. Weights start
    Xavier-uniform for each block, ``v`` and biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.

    Example:
        >>> sum(p.numel() for p in SRUCell(3, 5).parameters())
        80
    """

    year = 2018
    paper = "Lei et al., Simple Recurrent Units for Highly Parallelizable Recurrence"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.v = nn.Parameter(torch.zeros(2 * hidden_size))
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        for W in self.weight_ih.chunk(4):
            nn.init.xavier_uniform_(W)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Both gates' part ``[..., 2H]``, the candidate ``[..., H]`` and the highway ``[..., H]``."""
        f, r, candidate, highway = linear(x, self.weight_ih).chunk(4, -1)
        return torch.cat([f, r], -1) + self.bias, candidate, 3**0.5 * highway

    def step(self, drive: tuple[Tensor, Tensor, Tensor], state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        gates, candidate, highway = drive
        f, r = torch.sigmoid(gates + self.v * torch.cat([state.c, state.c], -1)).chunk(2, -1)
        c = f * state.c + (1 - f) * candidate
        return LSTMState(r * c + (1 - r) * highway, c)
