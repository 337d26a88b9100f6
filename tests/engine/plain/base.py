"""What the plain cells share: a linear drive, states of any shape, and a table of all of them."""

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from elman import Cell, State

__all__ = ["CELLS", "STAYS", "Matrix", "Plain", "State", "Two", "entered", "stays"]

#: Cells that must run natively, by name.
CELLS: dict[str, type] = {}
#: Cells that stay on the loop, and a part of the reason that the engine gives.
STAYS: dict[str, tuple[type, str]] = {}


def entered(kind: type) -> type:
    """Enter a cell in the table."""
    CELLS[kind.__name__] = kind
    return kind


def stays(why: str):
    """Enter a cell that cannot run natively."""

    def enter(kind: type) -> type:
        STAYS[kind.__name__] = (kind, why)
        return kind

    return enter


class Matrix(NamedTuple):
    h: Tensor
    S: Tensor


class Two(NamedTuple):
    h: Tensor
    c: Tensor


class Plain(Cell):
    """A linear drive of ``gates`` rows of H numbers; ``fields`` gives the shape of each further state field."""

    gates = 1
    state_type = State

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.H = hidden_size
        self.n = 2 if hidden_size < 64 else 4  # heads, blocks, slots
        self.d = hidden_size // self.n
        self.W = nn.Linear(input_size, self.gates * hidden_size)
        self.R = nn.Linear(hidden_size, self.gates * hidden_size, bias=False)
        self.build()

    def build(self):
        """Make further parameters."""

    def fields(self):
        return ()

    def drive(self, x):
        return self.W(x)

    def initial_state(self, batch_size):
        shapes = [(self.H,), *self.fields()]
        shapes += [(self.H,)] * (len(self.state_type._fields) - len(shapes))
        like = self.W.weight
        return self.state_type(*(like.new_zeros(batch_size, *shape) for shape in shapes))

    def parameter(self, *shape):
        return nn.Parameter(torch.randn(*shape) / prod(shape[-1:]) ** 0.5)
