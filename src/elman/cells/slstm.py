"""sLSTM (Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv:2405.04517, section 2.2)."""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, logsigmoid

from elman.cell import Cell
from elman.cells.initial import start_gates

ForgetGate = Literal["exp", "sigmoid"]


class SLSTMState(NamedTuple):
    """The state of an sLSTM; ``c`` and ``n`` are scaled by ``exp(-m)``."""

    h: Tensor  # [B, H]
    c: Tensor  # [B, H], the cell state
    n: Tensor  # [B, H], the normaliser: the weights in c, summed
    m: Tensor  # [B, H], the stabiliser


class SLSTMCell(Cell[SLSTMState]):
    r"""The sLSTM cell of xLSTM, with scalar memory, exponential gates normalised by their sum, and one head.

    .. math:: i, f, z, o &= W x_t + R h_{t-1} + b \\
              m_t &= \max(\log f' + m_{t-1},\; i), \qquad \log f' = f \text{ or } \log \sigma(f) \\
              c_t &= e^{\log f' + m_{t-1} - m_t} \odot c_{t-1} + e^{i - m_t} \odot \tanh(z) \\
              n_t &= e^{\log f' + m_{t-1} - m_t} \odot n_{t-1} + e^{i - m_t} \\
              h_t &= \sigma(o) \odot c_t / n_t

    ``c / n`` is a weighted mean of :math:`\tanh(z)` over the past, in which the input gate can give one step more
    weight than all earlier steps together. ``m`` cancels in the quotient and keeps every exponent at or below zero.
    All fields start at zero; ``n`` = 0 marks the first step, at which ``m`` is ``i``. The weights' blocks are in the
    order i, f, z, o. Input weights start Xavier-uniform for each block, recurrent weights orthogonal, biases at zero
    except the forget gate's.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.
        forget_gate: ``"exp"``, or ``"sigmoid"``, which the authors' code uses; the paper allows both.
        forget_bias: where the forget gate's bias starts; default 0 for ``"exp"``, which keeps all of the old
            state, and 3 for ``"sigmoid"``, which keeps 95 %.

    Raises:
        ValueError: if ``forget_gate`` is neither.

    Example:
        >>> cell = SLSTMCell(128, 256)
        >>> sum(p.numel() for p in cell.parameters()), cell.initial_state(1)._fields
        (394240, ('h', 'c', 'n', 'm'))
    """

    year = 2024
    paper = "Beck et al., xLSTM: Extended Long Short-Term Memory"
    family = "gated"

    def __init__(
        self, input_size: int, hidden_size: int, forget_gate: ForgetGate = "exp", forget_bias: float | None = None
    ):
        super().__init__(input_size, hidden_size)
        if forget_gate not in get_args(ForgetGate):
            raise ValueError(f"forget_gate must be 'exp' or 'sigmoid', got {forget_gate!r}")
        if forget_bias is None:
            forget_bias = 0.0 if forget_gate == "exp" else 3.0
        self.forget_gate = forget_gate
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 4)
        nn.init.constant_(self.bias.chunk(4)[1], forget_bias)

    @property
    def free_fields(self) -> tuple[str, ...]:
        """Only ``h``: ``n`` is a sum of positive weights and must fit ``c`` and ``m``."""
        return ("h",)

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 4H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: SLSTMState) -> SLSTMState:
        """One step of the equations above."""
        i, f, z, o = (drive + linear(state.h, self.weight_hh)).chunk(4, -1)
        past = (f if self.forget_gate == "exp" else logsigmoid(f)) + state.m
        past = torch.where(state.n == 0, i, past)  # otherwise an f far above i would overflow
        m = torch.maximum(past, i)
        old, new = torch.exp(past - m), torch.exp(i - m)
        c = old * state.c + new * torch.tanh(z)
        n = old * state.n + new
        return SLSTMState(torch.sigmoid(o) * c / n, c, n, m)

    def extra_repr(self) -> str:
        """Sizes and forget gate, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, forget_gate={self.forget_gate!r}"
