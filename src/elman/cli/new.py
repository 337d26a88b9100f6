"""``elman new``: a template for a cell, and its test."""

import keyword
import re
from pathlib import Path
from typing import Annotated

import typer

from elman.errors import UnknownName

app = typer.Typer(help="Write the template of a new cell.", no_args_is_help=True)

CELL = '''"""My own recurrent cell."""

import torch
from torch import nn

import elman


class {name}(elman.Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 2 * hidden_size)
        self.R = nn.Linear(hidden_size, 2 * hidden_size, bias=False)

    def drive(self, x):  # everything that does not depend on the state, for all time steps at once
        return self.W(x)

    def step(self, drive, state):  # one time step: edit me
        gate, candidate = (drive + self.R(state.h)).chunk(2, -1)
        z = torch.sigmoid(gate)
        return elman.State((1 - z) * state.h + z * torch.tanh(candidate))
'''
TEST = '''"""The contract of every cell, on both engines, and a task that the cell learns."""

import pytest
import torch

import elman
from {module} import {name}


@pytest.mark.parametrize("engine", ["loop", "native"])
def test_contract(engine):
    elman.check_cell({name}(3, 5), engine)


def test_it_learns_to_remember_the_first_input():
    torch.manual_seed(0)
    cell = {name}(1, 16)
    optimizer = torch.optim.Adam(cell.parameters(), lr=1e-2)
    for _ in range(200):
        x = torch.randn(8, 32, 1)
        outputs, _ = elman.unroll(cell, x)
        loss = (outputs[-1, :, 0] - torch.tanh(x[0, :, 0])).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1  # guessing the mean leaves about 0.4
'''


@app.callback()
def _new() -> None:
    """Write the template of a new cell."""


@app.command()
def cell(
    name: Annotated[str, typer.Argument(help="Name of the class, such as MyCell.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
) -> None:
    """Write a cell of ten lines and its test, ready to edit."""
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise UnknownName(f"expected the name of a Python class, such as MyCell, got {name!r}")
    class_name = name if name[0].isupper() else "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    if not class_name.isidentifier():
        raise UnknownName(f"expected the name of a Python class, such as MyCell, got {name!r}")
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()
    if keyword.iskeyword(module) or module in ("elman", "torch", "pytest"):
        raise UnknownName(f"{module}.py would hide a module of that name; choose another name")
    files = {out / f"{module}.py": CELL, out / f"test_{module}.py": TEST}
    for path in files:
        if path.exists():
            raise ValueError(f"{path} already exists; choose another name, or move the file")
    out.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text.format(name=class_name, module=module), "utf-8")
        print(f"wrote {path}")
    first, second = files
    print(f"\npytest {second}\nelman study 15.18 --quick --cell {first}:{class_name}")
