"""Jordan's network ("Attractor Dynamics and Parallelism in a Connectionist Sequential Machine", 1986)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.errors import check_positive


class JordanState(NamedTuple):
    """The state: the last output and a decaying trace of earlier outputs."""

    h: Tensor  # [B, O], the output y
    s: Tensor  # [B, O], the state units


class JordanCell(Cell[JordanState]):
    r"""A network that feeds back its output instead of its hidden layer.

    .. math:: s_t &= \mu s_{t-1} + y_{t-1} \\
              u_t &= \tanh(W x_t + R s_t + b) \\
              y_t &= \tanh(V u_t + c)

    The first state field is the output ``y``; the hidden layer ``u`` is not part of the state. Jordan's units are
    logistic; a change of weights and biases maps them to tanh units. ``W``, ``R`` and ``V`` start Xavier-uniform,
    biases at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the hidden layer.
        out_size: features O of the output; default H.
        decay: :math:`\mu`, how much of the trace is kept at a step, from 0 to below 1; default 0.5.

    Raises:
        ValueError: if a size is not a positive integer or ``decay`` is out of range.

    Example:
        >>> cell = JordanCell(3, 20, out_size=2)
        >>> cell(torch.randn(4, 3)).h.shape
        torch.Size([4, 2])
    """

    year = 1986
    paper = "Jordan, Attractor Dynamics and Parallelism in a Connectionist Sequential Machine"
    family = "simple"

    def __init__(self, input_size: int, hidden_size: int, out_size: int | None = None, decay: float = 0.5):
        super().__init__(input_size, hidden_size)
        if out_size is None:
            out_size = hidden_size
        (out_size,) = check_positive(out_size=out_size)
        if not 0 <= decay < 1:
            raise ValueError(f"decay must be at least 0 and below 1, got {decay!r}")
        self.out_size, self.decay = out_size, float(decay)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_sh = nn.Parameter(torch.empty(hidden_size, out_size))  # R
        self.bias = nn.Parameter(torch.zeros(hidden_size))  # b
        self.weight_out = nn.Parameter(torch.empty(out_size, hidden_size))  # V
        self.bias_out = nn.Parameter(torch.zeros(out_size))  # c
        for weight in (self.weight_ih, self.weight_sh, self.weight_out):
            nn.init.xavier_uniform_(weight)

    def initial_state(self, batch_size: int) -> JordanState:
        """Both fields zero, ``[B, O]``."""
        return JordanState(*(self.weight_ih.new_zeros(batch_size, self.out_size) for _ in range(2)))

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: JordanState) -> JordanState:
        """One step of the equations above."""
        s = self.decay * state.s + state.h
        u = torch.tanh(drive + linear(s, self.weight_sh))
        return JordanState(torch.tanh(linear(u, self.weight_out, self.bias_out)), s)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, out_size={self.out_size}, decay={self.decay}"
