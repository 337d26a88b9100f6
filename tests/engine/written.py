"""A cell whose step is written in each test."""

import torch
from torch import nn

import elman
from elman import Cell, State
from elman.engine.compiled import kernels_of
from elman.engine.unsupported import Unsupported


class Written(Cell):
    """tanh(drive + h), times what a function returns of the cell."""

    def __init__(self, function):
        super().__init__(3, 4)
        self.W, self.function, self.same = nn.Linear(3, 4), function, nn.Identity()

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h) * self.function(self))


def why(cell):
    """Return why a cell runs on the loop, None if it does not."""
    found = kernels_of(cell, torch.float32)
    return found.reason if isinstance(found, Unsupported) else None


def agree(cell):
    x = torch.randn(4, 3, 3)
    got, expected = (elman.unroll(cell, x, engine=engine)[0] for engine in ("auto", "loop"))
    torch.testing.assert_close(got, expected)
    return got
