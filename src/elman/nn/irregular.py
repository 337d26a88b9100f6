"""Predict the next value of an irregularly sampled series, given the time at which it comes."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from elman.cell import Cell, State
from elman.cells import GRUCell
from elman.cells.gap_cell import GapCell
from elman.engine import unroll

__all__ = ["DecayCell", "NextValue"]


class DecayCell(GapCell):
    r"""A GRU whose state decays between observations (Che et al., "Recurrent Neural Networks for Multivariate Time
    Series with Missing Values", 2018, without the paper's masks).

    .. math:: h' &= h_{t-1} \odot \exp(-\Delta t \, \mathrm{softplus}(w)) \\
              h_t &= \mathrm{GRU}(x_t, h')

    Args:
        input_size: features I of the input, the last of which is the gap; at least 2.
        hidden_size: features H of the state.

    Example:
        >>> cell = DecayCell(2, 4)
        >>> torch.equal(cell.flow(torch.ones(1, 4), torch.zeros(1, 1)), torch.ones(1, 4))
        True
    """

    year = 2018
    paper = "Che et al., Recurrent Neural Networks for Multivariate Time Series with Missing Values"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size, time_gap=True)
        self.cell = GRUCell(self.feature_size, hidden_size)
        self.w = nn.Parameter(torch.full((hidden_size,), -1.0))

    def drive(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The gap ``[..., 1]``, and the GRU's drive."""
        return x[..., -1:], self.cell.drive(x[..., :-1])

    def flow(self, h: Tensor, gap: Tensor) -> Tensor:
        """Return the state ``[..., H]`` after a time ``gap`` ``[..., 1]`` without observation."""
        return h * torch.exp(-gap * softplus(self.w))

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """Decay the state over the gap, then let the GRU read the observation."""
        gap, inner = drive
        return self.cell.step(inner, State(self.flow(state.h, gap)))


class NextValue(nn.Module):
    """Predict each value of a series from the values before it and the gap until it comes.

    A small network computes the prediction from the cell's state. If the cell has a method ``flow``, the state first
    flows over the gap. Otherwise, if the cell's ``input_size`` is 2, the network reads the gap as an additional
    input; if it is 1, neither cell nor network reads gaps.

    Args:
        cell: the cell that reads the values, and the gaps as its last feature if its ``input_size`` is 2.
        width: width of the network's hidden layer; default 32.

    Example:
        >>> from elman.cells import LSTMCell
        >>> NextValue(LSTMCell(2, 8))(torch.randn(6, 3), torch.rand(6, 3)).shape
        torch.Size([5, 3])
    """

    def __init__(self, cell: Cell, width: int = 32):
        super().__init__()
        self.cell = cell
        self.reads_gaps = cell.input_size == 2
        self.flows = hasattr(cell, "flow")
        self.hidden = nn.Linear(cell.output_size + (self.reads_gaps and not self.flows), width)
        self.out = nn.Linear(width, 1)

    def encode(self, values: Tensor, gaps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the cell's outputs ``[T, B, H]`` for values, and the gaps before them, ``[T, B]``."""
        x = torch.stack([values, gaps], -1) if self.reads_gaps else values[..., None]
        return unroll(self.cell, x, lengths=lengths)[0]

    def ask(self, h: Tensor, gap: Tensor) -> Tensor:
        """Predict the value ``[...]`` a time ``gap`` ``[...]`` after the output ``h`` ``[..., H]``."""
        gap = gap[..., None]
        if self.flows:
            h = self.cell.flow(h, gap)  # pyright: ignore[reportCallIssue]
        elif self.reads_gaps:
            h = torch.cat([h, gap], -1)
        return self.out(torch.tanh(self.hidden(h)))[..., 0]

    def forward(self, values: Tensor, gaps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Predict ``values[1:]``, ``[T - 1, B]``."""
        return self.ask(self.encode(values, gaps, lengths)[:-1], gaps[1:])
