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
    """Predict each value of a series, or several quantities, from those before and the gap until it comes.

    A small network computes the prediction from the cell's state. If the cell has a method ``flow``, the state first
    flows over the gap. Otherwise, if the cell reads gaps, the network reads the gap as an additional input.

    Args:
        cell: the cell that reads the features, and the gaps as its last feature if its ``input_size`` is one more
            than the number of features.
        width: width of the network's hidden layer; default 32.
        features: features F of an observation; default 1, its value.
        quantities: values D that are predicted; default 1.

    Example:
        >>> from elman.cells import LSTMCell
        >>> NextValue(LSTMCell(2, 8))(torch.randn(6, 3), torch.rand(6, 3)).shape
        torch.Size([5, 3])
    """

    def __init__(self, cell: Cell, width: int = 32, features: int = 1, quantities: int = 1):
        super().__init__()
        self.cell = cell
        self.several = features > 1 or quantities > 1
        self.reads_gaps = cell.input_size == features + 1
        self.flows = hasattr(cell, "flow")
        self.hidden = nn.Linear(cell.output_size + (self.reads_gaps and not self.flows), width)
        self.out = nn.Linear(width, quantities)

    def encode(self, values: Tensor, gaps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the cell's outputs ``[T, B, H]`` for values ``[T, B]``, or features ``[T, B, F]``, and the gaps
        before them, ``[T, B]``."""
        return unroll(self.cell, self.joined(values, gaps), lengths=lengths)[0]

    def joined(self, values: Tensor, gaps: Tensor) -> Tensor:
        """Return what the cell reads, ``[T, B, F]`` or, with the gaps, ``[T, B, F + 1]``."""
        x = values if self.several else values[..., None]
        return torch.cat([x, gaps[..., None]], -1) if self.reads_gaps else x

    def ask(self, h: Tensor, gap: Tensor) -> Tensor:
        """Predict the value ``[...]``, or the quantities ``[..., D]``, a time ``gap`` ``[...]`` after an output ``h``
        ``[..., H]``."""
        gap = gap[..., None]
        if self.flows:
            h = self.cell.flow(h, gap)  # pyright: ignore[reportCallIssue]
        elif self.reads_gaps:
            h = torch.cat([h, gap], -1)
        predicted = self.out(torch.tanh(self.hidden(h)))
        return predicted if self.several else predicted[..., 0]

    def forward(self, values: Tensor, gaps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Predict ``values[1:]``, ``[T - 1, B]``; of several quantities ``[T - 1, B, D]``."""
        return self.ask(self.encode(values, gaps, lengths)[:-1], gaps[1:])
