"""No clock on the wall decides anything."""

import itertools
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import elman
from elman.lab import progress
from elman.lab.progress import Progress, Running
from elman.lab.runner import execute

from .toy import timeless

DAY = 86400


@pytest.mark.parametrize("room", ["engine", "nn", "train", "decode", "probe", "lab", "studies", "files.py"])
def test_no_room_reads_it(room):
    place = Path(elman.__file__).parent / room
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert files
    for path in files:
        assert not re.search(r"\btime\.time|datetime|st_mtime|getmtime", path.read_text()), path


def test_a_clock_that_jumps_by_days(toy, monkeypatch, capsys):
    expected = timeless(toy.finish(toy.run("undisturbed", mode="train")))
    jumps = itertools.cycle([DAY, -DAY, 0, -30 * DAY])
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + next(jumps) * 10**9)
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    run = toy.run(mode="train")
    shown = Progress(terminal=False)
    update = shown.update

    def with_files_of_tomorrow(running):
        for path in run.folder.rglob("*"):
            os.utime(path, (now() + DAY, now() + DAY))
        update([*running, Running("toy", 1, 2, {})])

    shown.update = with_files_of_tomorrow
    with ThreadPoolExecutor(1) as pool:
        ((_, findings),) = execute([run], executor=pool, show=shown)
    assert timeless(findings) == expected
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert not [line for line in lines if re.search(r"-\d|nan|inf", line.partition("]")[2].replace("-seed", ""))]
    marks = toy.marks()
    assert timeless(toy.finish(toy.run(mode="train"))) == expected
    assert toy.marks() == marks, "records of tomorrow are records"


def test_steps_that_go_back_and_clocks_that_stand(monkeypatch, capsys):
    seconds = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[-1])
    monkeypatch.setattr(progress, "QUIET_SECONDS", -1)
    shown = Progress(terminal=False)
    shown.start(total=1, done=0)
    for now, step in ((100, 50), (100, 60), (110, 60), (120, 4), (130, 4), (140, 24)):
        seconds.append(now)
        shown.update([Running("a", step, 100, {})])
    assert [line.removeprefix("[0/1 trials] a ") for line in capsys.readouterr().err.splitlines()] == [
        "50/100 ", "60/100 ", "60/100  1/s, 40 s left", "4/100 ", "4/100 ", "24/100  1/s, 76 s left",
    ]  # fmt: skip
