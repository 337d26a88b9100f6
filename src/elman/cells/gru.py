"""The gated recurrent unit, reset gate after the product (Cho et al., 2014, arXiv:1406.1078v1, as in cuDNN)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class GRUCell(Cell):
    r"""The GRU cell in the form that ``torch.nn.GRU`` and cuDNN use.

    .. math:: r, z &= \sigma(W_{rz} x_t + R_{rz} h_{t-1} + b_{rz}) \\
              n &= \tanh(W_n x_t + b_n + r \odot (R_n h_{t-1} + b_{hn})) \\
              h_t &= (1 - z) \odot n + z \odot h_{t-1}

    The reset gate acts on the product, which therefore has a bias of its own. The weights' blocks are in the order
    r, z, n. A large ``z`` keeps the old state; Chung et al. (2014) swap the roles of ``z`` and ``1 - z``. Input
    weights start Xavier-uniform for each gate, recurrent weights orthogonal for each gate, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> cell = GRUCell(128, 256)
        >>> sum(p.numel() for p in cell.parameters())
        295936
    """

    year = 2014
    paper = "Cho et al., Learning Phrase Representations using RNN Encoder-Decoder"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        self.bias_hn = nn.Parameter(torch.zeros(hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 3)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 3H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        x_r, x_z, x_n = drive.chunk(3, -1)
        h_r, h_z, h_n = linear(state.h, self.weight_hh).chunk(3, -1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * (h_n + self.bias_hn))
        return State(n + z * (state.h - n))
