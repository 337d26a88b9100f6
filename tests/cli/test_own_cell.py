"""``--cell``: a cell in a file of the reader's own, in any study that compares cells."""

import json
import os
import subprocess
import sys

import pytest

from elman.errors import UnknownName
from elman.lab.study import all_studies, find_study

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

class Odd(elman.Cell):
    def __init__(self, size):
        super().__init__(size, size)

class NoCell:
    pass
"""


def run(*words, cwd):
    return subprocess.run(
        [sys.executable, "-c", "from elman.cli import main; main()", "study", *words],
        cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip


SMALL = ("--set", "steps=5", "--set", "hidden_size=4", "--seeds", "2", "--json")


def test_a_cell_of_ones_own_stands_beside_the_others(tmp_path):
    (tmp_path / "mine.py").write_text(MINE % "0.5 * state.h + torch.tanh(drive)")
    done = run("15.18", "--cell", "mine.py:Mine", "--cell", "MGUCell", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row[0]: row for row in json.loads(done.stdout)["tables"][0]["rows"]}
    assert rows["mine.py:Mine"][2] == pytest.approx(-1.2)  # log10 of 0.5 ** 4
    assert "MGUCell" in rows
    (tmp_path / "mine.py").write_text(MINE % "0.25 * state.h + torch.tanh(drive)")
    again = json.loads(run("15.18", "--cell", "mine.py:Mine", *SMALL, cwd=tmp_path).stdout)
    changed = {row[0]: row for row in again["tables"][0]["rows"]}["mine.py:Mine"]
    assert changed[2] == pytest.approx(-2.4), "an edited cell is run anew"


@pytest.mark.parametrize(
    ("study", "cell", "said"),
    [
        ("15.18", "mine.py:Min", "mine.py has no cell 'Min'; did you mean Mine?"),
        ("15.18", "mine.py:NoCell", "NoCell in mine.py is not a subclass of elman.Cell"),
        ("15.18", "mine.py:Odd", "mine.py:Odd: a study makes a cell as Odd(input_size, hidden_size), which raised"),
        ("15.18", "nowhere.py:Mine", "cannot read nowhere.py: No such file or directory"),
        ("15.18", "broken.py:Mine", "broken.py, line 1 cannot be imported: SyntaxError"),
        ("15.18", "GRU", "no cell 'GRU'; did you mean GRUCell?"),
        ("15.2", "GRUCell", "parameter-counting compares no cells; those that take --cell are 15.11"),
    ],
)
def test_wrong_words(tmp_path, study, cell, said):
    (tmp_path / "mine.py").write_text(MINE % "drive")
    (tmp_path / "broken.py").write_text("def (")
    done = run(study, "--cell", cell, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cell_that_fails_in_a_trial_fails_that_trial_alone(tmp_path):
    (tmp_path / "mine.py").write_text(MINE % "drive.no_such_thing")
    done = run("15.18", "--cell", "mine.py:Mine", *SMALL, cwd=tmp_path)
    assert done.returncode == 1
    assert "no_such_thing" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("study", [s.exercise for s in all_studies() if hasattr(s.plan(), "cells")])
def test_every_study_of_cells_takes_one_more_and_notes_which(study):
    found = find_study(study)
    there = found.plan(True).cells
    plan = found.plan(True, {"cells": ",".join([*there, "JANETCell"])})
    added = [trial for trial in found.trials(plan) if trial not in found.trials(found.plan(True))]
    assert added
    assert all(trial.inputs["cell"] == "JANETCell" for trial in added)
    with pytest.raises(UnknownName):
        found.trials(found.plan(True, {"cells": "nowhere.py:Mine"}))
