"""Steps of many operators: neither Python's recursion limit nor the time to plan decides what runs."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import elman
from elman import Cell, State
from elman.engine.compiled import kernels_of
from elman.engine.unsupported import Unsupported


class Long(Cell):
    """A step that repeats one operation."""

    def __init__(self, times, operation):
        super().__init__(3, 3)
        self.R, self.times, self.operation = nn.Linear(3, 3), times, operation

    def step(self, drive, state):
        h = torch.tanh(drive + self.R(state.h))
        for _ in range(self.times):
            h = self.operation(self, h, drive)
        return State(torch.tanh(h))


def scaled(cell, h, drive):
    return h * 0.999 + drive


def turned(cell, h, drive):
    return torch.cat((h[:, 1:], 0.999 * h[:, :1]), 1)


def multiplied(cell, h, drive):
    return torch.tanh(cell.R(h))


def agree(cell):
    """Compare outputs and gradients of the native engine with those of the loop."""
    x = torch.randn(3, 2, 3, dtype=torch.float64)
    cell, found = cell.double(), []
    for engine in ("native", "loop"):
        inputs = x.clone().requires_grad_()
        outputs, _ = elman.unroll(cell, inputs, engine=engine)
        found.append((outputs, torch.autograd.grad(outputs.square().sum(), (inputs, *cell.parameters()))))
    assert_close(*found)


@pytest.mark.parametrize("operation", [scaled, turned])
def test_chains_longer_than_the_stack_allows_recursion(operation):
    agree(Long(350, operation))


@pytest.mark.slow
def test_two_thousand_operations_in_a_row():
    agree(Long(1000, scaled))  # two operators each


def test_too_many_products_run_on_the_loop():
    agree(Long(10, multiplied))
    why = kernels_of(Long(101, multiplied), torch.float32)
    assert isinstance(why, Unsupported)
    assert why.reason == "step has 102 products and reductions, expected at most 100"
