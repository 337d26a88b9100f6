"""The contract that every recurrent cell keeps.

A cell maps a *drive* and a *state* to the next state. The drive is the part of a step that does not depend on the
state, so it is computed for all time steps at once, before the loop. A cell does not know which engine runs it.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, get_args, get_origin

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


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    S = TypeVar("S", default=Any)
else:
    from typing import TypeVar

    S = TypeVar("S")


class Cell(nn.Module, Generic[S]):
    """One time step of a recurrent network.

    Subclasses write :meth:`step` and, nearly always, :meth:`drive`. A cell with more than one state vector names
    the type of its state, ``class LSTMCell(Cell[LSTMState])``, so that editors and type checkers know its fields;
    without a type the state is a :class:`State`.
    Nothing about a run is stored on the module: ``step`` returns a new state.

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

    #: The type of the state, taken from ``Cell[...]``.
    state_type: ClassVar[Any] = State
    #: When the cell was published and where ("authors, title"); every built-in cell has its own.
    year: ClassVar[int | None] = None
    paper: ClassVar[str] = ""
    #: The group in which ``elman cells`` lists the cell, one of :data:`elman.cells.lookup.FAMILIES`.
    family: ClassVar[str] = ""
    #: Whether the memory after a step is an affine function of the memory before it, with coefficients that depend on
    #: the drive alone, so that a parallel scan could run the cell. The memory is every field but ``h``, which then is
    #: computed from the memory and not read; in a cell with the one field ``h`` the memory is ``h``.
    linear_in_state: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        for base in cls.__dict__.get("__orig_bases__", ()):
            origin, named = get_origin(base), get_args(base)
            if isinstance(origin, type) and issubclass(origin, Cell) and isinstance(named[0], type):
                cls.state_type = named[0]

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size, self.hidden_size = check_positive(input_size=input_size, hidden_size=hidden_size)

    @property
    def free_fields(self) -> tuple[str, ...]:
        """Names of the state fields that may take any value independently of the others; by default all."""
        state: Any = self.initial_state(1)
        return state._fields

    def initial_state(self, batch_size: int) -> S:
        """Return the state before the first step: every field zero, ``[B, H]``.

        Override it for fields of other widths or a learned start. The default takes dtype and device from the
        cell's first parameter.
        """
        like = next((own for own in self._parameters.values() if own is not None), None)
        if like is None:
            like = next(self.parameters(), torch.empty(0))
        return self.state_type(*(like.new_zeros(batch_size, self.hidden_size) for _ in self.state_type._fields))

    def drive(self, x: Tensor) -> Any:
        """Map inputs ``[..., I]`` to the drive ``[..., D]``: all products that do not depend on the state.

        It acts on the last dimension only, so an engine may call it once for all time steps. It may return
        a tuple of such tensors. The default returns ``x`` itself.
        """
        return x

    def step(self, drive: Any, state: S) -> S:
        """Return the state after one time step, given the drive ``[B, D]`` and the state before it."""
        raise NotImplementedError(
            f"{type(self).__name__} must define step(drive, state) -> {self.state_type.__name__}"
        )

    def drawn(self) -> "Cell":
        """Return the cell to run in one forward pass: this cell, unless its weights are random in training."""
        return self

    @property
    def output_size(self) -> int:
        """Width of ``h``, which is ``hidden_size`` unless the cell projects its output."""
        state: Any = self.initial_state(1)
        return state[0].shape[-1]

    def forward(self, x: Tensor, state: S | None = None) -> S:
        """Advance one step from raw inputs ``[B, I]``, as ``torch.nn``'s cells do."""
        return self.step(self.drive(x), self.initial_state(x.shape[0]) if state is None else state)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}"


def part_of(drive: Any, rows: int | slice) -> Any:
    """Return some rows of a drive, or of each of its tensors if it is a tuple."""
    return tuple(one[rows] for one in drive) if isinstance(drive, tuple) else drive[rows]
