"""DeltaNet (Yang et al., NeurIPS 2024, arXiv:2406.06484, after Schlag et al., 2021, arXiv:2102.11174)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize, silu

from elman.cell import Cell
from elman.cells.heads import MatrixState, empty_memory, head_size, in_heads


class DeltaNetCell(Cell[MatrixState]):
    r"""A matrix memory that overwrites what it holds for a key, by the delta rule.

    .. math:: q, k &= \mathrm{SiLU}(W_{qk} x_t) \text{, each head of length one}, \qquad v = W_v x_t \\
              \beta &= \sigma(w_\beta^\top x_t) \\
              S_t &= S_{t-1} + \beta\, k (v - S_{t-1}^\top k)^\top \\
              h_t &= S_t^\top q

    Good for associative recall where values change: a key that is written again replaces its value. The step is
    linear in the state ``S`` and computes no product with a weight matrix. The weights' blocks are in the order
    q, k, v; they start Xavier-uniform for each block.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the output.
        heads: number of heads, each of width d = H / heads; default 1.

    Raises:
        ValueError: if ``heads`` does not divide ``hidden_size``.

    Example:
        >>> DeltaNetCell(3, 6, heads=2).initial_state(4).S.shape
        torch.Size([4, 2, 3, 3])
    """

    year = 2024
    paper = "Yang et al., Parallelizing Linear Transformers with the Delta Rule over Sequence Length"
    family = "matrix memory"
    linear_in_state = True

    def __init__(self, input_size: int, hidden_size: int, heads: int = 1):
        super().__init__(input_size, hidden_size)
        self.heads, self.d = heads, head_size(hidden_size, heads)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W_q, W_k, W_v
        self.weight_beta = nn.Parameter(torch.empty(heads, input_size))
        for W in (*self.weight_ih.chunk(3), self.weight_beta):
            nn.init.xavier_uniform_(W)

    def initial_state(self, batch_size: int) -> MatrixState:
        """Both fields zero: ``h`` is ``[B, H]``, ``S`` is ``[B, heads, d, d]``."""
        return empty_memory(self.weight_ih, batch_size, self.heads, self.d)

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``q``, ``k`` and ``v``, each ``[..., H]``, and ``beta``, ``[..., heads]``."""
        q, k, v = linear(x, self.weight_ih).chunk(3, -1)
        q, k = (normalize(in_heads(silu(one), self.heads), dim=-1).flatten(-2) for one in (q, k))
        return q, k, v, torch.sigmoid(linear(x, self.weight_beta))

    def step(self, drive: tuple[Tensor, Tensor, Tensor, Tensor], state: MatrixState) -> MatrixState:
        """One step of the equations above."""
        q, k, v = (in_heads(part, self.heads) for part in drive[:3])
        beta = drive[3].unsqueeze(-1)
        old = (k.unsqueeze(-2) @ state.S).squeeze(-2)
        S = state.S + k.unsqueeze(-1) * (beta * (v - old)).unsqueeze(-2)
        return MatrixState((q.unsqueeze(-2) @ S).squeeze(-2).flatten(1), S)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, heads={self.heads}"
