"""``unroll`` and the loop: ragged batches against rows run alone, and errors in words."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

import elman
from elman.engine.ragged import Ragged


@given(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=5), st.booleans(), st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_ragged_rows_equal_rows_alone(steps, lengths, reverse, seed):
    lengths = [min(length, steps) for length in lengths]
    torch.manual_seed(seed)
    cell = elman.cells.LSTMCell(2, 3).double()
    x = torch.randn(steps, len(lengths), 2, dtype=torch.float64)
    outputs, final = elman.unroll(cell, x, lengths=lengths, reverse=reverse)
    assert outputs.shape == (steps, len(lengths), 3)
    for row, length in enumerate(lengths):
        alone, end = elman.unroll(cell, x[:length, row : row + 1], reverse=reverse)
        assert_close(outputs[:length, row], alone[:, 0])
        assert not outputs[length:, row].any()
        assert_close(final.c[row], end.c[0])


@given(st.lists(st.integers(0, 7), max_size=6))
def test_packing_and_back(lengths):
    ragged = Ragged.from_lengths(lengths, 7, len(lengths), "cpu")
    x = torch.arange(7 * len(lengths)).reshape(7, len(lengths)) + 1
    packed = ragged.pack(x)
    assert len(packed) == sum(ragged.batch_sizes) == sum(lengths)
    assert sorted(ragged.batch_sizes, reverse=True) == ragged.batch_sizes
    keep = torch.arange(7)[:, None] < torch.tensor(lengths, dtype=torch.int64)
    assert torch.equal(ragged.unpack(packed), x * keep)


def test_packing_agrees_with_torch():
    x, lengths = torch.randn(6, 4, 3), [2, 6, 1, 4]
    theirs = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    ours = Ragged.from_lengths(lengths, 6, 4, "cpu")
    assert torch.equal(ours.pack(x), theirs.data)
    assert ours.batch_sizes == theirs.batch_sizes.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": torch.zeros(4, 2)}, r"x must be \[T, B, 3\] for this cell, got \[4, 2\]"),
        ({"x": torch.zeros(4, 2, 5)}, r"x must be \[T, B, 3\] for this cell, got \[4, 2, 5\]"),
        ({"lengths": [4]}, r"lengths must be 2 integers, one per row of the batch, got shape \[1\]"),
        ({"lengths": [4, 5]}, "lengths must lie between 0 and the 4 steps of x, got 4 to 5"),
        ({"lengths": [-1, 4]}, "between 0 and the 4 steps of x, got -1 to 4"),
        ({"lengths": [1.0, 2.0]}, "lengths must be 2 integers"),
        ({"lengths": torch.tensor([True, False])}, "lengths must be 2 integers"),
        ({"state": torch.zeros(2, 5)}, r"state of LSTMCell must be a tuple \(h, c\), got Tensor"),
        ({"state": (torch.zeros(2, 5), torch.zeros(3, 5))}, r"state.c must be \[2, 5\], got \[3, 5\]"),
        ({"state": elman.State(torch.zeros(2, 5))}, r"must be a tuple \(h, c\), got State \(h\)$"),
        ({"engine": "warp"}, "no engine named 'warp'; there are auto, loop"),
    ],
)
def test_errors_say_what_was_expected(arguments, message):
    with pytest.raises(ValueError, match=message):
        elman.unroll(elman.cells.LSTMCell(3, 5), **{"x": torch.zeros(4, 2, 3), **arguments})


def test_use_engine_is_undone():
    with pytest.raises(ValueError, match="no engine named 'warp'"), elman.use_engine("warp"):
        pass
    with elman.use_engine("loop"):
        elman.unroll(elman.cells.RNNCell(2, 3), torch.zeros(2, 1, 2))


def test_a_tuple_of_drives_and_a_state_that_passes_through():
    """A cell may have several per-step inputs, and a field that only rides along."""
    from typing import NamedTuple

    class Masked(NamedTuple):
        h: torch.Tensor
        mask: torch.Tensor

    class Gapped(elman.Cell):
        state_type = Masked

        def __init__(self):
            super().__init__(3, 4)
            self.W = torch.nn.Linear(2, 4)

        def drive(self, x):
            return self.W(x[..., :2]), x[..., 2:]

        def step(self, drive, state):
            a, gap = drive
            return Masked(torch.tanh(a + state.h * torch.exp(-gap)) * (1 - state.mask), state.mask)

    elman.check_cell(Gapped())
