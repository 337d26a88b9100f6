"""The closed-form continuous-time cell (Hasani et al., Nature Machine Intelligence 4, 2022, arXiv:2106.13898)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import State
from elman.cells.gap_cell import GapCell
from elman.errors import check_positive


class CfCCell(GapCell):
    r"""The closed-form approximation of a liquid time-constant cell, without an ODE solver.

    .. math:: u &= 1.7159 \tanh(0.666\, (W x_t + R h_{t-1} + b)) \\
              g, k, p, q &= V u + c \\
              s &= \sigma(p\, \Delta t + q) \\
              h_t &= (1 - s) \odot \tanh(g) + s \odot \tanh(k)

    As time passes, each unit moves from ``tanh(g)`` to ``tanh(k)``, at a rate ``p`` and an offset ``q`` that depend
    on input and state. This is the paper's eq. 4 with a backbone ``u`` of one layer and the ``q`` of the authors'
    code. A step computes two matrix products, one after the other. Weights start Xavier-uniform for each block,
    biases at zero.

    Args:
        input_size: features I of the input, the gap included.
        hidden_size: features H of the state.
        backbone_size: features of ``u``; default H.
        time_gap: whether the last feature of the input is the time since the step before, at least 0, which
            ``W`` then does not read; by default every step lasts 1.

    Raises:
        ValueError: if a size is not a positive integer, or if the gap would be the only feature.

    Example:
        >>> cell = CfCCell(3, 5, time_gap=True)
        >>> cell.weight_ih.shape, cell(torch.rand(2, 3)).h.shape
        (torch.Size([5, 2]), torch.Size([2, 5]))
    """

    year = 2022
    paper = "Hasani et al., Closed-Form Continuous-Time Neural Networks"
    family = "continuous time"

    def __init__(self, input_size: int, hidden_size: int, backbone_size: int | None = None, time_gap: bool = False):
        super().__init__(input_size, hidden_size, time_gap)
        if backbone_size is None:
            backbone_size = hidden_size
        (backbone_size,) = check_positive(backbone_size=backbone_size)
        self.weight_ih = nn.Parameter(torch.empty(backbone_size, self.feature_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(backbone_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(backbone_size))  # b
        self.weight_heads = nn.Parameter(torch.empty(4 * hidden_size, backbone_size))  # V
        self.bias_heads = nn.Parameter(torch.zeros(4 * hidden_size))  # c
        for weight in (self.weight_ih, self.weight_hh, *self.weight_heads.chunk(4)):
            nn.init.xavier_uniform_(weight)

    def drive(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """``W x + b`` ``[..., U]``, and the gap ``[..., 1]`` if there is one."""
        x, gap = self.apart(x)
        a = linear(x, self.weight_ih, self.bias)
        return a if gap is None else (a, gap)

    def step(self, drive: Tensor | tuple[Tensor, Tensor], state: State) -> State:
        """One step of the equations above."""
        a, gap = drive if isinstance(drive, tuple) else (drive, 1.0)
        u = 1.7159 * torch.tanh(0.666 * (a + linear(state.h, self.weight_hh)))
        g, k, p, q = linear(u, self.weight_heads, self.bias_heads).chunk(4, -1)
        g = torch.tanh(g)
        return State(g + torch.sigmoid(p * gap + q) * (torch.tanh(k) - g))
