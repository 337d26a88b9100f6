"""mLSTM (Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv:2405.04517, section 2.3)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, logsigmoid

from elman.cell import Cell
from elman.cells.heads import head_size, in_heads


class MLSTMState(NamedTuple):
    """The state of an mLSTM; ``C`` and ``n`` are scaled by ``exp(-m)``."""

    h: Tensor  # [B, H], the output
    C: Tensor  # [B, heads, d, d], the matrix memory
    n: Tensor  # [B, heads, d], the normaliser
    m: Tensor  # [B, heads], the stabiliser


class MLSTMCell(Cell[MLSTMState]):
    r"""The mLSTM cell of xLSTM: a matrix memory of keys and values with exponential gates.

    .. math:: q, k, v &= W_q x_t + b_q,\; (W_k x_t + b_k) / \sqrt d,\; W_v x_t + b_v \\
              i, f &= w_i^\top x_t + b_i,\; w_f^\top x_t + b_f, \qquad o = \sigma(W_o x_t + b_o) \\
              m_t &= \max(\log \sigma(f) + m_{t-1},\; i) \\
              C_t &= e^{\log \sigma(f) + m_{t-1} - m_t} C_{t-1} + e^{i - m_t} v k^\top \\
              n_t &= e^{\log \sigma(f) + m_{t-1} - m_t} n_{t-1} + e^{i - m_t} k \\
              h_t &= o \odot C_t q / \max(|n_t^\top q|, e^{-m_t})

    Good for storing and looking up many pairs of keys and values. Each head has its own ``C``, ``n``, ``m``,
    ``i`` and ``f``; ``m`` cancels in the quotient. The gates do not see the state, so the step computes no
    product with a weight matrix. The weights' blocks are in the order q, k, v, o. Weights start Xavier-uniform
    for each block, biases at zero except the forget gates', at 3.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the output.
        heads: number of heads, each of width d = H / heads; default 1.

    Raises:
        ValueError: if ``heads`` does not divide ``hidden_size``.

    Example:
        >>> [tuple(field.shape) for field in MLSTMCell(3, 6, heads=2).initial_state(4)]
        [(4, 6), (4, 2, 3, 3), (4, 2, 3), (4, 2)]
    """

    year = 2024
    paper = "Beck et al., xLSTM: Extended Long Short-Term Memory"
    family = "matrix memory"

    def __init__(self, input_size: int, hidden_size: int, heads: int = 1):
        super().__init__(input_size, hidden_size)
        self.heads, self.d = heads, head_size(hidden_size, heads)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W_q, W_k, W_v, W_o
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        self.weight_gates = nn.Parameter(torch.empty(2 * heads, input_size))  # w_i, w_f
        self.bias_gates = nn.Parameter(torch.zeros(2 * heads))
        for W in (*self.weight_ih.chunk(4), *self.weight_gates.chunk(2)):
            nn.init.xavier_uniform_(W)
        nn.init.constant_(self.bias_gates.chunk(2)[1], 3.0)

    def initial_state(self, batch_size: int) -> MLSTMState:
        """All fields zero: ``[B, H]``, ``[B, heads, d, d]``, ``[B, heads, d]``, ``[B, heads]``."""
        n, d = self.heads, self.d
        return MLSTMState(
            *(self.bias.new_zeros(batch_size, *shape) for shape in ((self.hidden_size,), (n, d, d), (n, d), (n,)))
        )

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        r"""``q``, ``k``, ``v`` and ``o``, each ``[..., H]``, ``i`` and :math:`\log \sigma(f)`, ``[..., heads]``."""
        q, k, v, o = linear(x, self.weight_ih, self.bias).chunk(4, -1)
        i, f = linear(x, self.weight_gates, self.bias_gates).chunk(2, -1)
        return q, k / self.d**0.5, v, torch.sigmoid(o), i, logsigmoid(f)

    def step(self, drive: tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], state: MLSTMState) -> MLSTMState:
        """One step of the equations above."""
        q, k, v = (in_heads(part, self.heads) for part in drive[:3])
        o, i, log_f = drive[3:]
        m = torch.maximum(log_f + state.m, i)
        old, new = torch.exp(log_f + state.m - m).unsqueeze(-1), torch.exp(i - m).unsqueeze(-1)
        C = old.unsqueeze(-1) * state.C + (new * v).unsqueeze(-1) * k.unsqueeze(-2)
        n = old * state.n + new * k
        least = torch.exp(-m.clamp_min(-80))  # below that the output is zero, and float32 would overflow
        read = (C @ q.unsqueeze(-1)).squeeze(-1) / torch.maximum((n * q).sum(-1).abs(), least).unsqueeze(-1)
        return MLSTMState(o * read.flatten(1), C, n, m)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, heads={self.heads}"
