"""A second back end behind the same contract: plans run by NumPy, held to the loop and so to the native engine."""

import ast
from functools import partial
from pathlib import Path

import pytest
import torch

import elman
from elman.engine import compiled
from elman.engine.backend import Backend
from elman.engine.choice import ENGINES

from ..conformance.test_engines import CELLS, LENGTHS, same
from .numpy_backend import NumpyBackend

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


def test_a_back_end_is_one_line_and_has_kernels_of_its_own():
    cell = elman.cells.GRUCell(3, 4).double()
    found = compiled.kernels_of(cell, torch.float64, NUMPY)
    assert isinstance(found, compiled.Compiled)
    assert found.kernels.backend is NUMPY
    native = compiled.kernels_of(cell, torch.float64)
    assert isinstance(native, compiled.Compiled)
    assert native.kernels is not found.kernels


ENGINE = Path(compiled.__file__).parent
# Each row knows the rows above it: a back end never sees a cell or a trace, and a plan knows no machine.
FLOORS = [
    {"unsupported", "symbols"},
    {"tracing"},
    {"planning"},
    {"backend"},
    {"door", "cpu", "loop", "scan"},
    {"autograd", "web"},
    {"compiled"},
]


def rows_of(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("elman.engine"):
            below = node.module.split(".")[2:3] or [alias.name for alias in node.names]
            yield from below


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_the_pipeline_points_one_way(floor):
    for name in FLOORS[floor]:
        path = ENGINE / name
        for file in path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
            above = set().union(*FLOORS[floor:]) - {name}
            assert not above & set(rows_of(file)), file
    for file in (ENGINE / "cpu").rglob("*.py"):
        assert "tracing" not in set(rows_of(file)), file
