"""``--cell``: a cell in a file of the reader's own, in any study that compares cells."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from elman.errors import UnknownName
from elman.studies import all_studies, find_study

MINE = """
import torch, elman
from torch import nn

class Mine(elman.Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return elman.State(%s)

class Bare(Mine):
    def step(self, drive, state):
        return drive

class Doubled(Mine):
    def step(self, drive, state):
        return elman.State(torch.cat([drive, drive], -1))

class Raises(Mine):
    def step(self, drive, state):
        return drive.no_such_thing

class Odd(elman.Cell):
    def __init__(self, size):
        super().__init__(size, size)

class NoCell:
    pass
"""


def run(*words, cwd):
    return subprocess.run(
        [sys.executable, "-c", "from elman.cli import main; main()", "study", *words],
        cwd=cwd, capture_output=True, text=True, timeout=600, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip


SMALL = ("--set", "steps=5", "--set", "hidden_size=4", "--seeds", "2", "--json")


def test_a_cell_of_ones_own_stands_beside_the_others(tmp_path):
    (tmp_path / "mine.py").write_text(MINE % "0.5 * state.h + torch.tanh(drive)")
    done = run("15.18", "--cell", "mine.py:Mine", "--cell", "MGUCell", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row[0]: row for row in json.loads(done.stdout)["tables"][0]["rows"]}
    assert rows["mine.py:Mine"][2] == "−1.2 (−1.2 to −1.2)"  # log10 of 0.5 ** 4
    assert "MGUCell" in rows
    assert "; 1.2 in mine.py:Mine; " in json.loads(done.stdout)["summary"]
    (tmp_path / "mine.py").write_text(MINE % "0.25 * state.h + torch.tanh(drive)")
    again = json.loads(run("15.18", "--cell", "mine.py:Mine", *SMALL, cwd=tmp_path).stdout)
    changed = {row[0]: row for row in again["tables"][0]["rows"]}["mine.py:Mine"]
    assert changed[2] == "−2.4 (−2.4 to −2.4)", "an edited cell is run again"


@pytest.mark.parametrize(
    ("study", "cell", "said"),
    [
        ("15.18", "mine.py:Min", "mine.py has no cell 'Min'; did you mean Mine?"),
        ("15.18", "mine.py:NoCell", "NoCell in mine.py is not a subclass of elman.Cell"),
        ("15.18", "mine.py:Odd", "a study builds the cell as Odd(input_size, hidden_size), which raised"),
        ("15.18", "mine.py:Bare", "mine.py:Bare: step must return State, got Tensor"),
        ("15.18", "mine.py:Raises", "the first step raised AttributeError: 'Tensor' object has no attribute 'no"),
        (
            "15.18",
            "mine.py:Doubled",
            "step must keep the shape of h, [4, 3] at batch 4 and hidden_size 3; it returned",
        ),
        ("15.18", "mine.py", "got the file mine.py without a class; name your own cell as mine.py:MyCell"),
        ("15.18", "leaves.py:Mine", "leaves.py cannot be imported: SystemExit"),
        ("15.18", "nowhere.py:Mine", "cannot read nowhere.py: No such file or directory"),
        ("15.18", "broken.py:Mine", "broken.py, line 1 cannot be imported: SyntaxError"),
        ("15.18", "GRU", "no built-in cell 'GRU' (name your own cell as mycell.py:MyCell); did you mean GRUCell"),
        ("15.2", "GRUCell", "parameter-counting does not take --cell; these studies do: 15.11"),
    ],
)
def test_wrong_words(elman, tmp_path, monkeypatch, study, cell, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE % "drive")
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "leaves.py").write_text("raise SystemExit")
    error = elman("study", study, "--cell", cell, code=2)
    assert said in error
    assert len(error.splitlines()) == 1


@pytest.mark.slow
def test_a_cell_in_a_folder_whose_name_has_a_comma(elman, tmp_path, monkeypatch):
    folder = tmp_path / "a,b"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE % "0.5 * state.h + torch.tanh(drive)")
    monkeypatch.chdir(tmp_path)
    found = json.loads(elman("study", "15.18", "--cell", "MGUCell", "--cell", "a,b/mine.py:Mine", *SMALL))
    assert found["plan"]["cells"] == ["MGUCell", f"{folder}/mine.py:Mine"]
    assert list(found["read"]) == ["mine.py:Mine"]
    assert {"MGUCell", "mine.py:Mine"} <= {row[0] for row in found["tables"][0]["rows"]}
    again = shlex.split(found["command"])
    assert json.loads(elman(*again[1:], "--json"))["tables"] == found["tables"]


def test_two_cells_of_one_label_are_refused(elman, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(MINE % "drive")
    error = elman("study", "15.18", "--cell", "a/mine.py:Mine", "--cell", "b/mine.py:Mine", *SMALL, code=2)
    assert error.startswith("elman: mine.py:Mine is named twice")


@pytest.mark.parametrize(
    "step",
    ["0.5 * state.h + drive / 0 * 0", pytest.param("0.5 * state.h + 1 / (drive * 0) ** 2", marks=pytest.mark.slow)],
)
def test_a_cell_that_fails_in_a_trial_fails_that_trial_alone(tmp_path, step):
    (tmp_path / "mine.py").write_text(MINE % step)
    done = run("15.18", "--cell", "mine.py:Mine", *SMALL, cwd=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert sorted(found["failed"]) == [f"mine.py-Mine-seed{seed}: the last output is not finite" for seed in (0, 1)]
    assert "RNN" in [row[0] for row in found["tables"][0]["rows"]]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_cell_whose_output_is_wider_than_its_size(tmp_path):
    wide = "class Wide(Mine):\n    def __init__(self, i, h):\n        super().__init__(i, h)\n"
    wide += "        self.W = nn.Linear(i, 2 * h)\n    def initial_state(self, batch_size):\n"
    wide += "        return elman.State(self.W.weight.new_zeros(batch_size, 2 * self.hidden_size))\n"
    (tmp_path / "mine.py").write_text(MINE % "0.5 * state.h + torch.tanh(drive)" + wide)
    done = run("15.18", "--cell", "mine.py:Wide", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row[0]: row for row in json.loads(done.stdout)["tables"][0]["rows"]}
    assert rows["mine.py:Wide"][2] == "−1.2 (−1.2 to −1.2)"


@pytest.mark.parametrize("study", [s.exercise for s in all_studies() if hasattr(s.plan(), "cells")])
def test_every_study_of_cells_takes_one_more_and_notes_which(study):
    found = find_study(study)
    there = found.plan(True).cells
    plan = found.plan(True, {"cells": ",".join([*there, "JANETCell"])})
    added = [trial for trial in found.trials(plan) if trial not in found.trials(found.plan(True))]
    assert added
    assert all("JANETCell" in trial.arm for trial in added)
    with pytest.raises(UnknownName):
        found.trials(found.plan(True, {"cells": "nowhere.py:Mine"}))
