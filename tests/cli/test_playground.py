"""``elman playground``."""

import pytest

from elman.__main__ import main
from elman.cli import app

OWN = """
import torch
from torch import nn
from elman import Cell, State

class Mine(Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W, self.R = nn.Linear(input_size, hidden_size), nn.Linear(hidden_size, hidden_size)

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.R(state.h)))

class Odd(Mine):
    def step(self, drive, state):
        return State(state.h.sort(1).values + drive)
"""


def called(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["elman", *map(str, arguments)])
    try:
        main()
        status = 0
    except SystemExit as stop:
        status = stop.code or 0
    return status, *capsys.readouterr()


def test_a_cell_of_ones_own(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.py").write_text(OWN, "utf-8")
    out = tmp_path / "page.html"
    status, said, _ = called(
        monkeypatch, capsys, "playground", f"{tmp_path}/mine.py:Mine", "--hidden-size", 4, "--out", out
    )
    assert status == 0
    assert said.startswith(f"wrote {out} (")
    text = out.read_text("utf-8")
    assert '"name":"mine.py:Mine"' in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("NoCell", "elman: no built-in cell 'NoCell'"),
        ("mine.py:Odd", "elman: Odd cannot run in a page: "),
        ("IndRNNCell", "elman: got the cell IndRNNCell twice"),
    ],
)
def test_a_cell_that_cannot_be_shown(name, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OWN, "utf-8")
    names = [name, name] if "twice" in why else [name]
    status, _, error = called(monkeypatch, capsys, "playground", *names, "--hidden-size", 4)
    assert status in (1, 2)
    assert error.startswith(why)
    assert error.count("\n") == 1
    assert not (tmp_path / "playground.html").exists()


def test_the_command_is_listed():
    assert any(command.callback.__name__ == "playground" for command in app.registered_commands)
