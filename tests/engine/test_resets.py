"""``unroll(resets=...)``: exactly what a loop that resets by hand gives, whichever engine runs."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch.testing import assert_close

import elman
from elman.cell import Cell, State
from elman.cells.wrappers import VariationalDropout
from elman.engine.resets import Resets

from .by_hand import walk


class Learned(Cell):
    """A cell that starts from a learned state, and is ten lines long."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = torch.nn.Parameter(torch.randn(hidden_size, input_size))
        self.R = torch.nn.Parameter(torch.randn(hidden_size, hidden_size))
        self.start = torch.nn.Parameter(torch.randn(1, hidden_size))

    def initial_state(self, batch_size):
        return State(self.start.expand(batch_size, -1))

    def drive(self, x):
        return x @ self.W.T

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h @ self.R.T))


CELLS = {"LSTM": elman.cells.LSTMCell, "sLSTM": elman.cells.SLSTMCell, "learned": Learned}


@st.composite
def batches(draw):
    lengths = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    steps = draw(st.sampled_from([1, max(1, *lengths), 6]))
    marks = draw(st.lists(st.booleans(), min_size=steps * len(lengths), max_size=steps * len(lengths)))
    return [min(one, steps) for one in lengths], torch.tensor(marks).reshape(steps, len(lengths))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(CELLS)), batches(), st.booleans(), st.booleans(), st.sampled_from(["auto", "loop"]))
def test_as_a_loop_that_resets_by_hand(name, batch, reverse, with_state, engine):
    torch.manual_seed(0)
    lengths, resets = batch
    steps, rows = resets.shape
    cell = CELLS[name](3, 4).double()
    x = torch.randn(steps, rows, 3, dtype=torch.float64, requires_grad=True)
    state = cell.initial_state(rows)
    if with_state:
        state = type(state)(*(torch.rand_like(field).requires_grad_() for field in state))
    full = all(one == steps for one in lengths)
    expected, last = walk(
        lambda x, state: cell.step(cell.drive(x), type(cell.initial_state(1))(*state)),
        lambda: cell.initial_state(1), x, state, lengths, resets, reverse,
    )  # fmt: skip
    outputs, final = elman.unroll(
        cell, x, state if with_state else None, None if full else lengths, resets, reverse=reverse, engine=engine
    )
    assert_close(outputs, expected, rtol=1e-12, atol=1e-12)
    assert_close(tuple(final), last, rtol=1e-12, atol=1e-12)
    inputs = [x, *cell.parameters(), *(state if with_state else ())]
    ours, theirs = (gradients([one, *ends], inputs) for one, ends in ((outputs, final), (expected, last)))
    assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def gradients(results, inputs):
    torch.manual_seed(1)
    total = sum((torch.randn(one.shape, dtype=one.dtype) * one).sum() for one in results)
    if not total.requires_grad:
        return [torch.zeros_like(one) for one in inputs]
    return torch.autograd.grad(total, inputs, allow_unused=True, materialize_grads=True)


@pytest.mark.parametrize("engine", ["native", "loop"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("junk", [float("nan"), float("inf")])
def test_nothing_crosses_a_boundary(engine, reverse, junk):
    cell = elman.cells.GRUCell(3, 4)
    x, resets = torch.randn(6, 2, 3), torch.zeros(6, 2, dtype=torch.bool)
    resets[3, 0] = True
    bad, good = (slice(3, 6), slice(0, 3)) if reverse else (slice(0, 3), slice(3, 6))  # of row 0
    dirty = x.clone()
    dirty[bad, 0] = junk
    dirty.requires_grad_()
    given = State(torch.tensor([[junk] * 4, [0.5] * 4]).requires_grad_())
    outputs, final = elman.unroll(cell, dirty, given, resets=resets, reverse=reverse, engine=engine)
    alone = elman.unroll(cell, x[good, :1], reverse=reverse)
    assert_close(outputs[good, :1], alone[0])
    assert_close(final.h[:1], alone[1].h)
    (gradient,) = torch.autograd.grad(outputs[good, 0].sum() + outputs[:, 1].sum(), dirty)
    assert gradient[good, 0].isfinite().all()
    assert gradient[:, 1].isfinite().all()
    assert gradient[good, 0].abs().sum() > 0


@pytest.mark.parametrize("engine", ["native", "loop"])
def test_no_gradient_crosses_a_boundary(engine):
    cell, x = elman.cells.LSTMCell(3, 4), torch.randn(5, 2, 3, requires_grad=True)
    resets = torch.zeros(5, 2, dtype=torch.bool)
    resets[0, 1] = resets[3, 0] = True
    given = type(cell.initial_state(2))(*torch.randn(2, 2, 4, requires_grad=True).unbind())
    outputs, _ = elman.unroll(cell, x, given, resets=resets, engine=engine)
    into, h, c = torch.autograd.grad(outputs[3:].sum(), (x, *given))
    assert into[:3, 0].eq(0).all()
    assert into[:3, 1].ne(0).all()
    assert torch.stack([h, c]).eq(0).all()  # row 0 is cut later, row 1 never starts from the given state


def test_no_reset_takes_the_ordinary_path(monkeypatch):
    cell, x = elman.cells.GRUCell(3, 4), torch.randn(5, 2, 3)
    monkeypatch.setattr(Resets, "begin", None)
    none, padding = torch.zeros(5, 2, dtype=torch.bool), torch.zeros(5, 2, dtype=torch.bool)
    padding[4, 1] = True
    assert torch.equal(elman.unroll(cell, x, resets=none)[0], elman.unroll(cell, x)[0])
    assert torch.equal(elman.unroll(cell, x, None, [5, 3], padding)[0], elman.unroll(cell, x, None, [5, 3])[0])


def test_symbols_and_masks():
    cell, table, tokens = elman.cells.GRUCell(3, 4), torch.randn(5, 3), torch.randint(5, (20, 2))
    resets = torch.rand(20, 2) < 0.2
    ours = elman.unroll(cell, elman.Symbols(tokens, table), resets=resets)[0]
    assert_close(ours, elman.unroll(cell, table[tokens], resets=resets)[0])
    dropped = VariationalDropout(cell, inputs=0.5, states=0.5).train()
    resets = torch.tensor([[False], [False], [True], [False]])
    state = dropped.initial_state(1)
    outputs, final = elman.unroll(dropped, torch.randn(4, 1, 3), state, resets=resets)
    assert outputs.shape == (4, 1, 4)
    assert final._fields == state._fields


def test_one_long_row_beside_many_short_segments():
    cell, x = elman.cells.RNNCell(2, 3), torch.randn(400, 8, 2)
    resets = torch.ones(400, 8, dtype=torch.bool)
    resets[:, 0] = False
    outputs, _ = elman.unroll(cell, x, resets=resets)
    assert_close(outputs[:, :1], elman.unroll(cell, x[:, :1])[0])
    assert_close(outputs[:, 1:].flatten(0, 1), elman.unroll(cell, x[None, :, 1:].flatten(1, 2))[0][0])


GOOD = torch.ones(5, 2, dtype=torch.bool)


@pytest.mark.parametrize(
    ("resets", "error", "message"),
    [
        (GOOD.T, ValueError, r"resets must be \[T, B\] = \[5, 2\], one per step of the input, got \[2, 5\]"),
        (GOOD[:, 0], ValueError, r"= \[5, 2\].* got \[5\]"),
        (GOOD.long(), TypeError, r"resets must be bool, got torch.int64: pass resets.bool\(\)"),
        (GOOD.byte(), TypeError, r"resets must be bool, got torch.uint8"),
        ([[True] * 2] * 5, TypeError, "resets must be a bool tensor .* got a list"),
        (GOOD.to("meta"), ValueError, r"resets are on meta and the input on cpu: pass resets.to\('cpu'\)"),
    ],
)
def test_what_are_no_resets(resets, error, message):
    with pytest.raises(error, match=message):
        elman.unroll(elman.cells.RNNCell(2, 3), torch.zeros(5, 2, 2), resets=resets)
