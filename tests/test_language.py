"""Plain English: the words that readers had to read twice do not come back, and the public API is complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import elman

ROOT = Path(__file__).parents[1]
RETIRED = re.compile(
    r"\b([Tt]old|[Uu]ntold|[Tt]ells|[Aa]new|[Rr]ightly)\b|\bnats a \w|\b[Ss]tands? in\b|\b(is|are) none\b"
    r"|\b[Tt]he house\b|\bgo(es)? on (with|from)\b",
)
TEXTS = sorted(
    path
    for pattern in ("src/**/*.py", "src/**/*.md", "src/**/*.html", "src/**/*.js", "bench/**/*.py", "docs/**/*.md")
    for path in ROOT.glob(pattern)
) + sorted(ROOT.glob("*.md"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_word(path):
    lines = path.read_text("utf-8").replace("is none %}", "").splitlines()  # a template's own test
    found = [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if RETIRED.search(line)]
    assert not found, "say it in the field's words:\n" + "\n".join(found)


PUBLIC = ("apps", "baselines", "cells", "data", "decode", "nn", "probe", "testing", "train")


@pytest.mark.parametrize("room", PUBLIC)
def test_everything_that_a_package_offers_is_there(room):
    package = getattr(elman, room)
    for name in getattr(package, "__all__", ()):
        assert getattr(package, name) is not None
    assert room in dir(elman)


LABORATORY = (
    "typer",
    "rich",
    "pydantic",
    "jinja2",
    "pooch",
    "requests",
    "matplotlib",
    "scipy",
    "sklearn",
    "filelock",
)
WITHOUT = f"import sys\nfor name in {LABORATORY}: sys.modules[name] = None\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=False)


def test_the_library_runs_without_the_laboratory():
    code = """
import elman, torch
for name in ("cells", "data", "decode", "nn", "testing", "train"):
    for one in getattr(elman, name).__all__:
        getattr(getattr(elman, name), one)
elman.unroll(elman.cells.GRUCell(2, 3), torch.zeros(2, 1, 2))
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_a_missing_package_of_the_laboratory_is_named_in_one_line():
    done = run("from elman.__main__ import main; main()")
    assert done.returncode == 1
    assert done.stderr == ("elman: this needs the package typer, which is not installed: pip install 'elman[lab]'\n")
    done = run("import elman; elman.probe.reliability")
    assert "elman.probe.reliability: this needs the package scipy" in done.stderr


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(AttributeError, match=r"module 'elman' has no attribute 'trian'; it has .*train"):
        getattr(elman, "trian")  # noqa: B009


def test_a_public_name_means_the_same_whatever_was_imported_before():
    code = """
import elman
first = elman.probe.gradient_flow, elman.baselines.norvig, elman.unroll, elman.nn.streaming
import elman.probe.gradient_flow, elman.baselines.norvig, elman.engine.unroll, elman.nn.streaming
assert first == (elman.probe.gradient_flow, elman.baselines.norvig, elman.unroll, elman.nn.streaming)
assert all(callable(one) for one in first)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = """
from elman.probe.gradient_flow import gradient_flow
import elman
assert elman.probe.gradient_flow is gradient_flow
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
