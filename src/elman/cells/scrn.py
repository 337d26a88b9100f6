"""The structurally constrained recurrent network (Mikolov et al., 2015, arXiv:1412.7753, eqs. 3-5)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.errors import check_positive


class SCRNState(NamedTuple):
    """The state: the hidden layer and the slow context."""

    h: Tensor  # [B, H]
    s: Tensor  # [B, C]


class SCRNCell(Cell[SCRNState]):
    r"""A simple recurrent cell with additional context units that change slowly.

    .. math:: s_t &= (1 - \alpha) B x_t + \alpha s_{t-1} \\
              h_t &= \sigma(P s_t + A x_t + R h_{t-1})

    Each context unit is a running mean of its inputs, so its gradient fades no faster than
    :math:`\alpha^t`. The paper's output layer reads both ``h`` and ``s``; here ``s`` reaches the output only
    through ``P``. There are no biases. ``A``, ``B`` and ``P`` start Xavier-uniform, ``R`` orthogonal.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the hidden layer.
        context_size: features C of the context; default a quarter of H, at least 1.
        alpha: how much of the context is kept at a step, from 0 to 1; default 0.95.

    Raises:
        ValueError: if a size is not a positive integer or ``alpha`` is out of range.

    Example:
        >>> state = SCRNCell(3, 20).initial_state(2)
        >>> state.h.shape, state.s.shape
        (torch.Size([2, 20]), torch.Size([2, 5]))
    """

    year = 2015
    paper = "Mikolov et al., Learning Longer Memory in Recurrent Neural Networks"
    family = "long memory"

    def __init__(self, input_size: int, hidden_size: int, context_size: int | None = None, alpha: float = 0.95):
        super().__init__(input_size, hidden_size)
        if context_size is None:
            context_size = max(1, hidden_size // 4)
        (context_size,) = check_positive(context_size=context_size)
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha must lie between 0 and 1, got {alpha!r}")
        self.context_size, self.alpha = context_size, float(alpha)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # A
        self.weight_is = nn.Parameter(torch.empty(context_size, input_size))  # B
        self.weight_sh = nn.Parameter(torch.empty(hidden_size, context_size))  # P
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        for W in (self.weight_ih, self.weight_is, self.weight_sh):
            nn.init.xavier_uniform_(W)
        nn.init.orthogonal_(self.weight_hh)

    def initial_state(self, batch_size: int) -> SCRNState:
        """Both fields zero: ``h`` is ``[B, H]``, ``s`` is ``[B, C]``."""
        widths = (self.hidden_size, self.context_size)
        return SCRNState(*(self.weight_ih.new_zeros(batch_size, width) for width in widths))

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``A x`` ``[..., H]`` and ``(1 - alpha) B x`` ``[..., C]``."""
        return linear(x, self.weight_ih), (1 - self.alpha) * linear(x, self.weight_is)

    def step(self, drive: tuple[Tensor, Tensor], state: SCRNState) -> SCRNState:
        """One step of the equations above."""
        s = drive[1] + self.alpha * state.s
        return SCRNState(torch.sigmoid(drive[0] + linear(s, self.weight_sh) + linear(state.h, self.weight_hh)), s)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, context_size={self.context_size}, alpha={self.alpha}"
