"""The contract of the house: what a recurrent cell is.

A cell maps a *drive* and a *state* to the next state. The drive is all that the state does not touch, so it
is computed for every time step at once, before the loop. A cell never knows which engine runs it.
"""

from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from elman.errors import check_positive

__all__ = ["Cell", "State", "part_of"]


class State(NamedTuple):
    """The state of a cell that remembers one vector.

    A cell with more memory declares its own ``NamedTuple`` of ``[B, *]`` tensors; the first field is always
    ``h``, the cell's output.
    """

    h: Tensor  # [B, H]


class Cell(nn.Module):
    """One time step of a recurrent network.

    Subclasses write :meth:`step` and, nearly always, :meth:`drive`. A cell with more than one state vector
    also names its ``state_type``. Nothing about a run is stored on the module: a new state is returned.

    Args:
        input_size: number of features of one input vector, at least 1.
        hidden_size: number of features of the hidden state, at least 1.

    Raises:
        ValueError: if a size is not a positive integer.

    Example:
        >>> import torch
        >>> class Leaky(Cell):
        ...     def __init__(self, input_size, hidden_size):
        ...         super().__init__(input_size, hidden_size)
        ...         self.W = nn.Linear(input_size, hidden_size)
        ...         self.R = nn.Linear(hidden_size, hidden_size, bias=False)
        ...     def drive(self, x):
        ...         return self.W(x)
        ...     def step(self, drive, state):
        ...         return State(0.9 * state.h + 0.1 * torch.tanh(drive + self.R(state.h)))
        >>> cell = Leaky(3, 5)
        >>> cell.step(cell.drive(torch.zeros(2, 3)), cell.initial_state(2)).h.shape
        torch.Size([2, 5])
    """

    state_type: ClassVar[Any] = State
    #: When the cell was published and where ("authors, title"); every cell of the house has its own.
    year: ClassVar[int | None] = None
    paper: ClassVar[str] = ""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size, self.hidden_size = check_positive(input_size=input_size, hidden_size=hidden_size)

    @property
    def free_fields(self) -> tuple[str, ...]:
        """State fields that may hold any value, whatever the others hold: all, unless the cell says otherwise."""
        return self.initial_state(1)._fields

    def initial_state(self, batch_size: int) -> Any:
        """Return the state before the first step: every field zero, ``[B, H]``.

        Override it for fields of other widths or a learned start. It takes dtype and device from the
        cell's first parameter.
        """
        like = next((own for own in self._parameters.values() if own is not None), None)
        if like is None:
            like = next(self.parameters(), torch.empty(0))
        return self.state_type(*(like.new_zeros(batch_size, self.hidden_size) for _ in self.state_type._fields))

    def drive(self, x: Tensor) -> Any:
        """Map inputs ``[..., I]`` to the drive ``[..., D]``: every product that the state does not touch.

        It acts on the last dimension alone, so an engine may call it once for all time steps. It may return
        a tuple of such tensors. The default hands ``x`` itself to :meth:`step`.
        """
        return x

    def step(self, drive: Any, state: Any) -> Any:
        """Return the state after one time step, given the drive ``[B, D]`` and the state before it."""
        raise NotImplementedError(
            f"{type(self).__name__} must define step(drive, state) -> {self.state_type.__name__}"
        )

    def drawn(self) -> "Cell":
        """Return the cell that one forward pass runs: itself, unless its weights are random in training."""
        return self

    @property
    def output_size(self) -> int:
        """Width of ``h``, which is ``hidden_size`` unless the cell projects its output."""
        return self.initial_state(1)[0].shape[-1]

    def forward(self, x: Tensor, state: Any = None) -> Any:
        """Advance one step from raw inputs ``[B, I]``, as ``torch.nn``'s cells do."""
        return self.step(self.drive(x), self.initial_state(x.shape[0]) if state is None else state)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}"


def part_of(drive: Any, rows: int | slice) -> Any:
    """Return some rows of a drive, or of each of its tensors if it is a tuple."""
    return tuple(one[rows] for one in drive) if isinstance(drive, tuple) else drive[rows]
