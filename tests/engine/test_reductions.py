"""Reductions over the columns of a row: what they start from must not enter, whatever the sign and the width."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import elman
from elman import Cell, State


class Reduces(Cell):
    """tanh(drive + f(h))."""

    def __init__(self, change, hidden_size):
        super().__init__(3, hidden_size)
        self.W, self.change = nn.Linear(3, hidden_size), change

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.change(state.h)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [4, 21])
@pytest.mark.parametrize(
    "change",
    [
        lambda h: h - (-3 - h.abs()).amax(-1, keepdim=True),
        lambda h: h * torch.softmax(-100 - h.abs(), -1),
        lambda h: h + (-100 - h.abs()).logsumexp(-1, keepdim=True) / 100,
        lambda h: h + (-3 - h.abs()).mean(-1, keepdim=True),
    ],
    ids=["max of negatives", "softmax", "logsumexp", "mean"],
)
def test_a_reduction_of_numbers_of_one_sign(change, size, dtype):
    torch.manual_seed(0)
    cell, found = Reduces(change, size).to(dtype), []
    x, start = torch.randn(4, 5, 3, dtype=dtype), State(torch.randn(5, size, dtype=dtype))
    for engine in ("native", "loop"):
        outputs, _ = elman.unroll(cell, x, start, [4, 1, 3, 4, 2], engine=engine)
        found.append([outputs, *torch.autograd.grad(outputs.square().sum(), cell.parameters())])
    assert_close(found[0], found[1])
