"""Published cells, written plainly, run natively; each agrees with the loop to float64's accuracy."""

import pytest
import torch
from torch.testing import assert_close

import elman
from elman.engine import compiled
from elman.engine.unsupported import Unsupported

from .plain import attention, blocks, gated, memory  # noqa: F401 - each enters its cells
from .plain.base import CELLS, STAYS

LENGTHS = [6, 0, 2, 5, 3]


def made(kind, hidden_size=8):
    torch.manual_seed(0)
    return kind(3, hidden_size)


def reason(cell, dtype=torch.float32):
    found = compiled.kernels_of(cell, dtype)
    return found.reason if isinstance(found, Unsupported) else None


def results(cell, engine, lengths, reverse):
    torch.manual_seed(1)
    dtype = cell.W.weight.dtype
    x = torch.randn(6, 5, cell.input_size, dtype=dtype, requires_grad=True)
    state = cell.initial_state(5)
    state = type(state)(*(torch.rand_like(f).requires_grad_() if f.is_floating_point() else f.clone() for f in state))
    outputs, final = elman.unroll(cell, x, state, lengths, reverse=reverse, engine=engine)
    loss = sum((v * torch.randn(v.shape, dtype=v.dtype)).sum() for v in (outputs, *final) if v.is_floating_point())
    leaves = [leaf for leaf in (x, *state, *cell.parameters()) if leaf.requires_grad]
    return [outputs, *final, *torch.autograd.grad(loss, leaves, allow_unused=True)]


def agree(cell, lengths=None, reverse=False, engine="native", **tolerance):
    pairs = zip(results(cell, engine, lengths, reverse), results(cell, "loop", lengths, reverse), strict=True)
    for found, expected in pairs:
        if found is None or expected is None:
            assert (found is None) == (expected is None) or not (found if expected is None else expected).any()
        else:
            assert_close(found, expected, **(tolerance or {"rtol": 1e-8, "atol": 1e-10}))


@pytest.mark.parametrize("name", CELLS)
def test_a_plain_cell_runs_natively(name):
    cell = made(CELLS[name]).double()
    assert reason(cell, torch.float64) is None
    agree(cell)
    agree(cell, LENGTHS, True)


@pytest.mark.parametrize("name", STAYS)
def test_a_cell_that_stays_on_the_loop_gives_the_reason(name):
    kind, why = STAYS[name]
    assert why in (reason(made(kind)) or "")
