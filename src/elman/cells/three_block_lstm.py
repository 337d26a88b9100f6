"""The base class of LSTMs with three weight blocks: their weights, and the product of a step."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates
from elman.cells.lstm import LSTMState


class ThreeBlockLSTM(Cell[LSTMState]):
    """An LSTM with one gate fewer: three weight blocks, each input block Xavier-uniform, each recurrent block
    orthogonal. The subclass defines the step."""

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
