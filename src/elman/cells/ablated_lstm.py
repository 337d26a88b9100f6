"""LSTMs with one gate removed (Greff et al., 2017, arXiv:1503.04069: NFG, NIG, NOG)."""

import torch
from torch import Tensor, nn

from elman.cells.lstm import LSTMState
from elman.cells.three_block_lstm import ThreeBlockLSTM


class NoForgetGateLSTMCell(ThreeBlockLSTM):
    r"""The LSTM without forget gate, as published in 1997: f = 1 always.

    .. math:: i, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Greff et al. remove the gate from an LSTM with peepholes; this cell has no peepholes.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.

    Example:
        >>> sum(p.numel() for p in NoForgetGateLSTMCell(128, 256).parameters())
        295680
    """

    year = 1997
    paper = "Hochreiter & Schmidhuber, Long Short-Term Memory"
    family = "gated"

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, g, o = self.blocks(drive, state)
        c = state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)


class NoInputGateLSTMCell(ThreeBlockLSTM):
    r"""The LSTM without input gate: i = 1 always.

    .. math:: f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Greff et al. remove the gate from an LSTM with peepholes; this cell has no peepholes.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts; default 1.

    Example:
        >>> NoInputGateLSTMCell(2, 3).bias.tolist()
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
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
        c = torch.sigmoid(f) * state.c + torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)


class NoOutputGateLSTMCell(ThreeBlockLSTM):
    r"""The LSTM without output gate: o = 1 always.

    .. math:: i, f, g &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \tanh(c_t)

    Greff et al. remove the gate from an LSTM with peepholes; this cell has no peepholes.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts; default 1.

    Example:
        >>> NoOutputGateLSTMCell(2, 3).bias.tolist()
        [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """

    year = 2017
    paper = "Greff et al., LSTM: A Search Space Odyssey"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        nn.init.constant_(self.bias.chunk(3)[1], forget_bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, f, g = self.blocks(drive, state)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.tanh(c), c)
