"""RG-LRU (De et al., "Griffin", 2024, arXiv:2402.19427, section 2.4)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

from elman.cell import Cell, State


class RGLRUCell(Cell):
    r"""The real-gated linear recurrent unit: each unit decays at a rate that the input sets.

    .. math:: u &= W_u x_t + b_u, \qquad r = \sigma(W_a x_t + b_a), \qquad i = \sigma(W_x x_t + b_x) \\
              a_t &= \sigma(\Lambda)^{8 r} \\
              h_t &= a_t \odot h_{t-1} + \sqrt{1 - a_t^2} \odot (i \odot u)

    Good for long sequences at low cost: the step is linear in the state and computes no matrix product. ``u`` is
    the linear layer that precedes the unit in the paper's block; the block's convolution is not part of the cell.
    The weights' blocks are in the order u, a, x. Weights start Xavier-uniform for each block, biases at zero, and
    ``Lambda`` so that :math:`\sigma(\Lambda)^8` is uniform between 0.9 and 0.999.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.

    Example:
        >>> sum(p.numel() for p in RGLRUCell(3, 5).parameters())
        65
    """

    year = 2024
    paper = "De et al., Griffin: Mixing Gated Linear Recurrences with Local Attention for Efficient Language Models"
    family = "linear in the state"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        decay = torch.empty(hidden_size).uniform_(0.9, 0.999) ** (1 / 8)
        self.Lambda = nn.Parameter(torch.logit(decay))
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""The decay ``a`` and what enters, :math:`\sqrt{1 - a^2} \odot i \odot u`, each ``[..., H]``."""
        u, r, i = linear(x, self.weight_ih, self.bias).chunk(3, -1)
        log_a = -8 * torch.sigmoid(r) * softplus(-self.Lambda)
        rest = -torch.expm1(2 * log_a)  # 1 - a², exact where a is almost one
        return torch.exp(log_a), torch.sqrt(rest.clamp_min(1e-12)) * torch.sigmoid(i) * u  # sqrt has no slope at 0

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """One step of the last equation above."""
        a, entering = drive
        return State(a * state.h + entering)
