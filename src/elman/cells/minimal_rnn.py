"""MinimalRNN (Chen, 2017, arXiv:1711.06788)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell, State


class MinimalRNNCell(Cell):
    r"""One gate between the old state and an encoding of the input.

    .. math:: z &= \tanh(W x_t + b_z) \\
              u &= \sigma(R_h h_{t-1} + R_z z + b_u) \\
              h_t &= u \odot h_{t-1} + (1 - u) \odot z

    Good for states that can be read: the state stays a mean of encoded inputs. The weights start Xavier-uniform,
    ``R_h`` orthogonal, biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in MinimalRNNCell(3, 5).parameters())
        75
    """

    year = 2017
    paper = "Chen, MinimalRNN: Toward More Interpretable and Trainable Recurrent Neural Networks"
    family = "gated"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_zh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R_z
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R_h
        self.bias = nn.Parameter(torch.zeros(2 * hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)
        nn.init.xavier_uniform_(self.weight_zh)
        nn.init.orthogonal_(self.weight_hh)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``z`` and ``R_z z + b_u``, each ``[..., H]``."""
        b_z, b_u = self.bias.chunk(2)
        z = torch.tanh(linear(x, self.weight_ih, b_z))
        return z, linear(z, self.weight_zh, b_u)

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """One step of the equations above."""
        z, z_u = drive
        u = torch.sigmoid(z_u + linear(state.h, self.weight_hh))
        return State(z + u * (state.h - z))
