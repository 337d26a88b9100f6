"""The LSTM with coupled input and forget gates (Greff et al., 2017, arXiv:1503.04069: CIFG)."""

import torch
from torch import Tensor, nn

from elman.cells.lstm import LSTMState
from elman.cells.three_block_lstm import ThreeBlockLSTM


class CoupledGateLSTMCell(ThreeBlockLSTM):
    r"""The LSTM whose input gate is coupled to the forget gate (CIFG): i = 1 - f.

    .. math:: f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + (1 - \sigma(f)) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Greff et al. couple the gates of an LSTM with peepholes; this cell has no peepholes.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts; default 1.

    Example:
        >>> sum(p.numel() for p in CoupledGateLSTMCell(128, 256).parameters())
        295680
    """

    year = 2017
    paper = "Greff et al., LSTM: A Search Space Odyssey"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        nn.init.constant_(self.bias.chunk(3)[0], forget_bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        f, g, o = self.blocks(drive, state)
        g = torch.tanh(g)
        c = g + torch.sigmoid(f) * (state.c - g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)
