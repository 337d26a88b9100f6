"""Words of every wrong kind, for every command and option there is: an answer, or one line."""

import os
import random
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from .patience import patience
from .words import drawn, judge, run, workshop


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workshop")
    workshop(folder)
    return folder


@pytest.fixture(autouse=True)
def _idle(monkeypatch, tmp_path):
    idle(monkeypatch, tmp_path)


def idle(monkeypatch, folder):
    """Parsing, checking and reading are real; nothing is trained, timed or downloaded."""
    from elman.apps import detector
    from elman.data import files
    from elman.data.errors import NotHere
    from elman.lab import executors, runner
    from elman.lab.findings import Findings
    from elman.lab.workspace import TrialFailed
    from elman.probe import cell_table
    from elman.studies import ex07_teacher_forcing, ex09_bottleneck

    def execute(runs, *_, **__):
        for one in runs:
            if len(runs) == 1:
                list(one.study.trials(one.plan)), one.study.claims(one.plan)
            yield one, Findings("Nothing was run.", exercise=one.study.exercise, title=one.study.title)

    def untrained(*_):
        raise TrialFailed("nothing is trained here")

    def not_here(file, _):
        raise NotHere(f"{file.path}: no network")

    fit = detector.fit_autoencoder
    monkeypatch.setattr(runner, "execute", execute)
    monkeypatch.setattr(executors, "OnRay", lambda: nullcontext(None))
    monkeypatch.setattr(files, "_download", not_here)
    monkeypatch.setattr(ex07_teacher_forcing, "run", untrained)
    monkeypatch.setattr(ex09_bottleneck, "run", untrained)
    monkeypatch.setattr(cell_table, "relative_times", lambda cells, each: dict.fromkeys(cells, 1.0))
    monkeypatch.setattr(
        detector, "fit_autoencoder", lambda *given, updates, **named: fit(*given, updates=min(updates, 2), **named)
    )
    for name, value in (("NO_COLOR", "1"), ("COLUMNS", "200"), ("ELMAN_CACHE", str(folder / "cache"))):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ELMAN_DATA", str(folder))


def spoken(seed, bench, folder):
    """One command line, in a workshop of its own."""
    place, home, data = folder / "at", Path.cwd(), os.environ["ELMAN_DATA"]
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(bench, place)
    line = drawn(random.Random(seed), place)
    os.chdir(place)
    try:
        with patience(30):
            judge(line, *run(line))
    except BaseException as error:
        error.add_note(f"seed {seed}: {line.words}, given {line.given[:80]!r}")
        raise
    finally:
        os.chdir(home)
        os.environ["ELMAN_DATA"] = data


def test_words(bench, tmp_path):
    for seed in range(60):
        spoken(seed, bench, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_many_words(part, bench, tmp_path):
    for seed in range(60 + 350 * part, 410 + 350 * part):
        spoken(seed, bench, tmp_path)
