"""The gated recurrent unit, reset gate before the product (Cho et al., 2014, arXiv:1406.1078v3, eqs. 5-8)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class ResetBeforeGRUCell(Cell):
    r"""The GRU cell in the form of the conference paper and of textbooks.

    .. math:: r, z &= \sigma(W_{rz} x_t + R_{rz} h_{t-1} + b_{rz}) \\
              n &= \tanh(W_n x_t + R_n (r \odot h_{t-1}) + b_n) \\
              h_t &= (1 - z) \odot n + z \odot h_{t-1}

    The candidate's product needs the reset gate, so a step computes two matrix products, one after the other. The
    weights' blocks are in the order r, z, n. Weights start as those of :class:`~elman.cells.GRUCell`.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> cell = ResetBeforeGRUCell(128, 256)
        >>> sum(p.numel() for p in cell.parameters())
        295680
    """

    year = 2014
    paper = "Cho et al., Learning Phrase Representations using RNN Encoder-Decoder"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 3)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 3H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        H = self.hidden_size
        R_rz, R_n = self.weight_hh.split([2 * H, H])
        x_rz, x_n = drive.split([2 * H, H], -1)
        r, z = torch.sigmoid(x_rz + linear(state.h, R_rz)).chunk(2, -1)
        n = torch.tanh(x_n + linear(r * state.h, R_n))
        return State(n + z * (state.h - n))
