"""Retention (Sun et al., "Retentive Network", 2023, arXiv:2307.08621, section 2.1, the recurrent form)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.heads import MatrixState, empty_memory, head_size, in_heads


class RetentionCell(Cell[MatrixState]):
    r"""A matrix memory that decays at a fixed rate for each head.

    .. math:: q, k, v &= W_q x_t,\; W_k x_t / \sqrt d,\; W_v x_t \\
              S_t &= \gamma S_{t-1} + k v^\top, \qquad \gamma = 1 - 2^{-5 - \text{head}} \\
              h_t &= S_t^\top q

    Good as a cheap attention over the recent past; with more heads it looks back further. The step is linear in
    the state ``S`` and computes no product with a weight matrix. The paper's rotation of ``q`` and ``k``, and the
    norm and gate of its block, are not part of the cell. The weights' blocks are in the order q, k, v; they start
    Xavier-uniform for each block.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the output.
        heads: number of heads, each of width d = H / heads; default 1.

    Raises:
        ValueError: if ``heads`` does not divide ``hidden_size``.

    Example:
        >>> RetentionCell(3, 6, heads=2).gamma.tolist()
        [0.96875, 0.984375]
    """

    year = 2023
    paper = "Sun et al., Retentive Network: A Successor to Transformer for Large Language Models"
    family = "matrix memory"
    linear_in_state = True
    gamma: Tensor

    def __init__(self, input_size: int, hidden_size: int, heads: int = 1):
        super().__init__(input_size, hidden_size)
        self.heads, self.d = heads, head_size(hidden_size, heads)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W_q, W_k, W_v
        self.register_buffer("gamma", 1 - 2.0 ** (-5 - torch.arange(heads)), persistent=False)
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)

    def initial_state(self, batch_size: int) -> MatrixState:
        """Both fields zero: ``h`` is ``[B, H]``, ``S`` is ``[B, heads, d, d]``."""
        return empty_memory(self.weight_ih, batch_size, self.heads, self.d)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``q``, ``k`` and ``v``, each ``[..., H]``."""
        q, k, v = linear(x, self.weight_ih).chunk(3, -1)
        return q, k / self.d**0.5, v

    def step(self, drive: tuple[Tensor, Tensor, Tensor], state: MatrixState) -> MatrixState:
        """One step of the equations above."""
        q, k, v = (in_heads(part, self.heads) for part in drive)
        S = self.gamma[:, None, None] * state.S + k.unsqueeze(-1) * v.unsqueeze(-2)
        return MatrixState((q.unsqueeze(-2) @ S).squeeze(-2).flatten(1), S)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, heads={self.heads}"
