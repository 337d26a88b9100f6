"""LSTMs with one gate taken out (Greff et al., 2017, arXiv:1503.04069: NFG, NIG, NOG, CIFG)."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates
from elman.cells.lstm import LSTMState


class _ThreeBlockLSTM(Cell):
    """An LSTM with three blocks of weights, each input block Xavier-uniform, each recurrent one orthogonal."""

    state_type: ClassVar = LSTMState

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 3)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 3H]``."""
        return linear(x, self.weight_ih, self.bias)

    def blocks(self, drive: Tensor, state: LSTMState) -> tuple[Tensor, ...]:
        """The three pre-activations, each ``[B, H]``."""
        return (drive + linear(state.h, self.weight_hh)).chunk(3, -1)


class NoForgetGateLSTMCell(_ThreeBlockLSTM):
    r"""The LSTM without forget gate, that of 1997: f = 1 always.

    .. math:: i, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.

    Example:
        >>> sum(p.numel() for p in NoForgetGateLSTMCell(128, 256).parameters())
        295680
    """

    year = 1997
    paper = "Hochreiter & Schmidhuber, Long Short-Term Memory"

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, g, o = self.blocks(drive, state)
        c = state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)


class NoInputGateLSTMCell(_ThreeBlockLSTM):
    r"""The LSTM without input gate: i = 1 always.

    .. math:: f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts.

    Example:
        >>> NoInputGateLSTMCell(2, 3).bias.tolist()
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """

    year = 2017
    paper = "Greff et al., LSTM: A Search Space Odyssey"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        nn.init.constant_(self.bias.chunk(3)[0], forget_bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        f, g, o = self.blocks(drive, state)
        c = torch.sigmoid(f) * state.c + torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)


class NoOutputGateLSTMCell(_ThreeBlockLSTM):
    r"""The LSTM without output gate: o = 1 always.

    .. math:: i, f, g &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= \tanh(c_t)

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts.

    Example:
        >>> NoOutputGateLSTMCell(2, 3).bias.tolist()
        [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """

    year = 2017
    paper = "Greff et al., LSTM: A Search Space Odyssey"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        nn.init.constant_(self.bias.chunk(3)[1], forget_bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, f, g = self.blocks(drive, state)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.tanh(c), c)


class CoupledGateLSTMCell(_ThreeBlockLSTM):
    r"""The LSTM whose input gate is what the forget gate leaves (Greff et al.'s CIFG): i = 1 - f.

    .. math:: f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + (1 - \sigma(f)) \odot \tanh(g) \\
              h_t &= \sigma(o) \odot \tanh(c_t)

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_bias: where the forget gate's bias starts.

    Example:
        >>> sum(p.numel() for p in CoupledGateLSTMCell(128, 256).parameters())
        295680
    """

    year = 2017
    paper = "Greff et al., LSTM: A Search Space Odyssey"

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        nn.init.constant_(self.bias.chunk(3)[0], forget_bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        f, g, o = self.blocks(drive, state)
        g = torch.tanh(g)
        c = g + torch.sigmoid(f) * (state.c - g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(c), c)
