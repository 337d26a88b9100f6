"""RWKV-4's time mixing (Peng et al., "RWKV: Reinventing RNNs for the Transformer Era", 2023, arXiv:2305.13048)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell


class RWKV4State(NamedTuple):
    """The state of RWKV-4's time mixing; ``a`` and ``b`` are scaled by ``exp(-p)``."""

    h: Tensor  # [B, H], the output
    a: Tensor  # [B, H], the numerator: weighted values, summed
    b: Tensor  # [B, H], the denominator: the weights, summed
    p: Tensor  # [B, H], the stabiliser
    shift: Tensor  # [B, 3H], what the input before adds to r, k and v


class RWKV4Cell(Cell[RWKV4State]):
    r"""RWKV-4's time mixing: a weighted mean of the past, whose weights decay at a fixed rate for each unit.

    .. math:: r, k, v &= W (\mu \odot x_t + (1 - \mu) \odot x_{t-1}) \text{, each with its own } W \text{ and } \mu \\
              h_t &= \sigma(r) \odot \frac{a_{t-1} + e^{u + k} \odot v}{b_{t-1} + e^{u + k}} \\
              a_t &= e^{-w} \odot a_{t-1} + e^k \odot v, \qquad b_t = e^{-w} \odot b_{t-1} + e^k, \qquad w = e^\omega

    Good for language models that must run with little memory: the step computes no matrix product. The sums are
    held scaled, as in the paper's appendix D, so that no exponential overflows. The paper's output projection is
    left to the layer above. The weights' blocks are in the order r, k, v. Weights start Xavier-uniform for each
    block, ``mu`` at 0.5, ``u`` at log 0.3 and ``omega`` from -5 to 3 over the units, after the authors' code.

    Args:
        input_size: features I of the input.
        hidden_size: features H of each state vector.

    Example:
        >>> sum(p.numel() for p in RWKV4Cell(3, 5).parameters())
        64
    """

    year = 2023
    paper = "Peng et al., RWKV: Reinventing RNNs for the Transformer Era"
    family = "linear in the state"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.mu = nn.Parameter(torch.full((3, input_size), 0.5))
        self.u = nn.Parameter(torch.full((hidden_size,), 0.3).log())
        self.omega = nn.Parameter(torch.linspace(-5, 3, hidden_size))
        for W in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(W)

    @property
    def free_fields(self) -> tuple[str, ...]:
        """``h`` and ``shift``: ``b`` is a sum of positive weights and must fit ``a`` and ``p``."""
        return ("h", "shift")

    def initial_state(self, batch_size: int) -> RWKV4State:
        """All fields zero: ``shift`` is ``[B, 3H]``, the others are ``[B, H]``."""
        new, H = self.u.new_zeros, self.hidden_size
        first, second, third, fourth = (new(batch_size, H) for _ in range(4))
        return RWKV4State(first, second, third, fourth, new(batch_size, 3 * H))

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What ``x`` adds to r, k and v at this step, and at the next, each ``[..., 3H]``."""
        W = self.weight_ih.unflatten(0, (3, self.hidden_size))
        mu = self.mu.unsqueeze(1)
        return linear(x, (mu * W).flatten(0, 1)), linear(x, ((1 - mu) * W).flatten(0, 1))

    def step(self, drive: tuple[Tensor, Tensor], state: RWKV4State) -> RWKV4State:
        """One step of the equations above."""
        now, shift = drive
        r, k, v = (now + state.shift).chunk(3, -1)
        first = state.b == 0  # at the first step nothing is held, and p says nothing
        bonus = self.u + k
        past = torch.where(first, bonus, state.p)
        q = torch.maximum(past, bonus)
        old, new = torch.exp(past - q), torch.exp(bonus - q)
        h = torch.sigmoid(r) * (old * state.a + new * v) / (old * state.b + new)
        past = torch.where(first, k, state.p - torch.exp(self.omega))
        p = torch.maximum(past, k)
        old, new = torch.exp(past - p), torch.exp(k - p)
        return RWKV4State(h, old * state.a + new * v, old * state.b + new, p, shift)
