"""The toy study, importable here and in worker processes."""

from pathlib import Path

import pytest

from elman.lab.runner import Run
from elman.lab.study import Study


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Make a run of the toy study: ``toy(folder="run", **plan)``."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    study = Study("15.99", "toy-study", "toy_study", Path(__file__).with_name("toy_study.py"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def make(folder="run", **settings):
        plan = study.module.Plan(scratch=str(scratch), **settings)
        return Run(study, plan, tmp_path / folder, "elman study 15.99")

    make.marks = lambda: {path.name: len(path.read_text()) for path in sorted(scratch.iterdir())}
    return make
