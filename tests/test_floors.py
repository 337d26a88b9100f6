"""The house stands on its floors: imports point only down, and the command line starts without torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import elman

ROOT = Path(elman.__file__).parent
# Each room may import itself and the rooms in the rows above it.
FLOORS = [
    {"errors", "files", "lazy", "sealing", "tensors", "terminal"},
    {"cell"},
    {"cells"},
    {"engine"},
    {"testing"},
    {"data"},
    {"baselines"},
    {"nn", "decode"},
    {"train"},
    {"probe"},
    {"lab"},
    {"apps"},
    {"studies"},
    {"playground"},
    {"cli"},
    {"__main__"},
]
# The top floors may import the package itself, as users do.
ALLOWED = {("cli", ""), ("studies", ""), ("apps", "")}


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "elman":
                yield from (f"elman.{alias.name}" for alias in node.names)
            else:
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    floor = {name: level for level, names in enumerate(FLOORS) for name in names}
    here = room(path)
    if here == "__init__":
        return
    assert here in floor, f"{here} has no floor: add it to FLOORS"
    for module in imports(path):
        package, _, rest = module.partition(".")
        there = rest.partition(".")[0]
        if package != "elman" or there == here or (here, there) in ALLOWED:
            continue
        assert floor[there] < floor[here], f"{path.name}: {here} must not import {there}"


def test_help_needs_no_torch():
    code = "import sys; from elman.cli import app; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
