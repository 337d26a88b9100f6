"""The README and the manual hold: their code runs, page by page, and prints what stands below it.

A fence of ``python`` is run, all of a page in one module; one that names a file in its first line (``# my_cell.py``)
is written there instead. What a fence of ``output`` holds must be what was printed just before, ``...`` standing for
anything. Commands of a ``console`` fence are run, in the page's own empty folder; those of ``sh`` are read alone:
each must be a command, with options that it has.
"""

import contextlib
import doctest
import io
import linecache
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import typer

from elman.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "VISION.md", *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^```([a-z]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# ([\w/]+\.\w+)\n")
NEEDS = {"transformers": "docs/how-to/seq2seq.md", "onnx": "docs/how-to/export.md"}
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
CALLING = {page for page in PAGES if "```console" in page.read_text("utf-8")}


@dataclass
class Fence:
    """A block of code, and where it stands."""

    kind: str
    text: str
    page: Path
    line: int


def fences(page: Path) -> list[Fence]:
    text = page.read_text("utf-8")
    return [Fence(m[1], m[2], page, text[: m.start(2)].count("\n")) for m in FENCE.finditer(text)]


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=pytest.mark.slow) if page in CALLING else page for page in PAGES],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_its_code_runs(page, tmp_path, monkeypatch):
    blocks = [block for block in fences(page) if block.kind in ("python", "output", "console")]
    if not blocks:
        return
    for package, needing in NEEDS.items():
        if page == ROOT / needing:
            pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for block in blocks:
        if named := FILE.match(block.text):
            monkeypatch.delitem(sys.modules, Path(named[1]).stem, raising=False)  # another page's of that name
    monkeypatch.setitem(sys.modules, "page", module := ModuleType("page"))
    printed = ""
    for block in blocks:
        named = FILE.match(block.text)
        if block.kind == "output":
            agrees(block.text, printed, block)
        elif block.kind == "console":
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
                agrees(expected, called(command), block)
        elif named:
            Path(named[1]).write_text(block.text, "utf-8")
        else:
            printed = ran(block, module)


def ran(block: Fence, module: ModuleType) -> str:
    """Run a block of Python; return what it printed."""
    name = f"{block.page.name}:{block.line}"
    linecache.cache[name] = (len(block.text), None, block.text.splitlines(True), name)  # for those who read sources
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(block.text, name, "exec"), module.__dict__)
    return out.getvalue()


def called(command: str) -> str:
    """Run a command of the console; return what it printed."""
    words = shlex.split(command)
    if words[0] != "python":
        words = ["-m", {"torchrun": "torch.distributed.run"}.get(words[0], words[0]), *words[1:]]
    else:
        words = words[1:]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "110", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def agrees(expected: str, printed: str, block: Fence) -> None:
    """Hold what was printed to what the page says."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if expected.strip() and not doctest.OutputChecker().check_output(expected, printed, options):
        pytest.fail(f"{block.page.name}, line {block.line} says\n\n{expected}\nand it printed\n\n{printed}")


@by_name
def test_the_commands_it_names_are_there(page):
    for block in fences(page):
        if block.kind == "sh":
            for line in block.text.splitlines():
                for command in re.split(r"&&|\|", line):
                    words = shlex.split(command, comments=True)
                    if words and Path(words[0]).name == "elman":
                        understood(words[1:])


def understood(words: list[str]) -> None:
    """Read a command line as the program would, and run nothing."""
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"elman has no command {words[0]!r}"
        command = command.commands[words.pop(0)]
    command.make_context("elman", words)


@by_name
def test_what_it_links_to_is_there(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert re.match(r"https?://", target) or (page.parent / target).exists(), target
