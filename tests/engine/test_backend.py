"""A second back end behind the same contract: plans run by NumPy, held to the loop and so to the native engine."""

from functools import partial

import pytest
import torch
from ..conformance.test_engines import CELLS, LENGTHS, same
from .numpy_backend import NumpyBackend

import elman
from elman.engine import compiled
from elman.engine.backend import Backend
from elman.engine.choice import ENGINES

NUMPY: Backend = NumpyBackend()


@pytest.fixture(autouse=True)
def numpy_engine(monkeypatch):
    monkeypatch.setitem(ENGINES, "numpy", partial(compiled.run, backend=NUMPY))


@pytest.mark.parametrize("cell_type", CELLS)
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_plan_means_what_the_loop_computes(cell_type, lengths, reverse):
    torch.manual_seed(0)
    same(cell_type(3, 6).double(), LENGTHS[lengths], reverse, torch.float64, engine="numpy")
