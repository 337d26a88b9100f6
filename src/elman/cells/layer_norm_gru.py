"""The layer-normalised GRU (Ba, Kiros & Hinton, "Layer Normalization", 2016, supplement, on skip-thoughts)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear

from elman.cell import State
from elman.cells.gru import GRUCell


class LayerNormGRUCell(GRUCell):
    r"""A GRU that normalises its four products at every step: two for the gates, two for the candidate.

    .. math:: r, z &= \sigma(\mathrm{LN}(R_{rz} h_{t-1};\, \alpha_1)
                   + \mathrm{LN}(W_{rz} x_t;\, \alpha_2, b_{rz})) \\
              n &= \tanh(\mathrm{LN}(W_n x_t;\, \alpha_3, b_n)
                   + r \odot \mathrm{LN}(R_n h_{t-1};\, \alpha_4, b_{hn})) \\
              h_t &= (1 - z) \odot n + z \odot h_{t-1}

    This is the authors' form for order-embeddings and skip-thoughts: both gates are normalised together, over 2H
    features, the candidate is normalised separately, and the reset gate acts on the normalised product. The only
    difference is that a large ``z`` keeps the old state, as in :class:`~elman.cells.GRUCell`. Gains start at one, all
    else as in :class:`~elman.cells.GRUCell`.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> cell = LayerNormGRUCell(3, 5)
        >>> cell.gain_ih.shape, cell.gain_hh.shape
        (torch.Size([15]), torch.Size([15]))
    """

    year = 2016
    paper = "Ba, Kiros & Hinton, Layer Normalization"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.gain_ih = nn.Parameter(torch.ones(3 * hidden_size))  # alpha_2, alpha_3
        self.gain_hh = nn.Parameter(torch.ones(3 * hidden_size))  # alpha_1, alpha_4

    def _split(self, a: Tensor) -> tuple[Tensor, Tensor]:
        H = self.hidden_size
        gates, candidate = a.split([2 * H, H], -1)
        return gates, candidate

    def drive(self, x: Tensor) -> Tensor:
        """``LN(W_rz x) + b_rz`` and ``LN(W_n x) + b_n`` side by side, ``[..., 3H]``."""
        (rz, n), (gain_rz, gain_n), (b_rz, b_n) = map(
            self._split, (linear(x, self.weight_ih), self.gain_ih, self.bias)
        )
        return torch.cat([layer_norm(rz, b_rz.shape, gain_rz, b_rz), layer_norm(n, b_n.shape, gain_n, b_n)], -1)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        x_rz, x_n = self._split(drive)
        h_rz, h_n = self._split(linear(state.h, self.weight_hh))
        gain_rz, gain_n = self._split(self.gain_hh)
        r, z = torch.sigmoid(x_rz + layer_norm(h_rz, gain_rz.shape, gain_rz)).chunk(2, -1)
        n = torch.tanh(x_n + r * layer_norm(h_n, gain_n.shape, gain_n, self.bias_hn))
        return State(n + z * (state.h - n))
