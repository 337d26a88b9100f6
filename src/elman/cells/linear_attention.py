"""Linear attention (Katharopoulos, Vyas, Pappas & Fleuret, ICML 2020, arXiv:2006.16236, eqs. 16-20)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, linear

from elman.cell import Cell
from elman.cells.heads import head_size, in_heads


class LinearAttentionState(NamedTuple):
    """The state of linear attention."""

    h: Tensor  # [B, H], the output
    S: Tensor  # [B, heads, d, d], the attention memory
    z: Tensor  # [B, heads, d], the normaliser: the keys, summed


class LinearAttentionCell(Cell[LinearAttentionState]):
    r"""Causal attention with a kernel in place of the softmax, as a recurrent network.

    .. math:: q, k, v &= W_q x_t,\; W_k x_t,\; W_v x_t, \qquad \phi(a) = \mathrm{elu}(a) + 1 \\
              S_t &= S_{t-1} + \phi(k) v^\top, \qquad z_t = z_{t-1} + \phi(k) \\
              h_t &= S_t^\top \phi(q) / (z_t^\top \phi(q) + 10^{-6})

    Good as the plainest attention with a state of fixed size; it never forgets. The step is linear in ``S`` and
    ``z`` and computes no product with a weight matrix. The small number in the divisor is the authors' code's.
    The weights' blocks are in the order q, k, v; they start Xavier-uniform for each block.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the output.
        heads: number of heads, each of width d = H / heads; default 1.

    Raises:
        ValueError: if ``heads`` does not divide ``hidden_size``.

    Example:
        >>> [tuple(field.shape) for field in LinearAttentionCell(3, 6, heads=2).initial_state(4)]
        [(4, 6), (4, 2, 3, 3), (4, 2, 3)]
    """

    year = 2020
    paper = "Katharopoulos et al., Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention"
    family = "matrix memory"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int, heads: int = 1):
        super().__init__(input_size, hidden_size)
        self.heads, self.d = heads, head_size(hidden_size, heads)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W_q, W_k, W_v
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)

    @property
    def free_fields(self) -> tuple[str, ...]:
        """``h`` and ``S``: ``z`` is a sum of positive keys."""
        return ("h", "S")

    def initial_state(self, batch_size: int) -> LinearAttentionState:
        """All fields zero: ``[B, H]``, ``[B, heads, d, d]``, ``[B, heads, d]``."""
        shapes = (self.hidden_size,), (self.heads, self.d, self.d), (self.heads, self.d)
        return LinearAttentionState(*(self.weight_ih.new_zeros(batch_size, *shape) for shape in shapes))

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r""":math:`\phi(q)`, :math:`\phi(k)` and ``v``, each ``[..., H]``."""
        q, k, v = linear(x, self.weight_ih).chunk(3, -1)
        return elu(q) + 1, elu(k) + 1, v

    def step(self, drive: tuple[Tensor, Tensor, Tensor], state: LinearAttentionState) -> LinearAttentionState:
        """One step of the equations above."""
        q, k, v = (in_heads(part, self.heads) for part in drive)
        S = state.S + k.unsqueeze(-1) * v.unsqueeze(-2)
        z = state.z + k
        read = (q.unsqueeze(-2) @ S).squeeze(-2) / ((z * q).sum(-1, keepdim=True) + 1e-6)
        return LinearAttentionState(read.flatten(1), S, z)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, heads={self.heads}"
