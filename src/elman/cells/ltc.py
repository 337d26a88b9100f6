"""The liquid time-constant cell (Hasani et al., AAAI 2021, arXiv:2006.04439, eqs. 1-3, algorithm 1)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import State
from elman.cells.gap_cell import GapCell
from elman.errors import check_positive


class LTCCell(GapCell):
    r"""Leaky units whose time constants depend on the input, integrated in a fixed number of small steps.

    .. math:: \frac{dh}{dt} &= -\Big(\frac{1}{\tau} + f\Big) \odot h + f \odot A,
                  \qquad f = \sigma(W x_t + R h + b) \\
              h &\leftarrow \frac{h + \delta\, f \odot A}{1 + \delta\, (1 / \tau + f)},
                  \qquad \delta = \Delta t / \text{unfolds}

    The second line, the paper's fused solver, is implicit in the decaying ``h`` and explicit in ``f``; each time step
    applies it ``unfolds`` times. Each application is a weighted mean of ``h``, ``A`` and 0, so a unit that starts
    between 0 and its reversal potential ``A`` stays there (the paper's theorem 2), whatever the gap. ``f`` is the
    paper's layer; the authors' code models single synapses instead. ``W`` starts Xavier-uniform, ``R`` orthogonal,
    ``b`` at zero, each ``A`` at 1 or -1 at random, and ``log_tau`` at zero, a time constant of one step.

    Args:
        input_size: features I of the input, the gap included.
        hidden_size: features H of the state.
        unfolds: solver steps per time step, each with one matrix product; default 6.
        time_gap: whether the last feature of the input is the time since the step before, at least 0, which
            ``W`` then does not read; by default every step lasts 1.

    Raises:
        ValueError: if a size or ``unfolds`` is not a positive integer, or if the gap would be the only feature.

    Example:
        >>> cell = LTCCell(3, 5, time_gap=True)
        >>> state, no_time = State(torch.full((1, 5), 0.25)), torch.tensor([[0.7, -1.2, 0.0]])
        >>> cell(no_time, state).h.tolist()
        [[0.25, 0.25, 0.25, 0.25, 0.25]]
    """

    year = 2021
    paper = "Hasani et al., Liquid Time-Constant Networks"
    family = "continuous time"

    def __init__(self, input_size: int, hidden_size: int, unfolds: int = 6, time_gap: bool = False):
        super().__init__(input_size, hidden_size, time_gap)
        (unfolds,) = check_positive(unfolds=unfolds)
        self.unfolds = unfolds
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, self.feature_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # R
        self.bias = nn.Parameter(torch.zeros(hidden_size))  # b
        self.reversal = nn.Parameter(torch.randint(0, 2, (hidden_size,)) * 2.0 - 1)  # A
        self.log_tau = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)
        nn.init.orthogonal_(self.weight_hh)

    def drive(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """``W x + b`` ``[..., H]``, and the gap ``[..., 1]`` if there is one."""
        x, gap = self.apart(x)
        a = linear(x, self.weight_ih, self.bias)
        return a if gap is None else (a, gap)

    def step(self, drive: Tensor | tuple[Tensor, Tensor], state: State) -> State:
        """One step of the equations above, in ``unfolds`` solver steps."""
        a, gap = drive if isinstance(drive, tuple) else (drive, 1.0)
        h, delta, leak = state.h, gap / self.unfolds, torch.exp(-self.log_tau)
        for _ in range(self.unfolds):
            f = torch.sigmoid(a + linear(h, self.weight_hh))
            h = (h + delta * f * self.reversal) / (1 + delta * (leak + f))
        return State(h)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{super().extra_repr()}, unfolds={self.unfolds}"
