"""Predicting the next of uneven values: causal, exact at a gap of zero, and the decay as written."""

import math

import pytest
import torch
from torch.testing import assert_close

import elman
from elman.cells import LSTMCell, ODERNNCell
from elman.nn.irregular import DecayCell, NextValue

MAKE = {
    "blind": lambda: LSTMCell(1, 5), "reported": lambda: LSTMCell(2, 5), "decay": lambda: DecayCell(2, 5),
    "flow": lambda: ODERNNCell(2, 5),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKE)
def test_a_prediction_depends_on_nothing_later(name):
    model = NextValue(MAKE[name]()).double()
    values, gaps = torch.randn(7, 2, dtype=torch.float64), torch.rand(7, 2, dtype=torch.float64)
    before = model(values, gaps)
    values[4:], gaps[5:] = 9.0, 9.0
    after = model(values, gaps)
    assert_close(after[:4], before[:4])  # of the values 1 to 4, the last of them at a gap that is still known
    assert not torch.allclose(after[4:], before[4:])


@pytest.mark.parametrize("name", MAKE)
def test_only_the_blind_ignores_when_the_value_comes(name):
    model = NextValue(MAKE[name]())
    h = torch.randn(1, 5)
    one, other = model.ask(h, torch.tensor([0.5])), model.ask(h, torch.tensor([2.0]))
    assert torch.equal(one, other) == (name == "blind")


def test_decay_as_written():
    elman.check_cell(DecayCell(3, 4))
    cell = DecayCell(2, 3)
    h, w = torch.tensor([[1.0, -2.0, 0.5]]), cell.w.detach()
    expected = [v * math.exp(-1.7 * math.log1p(math.exp(a))) for v, a in zip(h[0].tolist(), w.tolist(), strict=True)]
    assert_close(cell.flow(h, torch.tensor([[1.7]]))[0], torch.tensor(expected))
    assert_close(cell.flow(cell.flow(h, torch.tensor([[0.7]])), torch.tensor([[1.0]]))[0], torch.tensor(expected))
