"""States step by step, held to the engine; correlations and probes, to NumPy and a known line."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import elman
from elman.cells import GRUCell, LSTMCell, MinLSTMCell, ODERNNCell, SCRNCell
from elman.probe.hidden_states import correlations, every_state, explained


@pytest.mark.parametrize("kind", [LSTMCell, GRUCell, SCRNCell, MinLSTMCell, ODERNNCell])
def test_states_are_those_of_unroll(kind):
    cell, x = kind(3, 4).double(), torch.randn(6, 2, 3, dtype=torch.float64)
    outputs, final = elman.unroll(cell, x)
    states = every_state(cell, x)
    assert_close(states["h"], outputs)
    for name, value in zip(final._fields, final, strict=True):
        assert_close(states[name][-1], value)


def test_a_held_unit_is_as_one_that_was_never_there():
    cell, x = GRUCell(3, 4).double(), torch.randn(6, 2, 3, dtype=torch.float64)
    held = every_state(cell, x, {"h": [2]})["h"]
    assert (held[..., 2] == 0).all()
    with torch.no_grad():
        cell.weight_hh[:, 2] = 0  # nothing reads the unit
    kept = [0, 1, 3]
    assert_close(held[..., kept], every_state(cell, x)["h"][..., kept])


@pytest.mark.parametrize("held", [{"q": [0]}, {"h": [4]}, {"h": [-1]}])
def test_units_that_are_not_there(held):
    with pytest.raises(ValueError, match="the state has h with 4 units, c with 4 units"):
        every_state(LSTMCell(3, 4), torch.randn(2, 1, 3), held)


@given(st.integers(3, 30), st.integers(0, 10**6))
def test_correlations_are_numpys(rows, seed):
    rng = np.random.default_rng(seed)
    states, target = rng.normal(size=(rows, 3)), rng.normal(size=rows)
    expected = [np.corrcoef(states[:, k], target)[0, 1] for k in range(3)]
    np.testing.assert_allclose(correlations(states, target), expected, atol=1e-12)


def test_a_probe_of_noise_explains_nothing_elsewhere():
    rng = np.random.default_rng(0)
    states, noise = rng.normal(size=(400, 5)), rng.normal(size=400)
    weights = rng.normal(size=5)
    assert explained(states[:200], noise[:200], states[200:], noise[200:]) < 0.05
    assert explained(states[:200], states[:200] @ weights, states[200:], states[200:] @ weights) == pytest.approx(1)
