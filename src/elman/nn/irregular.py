"""Values that come at uneven times: predict the next one, told when it comes."""

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
    Series with Missing Values", 2018, without their masks).

    .. math:: h' &= h_{t-1} \odot \exp(-\Delta t \, \mathrm{softplus}(w)) \\
              h_t &= \mathrm{GRU}(x_t, h')

    Args:
        input_size: features I of the input, of which the last is the gap; at least 2.
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
        """Return the state ``[..., H]`` after a time of ``gap`` ``[..., 1]`` without observation."""
        return h * torch.exp(-gap * softplus(self.w))

    def step(self, drive: tuple[Tensor, Tensor], state: State) -> State:
        """Time passes, then the GRU takes the observation."""
        gap, inner = drive
        return self.cell.step(inner, State(self.flow(state.h, gap)))


class NextValue(nn.Module):
    """Read values at their times, and predict each from those before it and the time it comes at.

    A cell with a ``flow`` lets its state flow until then, and a small network reads the prediction from it. Any
    other cell is given the gaps as a second input, and the network the gap until then; or neither.

    Args:
        cell: reads values, and gaps as its last feature if its ``input_size`` is 2.
        width: of the network's hidden layer; default 32.

    Example:
        >>> from elman.cells import LSTMCell
        >>> NextValue(LSTMCell(2, 8))(torch.randn(6, 3), torch.rand(6, 3)).shape
        torch.Size([5, 3])
    """

    def __init__(self, cell: Cell, width: int = 32):
        super().__init__()
        self.cell = cell
        self.told = cell.input_size == 2
        self.flows = hasattr(cell, "flow")
        self.hidden = nn.Linear(cell.output_size + (self.told and not self.flows), width)
        self.out = nn.Linear(width, 1)

    def encode(self, values: Tensor, gaps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return what is remembered after each value, ``[T, B, H]``, of values and gaps before them ``[T, B]``."""
        x = torch.stack([values, gaps], -1) if self.told else values[..., None]
        return unroll(self.cell, x, lengths=lengths)[0]

    def ask(self, h: Tensor, gap: Tensor) -> Tensor:
        """Predict the value ``[...]`` that comes ``gap`` ``[...]`` after what ``h`` ``[..., H]`` has read."""
        gap = gap[..., None]
        if self.flows:
            h = self.cell.flow(h, gap)  # pyright: ignore[reportCallIssue]
        elif self.told:
            h = torch.cat([h, gap], -1)
        return self.out(torch.tanh(self.hidden(h)))[..., 0]

    def forward(self, values: Tensor, gaps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Predict ``values[1:]``, ``[T - 1, B]``."""
        return self.ask(self.encode(values, gaps, lengths)[:-1], gaps[1:])
