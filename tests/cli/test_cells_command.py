"""``elman cells`` and ``elman new cell``, as a user meets them."""

import json
import subprocess
import sys

import pytest
import torch

from elman import cells as house
from elman.cells.lookup import FAMILIES, public_cells
from elman.engine.compiled import Compiled, kernels_of
from elman.probe.cell_table import describe, make_cell, relative_times

from ..first_cells import later_ones_slow


def test_every_cell_has_a_row_and_runs_natively(elman):
    done = elman("cells", "--input-size", "4", "--hidden-size", "6", "--json")
    rows = {row["name"]: row for row in json.loads(done)}
    assert set(rows) == set(public_cells())
    assert all(row["paper"] for row in rows.values())
    assert {row["engine"] for row in rows.values()} == {"native"}
    years = [row["year"] for row in rows.values()]
    assert years == sorted(years)
    assert {name: (row["family"], row["linear_in_state"]) for name, row in rows.items()} == {
        name: (kind.family, kind.linear_in_state) for name, kind in public_cells().items()
    }
    assert rows["LSTMCell"]["parameters"] == 4 * 6 * (4 + 6 + 1)


@pytest.mark.parametrize(
    ("name", "products"),
    [("LSTMCell", 1), ("GRUCell", 1), ("MGUCell", 2), ("ResetBeforeGRUCell", 2), ("IndRNNCell", 0), ("LTCCell", 6),
     ("ProjectedLSTMCell", 2)],
)  # fmt: skip
def test_products_in_a_step(name, products):
    assert describe(name, make_cell(getattr(house, name), 4, 6)).products == products


def test_a_cell_that_cannot_be_lowered_says_why():
    class Sorted(house.RNNCell):
        def step(self, drive, state):
            return type(state)(torch.sort(drive + state.h)[0])

    row = describe("Sorted", Sorted(4, 6))
    assert (row.engine, row.products) == ("loop", None)
    assert "sort" in row.why
    assert not isinstance(kernels_of(Sorted(4, 6), torch.float32), Compiled)


@pytest.mark.parametrize("name", later_ones_slow(public_cells()))
def test_the_engine_said_is_the_engine_that_runs(name):
    """The table plans without compiling; its word is held to the engine's own."""
    cell = make_cell(getattr(house, name), 3, 4)
    found = kernels_of(cell, torch.float32)
    row = describe(name, cell)
    assert (row.engine == "native") == isinstance(found, Compiled)
    assert isinstance(found, Compiled)
    assert row.products == sum(len(level.products) for level in found.plan.inference.levels)


def test_a_text_table_and_one_of_ones_own(elman, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    elman("new", "cell", "my_gate")
    out = elman("cells", "--cell", "my_gate.py:MyGate")
    assert "my_gate.py:MyGate" in out
    assert "Finding Structure in Time" in out
    assert "131,584" in out
    # one line per cell, one per family, a head, the own cell and its heading, the sizes
    assert len(out.splitlines()) == len(public_cells()) + len(FAMILIES) + 4
    heads = [line.strip() for line in out.splitlines() if line.strip() in (*FAMILIES, "your own")]
    assert heads == [*FAMILIES, "your own"]


def test_a_cell_on_the_loop_says_why_below_the_table(elman, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "import torch, elman\nclass Sorts(elman.cells.RNNCell):\n    def step(self, drive, state):\n"
    text += "        return elman.State(torch.tanh(torch.sort(drive + state.h)[0]))\n"
    (tmp_path / "mine.py").write_text(text)
    out = elman("cells", "--cell", "mine.py:Sorts")
    assert out.splitlines()[-1].startswith(
        "mine.py:Sorts runs on the loop: sort is not an operator the engine knows; "
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("nowhere.py:X", "cannot read nowhere.py"),
        ("GRU", "did you mean GRUCell"),
        ("x.py", "got the file x.py without a class"),
    ],
)
def test_wrong_cells_get_one_line(elman, cell, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = elman("cells", "--cell", cell, code=2)
    assert said in error
    assert len(error.splitlines()) == 1


def test_relative_times_are_of_the_cells_given():
    heard = []
    cells = {"RNNCell": house.RNNCell(4, 6), "IndRNNCell": house.IndRNNCell(4, 6)}
    times = relative_times(cells, batch_size=2, steps=3, turns=1, each=heard.append)
    assert heard == list(times) == list(cells)
    assert all(time > 0 for time in times.values())


def test_a_new_cell_passes_its_test(elman, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "elman study 15.18 --quick --cell leaky_gru2.py:LeakyGRU2" in elman("new", "cell", "LeakyGRU2")
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_leaky_gru2.py"],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert "3 passed" in tested.stdout, tested.stdout
    assert (
        elman("new", "cell", "LeakyGRU2", code=1)
        == "elman: leaky_gru2.py already exists; choose another name, or move the file\n"
    )


@pytest.mark.parametrize("name", ["3x", "class", "my-cell", "", "Zelle ß", "Torch"])
def test_names_that_are_none(elman, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(elman("new", "cell", name, code=2).splitlines()) == 1
    assert not list(tmp_path.iterdir())
