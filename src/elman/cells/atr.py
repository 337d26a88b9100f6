"""The addition-subtraction twin-gated RNN (Zhang, Xiong, Su, Lin & Zhang, EMNLP 2018, arXiv:1810.12546)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State
from elman.cells.initial import start_gates


class ATRCell(Cell):
    r"""Two gates from one sum and one difference of two projections.

    .. math:: p &= W x_t + b, \qquad q = R h_{t-1} \\
              i &= \sigma(p + q), \qquad f = \sigma(p - q) \\
              h_t &= i \odot p + f \odot h_{t-1}

    Good for translation at a third of a GRU's weights. The state is not bounded. ``W`` starts Xavier-uniform,
    ``R`` orthogonal, ``b`` at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in ATRCell(3, 5).parameters())
        45
    """

    year = 2018
    paper = (
        "Zhang et al., Simplifying Neural Machine Translation with Addition-Subtraction Twin-Gated Recurrent Networks"
    )
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 1)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        q = linear(state.h, self.weight_hh)
        return State(torch.sigmoid(drive + q) * drive + torch.sigmoid(drive - q) * state.h)
