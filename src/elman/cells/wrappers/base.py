"""The base class of wrappers: cells that change an inner cell in training."""

from collections import namedtuple
from functools import cache
from typing import Any

from torch import Tensor

from elman.cell import Cell

__all__ = ["Wrapper", "check_probability", "remembered", "starting_from"]


class Wrapper(Cell[Any]):
    """A cell that changes an inner cell in training; in evaluation it behaves exactly as the inner cell.

    Random masks are drawn by PyTorch's global generator, before the first step: a mask for the whole sequence in
    :meth:`initial_state`, a mask for each step in :meth:`drive`, a mask of the weights in :meth:`drawn`. So
    ``torch.manual_seed`` reproduces the masks, every engine sees the same ones, and nothing is stored on the module.
    A mask for the sequence is a state field whose name starts with ``mask_``: truncated backpropagation carries it
    with the state from segment to segment, and :meth:`redraw` draws a new one.

    Args:
        cell: the inner cell.

    Raises:
        TypeError: if ``cell`` is not a :class:`~elman.Cell`.
    """

    def __init__(self, cell: Cell):
        if not isinstance(cell, Cell):
            raise TypeError(f"{type(self).__name__} wraps an elman.Cell, got {type(cell).__name__}: give it a cell")
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell = cell

    @property
    def output_size(self) -> int:
        """Width of the inner cell's ``h``."""
        return self.cell.output_size

    @property
    def free_fields(self) -> tuple[str, ...]:
        """Names of the inner cell's state fields that may take any value independently of the others."""
        return self.cell.free_fields

    def initial_state(self, batch_size: int) -> Any:
        """Return the inner cell's state before the first step."""
        return self.cell.initial_state(batch_size)

    def drive(self, x: Tensor) -> Any:
        """Map inputs ``[..., I]`` to the inner cell's drive."""
        return self.cell.drive(x)

    def step(self, drive: Any, state: Any) -> Any:
        """Return the state after one step of the inner cell."""
        return self.cell.step(drive, state)

    def drawn(self) -> Cell:
        """Return the cell for one forward pass, with its random weight masks drawn."""
        inside = self.cell.drawn()
        if inside is self.cell:
            return self
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.__dict__["_modules"] = {**self._modules, "cell": inside}
        return twin

    def redraw(self, state: Any) -> Any:
        """Return ``state`` with new masks, or in evaluation without masks; all other fields stay the same.

        Args:
            state: a state of this cell, from training or evaluation, fields ``[B, *]``.
        """
        fresh = self.initial_state(len(state[0]))
        kept = {name: field for name, field in state._asdict().items() if name in fresh._fields}
        return fresh._replace(**{name: field for name, field in kept.items() if not name.startswith("mask_")})

    def extra_repr(self) -> str:
        """Return nothing: the inner cell prints its sizes."""
        return ""

    @staticmethod
    @cache
    def extended(kind: Any, *names: str) -> Any:
        """Return the state type ``kind`` with more fields."""
        for name in names:
            if name in kind._fields:
                raise ValueError(f"the inner cell already has a state field {name}: wrap it once")
        wider: Any = namedtuple(kind.__name__, (*kind._fields, *names))
        wider.inside = kind
        wider.__reduce__ = lambda state: (_state, (kind, names, *state))
        return wider


def _state(kind: Any, names: tuple[str, ...], *fields: Tensor) -> Any:
    return Wrapper.extended(kind, *names)(*fields)


def remembered(state: Any) -> dict[str, Tensor]:
    """Return the state fields that training and evaluation share: no masks, and ``h`` once."""
    return {
        name: field
        for name, field in state._asdict().items()
        if name != "recurrent_h" and not name.startswith("mask_")
    }


def starting_from(state: Any, values: dict[str, Tensor]) -> Any:
    """Return ``state`` with the given values ``[B, ...]`` and its own masks."""
    if "recurrent_h" in state._fields:
        values = {**values, "recurrent_h": values["h"]}
    return state._replace(**{name: value.view_as(getattr(state, name)) for name, value in values.items()})


def check_probability(name: str, p: Any) -> float:
    """Return a probability as a float.

    Raises:
        ValueError: if it does not lie between 0 and 1.
    """
    if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 <= p <= 1:
        raise ValueError(f"{name} must be a probability from 0 to 1, got {p!r}")
    return float(p)
