"""The runner: nothing finished is ever lost, and what is broken does not break the rest."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from elman.lab.findings import Findings
from elman.lab.progress import Progress
from elman.lab.runner import FolderInUse, execute
from elman.lab.study import Record, Trial


def finish(*runs):
    """Run in worker processes, as the command line does."""
    return [findings for _, findings in execute(list(runs), workers=2)]


def finish_here(*runs):
    """Run in this process, which is quicker."""
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(1) as pool:
        found = [findings for _, findings in execute(list(runs), executor=pool)]
    torch.set_num_threads(threads)
    return found


def without_time(findings):
    return {**json.loads(findings.to_json()), "seconds": 0}


def test_a_run_its_files_and_a_second_run_that_has_nothing_to_do(toy):
    run = toy()
    (findings,) = finish(run)
    assert findings.summary == "4 records"
    assert (findings.exercise, findings.name, findings.command) == ("15.99", "toy-study", "elman study 15.99")
    assert (
        findings.title == "A study small enough to run in tests: it adds up numbers, and breaks where its plan says"
    )
    assert {row[2] for row in findings.tables[0].rows} == {1.0}, "one thread a trial"
    assert Findings.load(run.folder / "findings.json").to_json() == findings.to_json()
    stated = json.loads((run.folder / "plan.json").read_text())["claims"]
    assert [claim["key"] for claim in stated] == ["sum"]
    saved = json.loads((run.folder / "findings.json").read_text())
    assert stated == [verdict["claim"] for verdict in saved["claims"]]
    assert not list(run.folder.rglob("progress.json"))
    (again,) = finish(run)
    assert again.to_json() == findings.to_json()
    assert set(toy.marks().values()) == {1}


def test_seeds_draw_the_same_and_variants_alike(toy):
    (first,), (second,) = finish(toy("one")), finish_here(toy("two"))
    assert without_time(first) == without_time(second)
    rows = {row[0]: row[1] for row in first.tables[0].rows}
    assert rows["a-seed0"] == rows["b-seed0"] != rows["a-seed1"]


@pytest.mark.parametrize("damage", ["cut", "empty", "not json", "other plan", "arrays gone", "arrays cut"])
def test_a_damaged_record_is_made_again_and_no_other(toy, damage):
    run = toy()
    (expected,) = finish_here(run)
    (folder,) = (run.folder / "trials").glob("a-seed1-*")
    record, arrays = folder / "record.json", folder / "arrays.npz"
    if damage == "cut":
        record.write_bytes(record.read_bytes()[:-20])
    elif damage == "empty":
        record.write_bytes(b"")
    elif damage == "not json":
        record.write_bytes(b"\xff\xfe[1]")
    elif damage == "other plan":
        record.write_text(record.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    elif damage == "arrays gone":
        arrays.unlink()
    else:
        arrays.write_bytes(arrays.read_bytes()[:100])
    (findings,) = finish_here(run)
    assert without_time(findings) == without_time(expected)
    assert toy.marks() == {"a-seed0": 1, "a-seed1": 2, "b-seed0": 1, "b-seed1": 1}


def test_records_of_earlier_code_are_kept_and_not_used_and_said_once(toy, capsys):
    run = toy()
    (expected,) = finish_here(run)
    edited, reported = replace(run, study=replace(run.study, path=run.folder / "edited.py")), []
    edited.study.path.write_text(run.study.path.read_text() + "\n# edited\n")
    for _ in range(2):
        with ThreadPoolExecutor(1) as pool:
            ((_, found),) = execute([edited], executor=pool, show=Progress(terminal=False))
        reported.append(capsys.readouterr().err)
        assert found.tables == expected.tables
    kept = (
        f"4 records in {run.folder / 'trials'} come from earlier code or from other data or settings; they are kept"
    )
    assert [text.count(kept) for text in reported] == [1, 1]
    assert set(toy.marks().values()) == {2}, "the old records are not taken for new ones"
    finish_here(run)
    assert set(toy.marks().values()) == {2}, "they are still there"


def test_records_of_another_format_are_not_used(toy, monkeypatch):
    run = toy()
    finish_here(run)
    monkeypatch.setattr("elman.lab.study.FORMAT", 99)
    assert not any(run.record(trial) for trial in run.study.trials(run.plan))


def test_what_was_read_is_in_the_findings(toy):
    run = toy(seeds=1)
    trials = [Trial("a", 0, inputs={"text": "12ab"}), Trial("b", 0, inputs={"text": "12ab", "my.py:Cell": "cd34"})]
    records = [Record({"drawn": 1.0, "threads": 1.0}, arrays={"noise": np.ones(1)}, trial=trial) for trial in trials]
    assert run.study.findings(run.plan, records).read == {"text": "12ab", "my.py:Cell": "cd34"}


def test_another_plan_in_the_same_folder_loses_nothing(toy):
    first, other = toy(), toy(mode="slow")
    finish_here(first)
    finish_here(other)
    assert set(toy.marks().values()) == {2}
    finish_here(first)
    assert set(toy.marks().values()) == {2}, "the first plan's records are still there"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("nan", "b-seed0: the loss became nan at update 7"),
        ("bug", "b-seed0: IndexError: a bug (see "),
        ("die", "b-seed0: its process died 2 times"),
    ],
)
def test_a_failed_trial_does_not_stop_the_others(toy, mode, reason):
    run = toy(mode=mode)
    (findings,) = finish(run) if mode == "die" else finish_here(run)
    assert findings.summary == "3 records"
    assert len(findings.failed) == 1
    assert findings.failed[0].startswith(reason)
    if mode == "bug":
        (failure,) = run.folder.glob("trials/b-seed0-*/failure.txt")
        assert "IndexError" in failure.read_text()


def test_a_worker_that_dies_once_is_replaced(toy):
    run = toy(mode="die once")
    (findings,) = finish(run)
    assert findings.summary == "4 records"
    assert not findings.failed


def test_every_trial_failing_is_no_findings(toy):
    run = toy(variants=("b",), seeds=1, mode="nan")
    assert finish_here(run) == [None]
    assert run.failed == ["b-seed0: the loss became nan at update 7"]


def test_findings_that_cannot_be_made_stop_no_other_run(toy):
    broken, whole = toy("one", mode="needs b", variants=("a", "c")), toy("two")
    assert [findings and findings.summary for findings in finish_here(broken, whole)] == [None, "4 records"]
    assert broken.failed == ["no findings from 4 of 4 trials: KeyError: 'b'"]
    assert "KeyError" in (broken.folder / "failure.txt").read_text()


def test_two_runs_on_one_folder(toy):
    run = toy()
    running = execute([run], workers=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: list(running))
        while not (run.folder / ".lock").exists():
            time.sleep(0.01)
        with pytest.raises(FolderInUse, match=r"another run is using"):
            finish(toy())
        assert first.result()[0][1].summary == "4 records"


def test_a_folder_that_cannot_be_made(toy, tmp_path):
    (tmp_path / "run").write_text("a file stands here")
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        finish(toy())


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from elman.lab.runner import Run, execute
from elman.lab.study import Study
if __name__ == "__main__":
    study = Study("15.99", "toy-study", "toy_study", Path({here!r}) / "toy_study.py")
    plan = study.module.Plan(variants=tuple("abcd"), mode="slow", scratch={scratch!r})
    list(execute([Run(study, plan, Path({folder!r}), "elman study 15.99")], workers=2))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_killed_in_mid_run_it_goes_on_from_there(toy, tmp_path, how):
    folder = tmp_path / "run"
    script = tmp_path / "main.py"
    script.write_text(
        SCRIPT.format(here=str(Path(__file__).parent), scratch=str(tmp_path / "scratch"), folder=str(folder))
    )
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 600
    while len(list(folder.glob("trials/*/record.json"))) < 3:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does: parent and workers alike
    else:
        process.kill()
    process.wait(600)
    saved = {path.parent.name.rpartition("-")[0] for path in folder.glob("trials/*/record.json")}
    assert len(saved) < 8

    settings = {"variants": tuple("abcd"), "mode": "slow"}
    run = toy(**settings)
    done = {trial.name for trial in run.study.trials(run.plan) if run.record(trial)}
    assert done >= saved
    (findings,) = finish(run)
    marks = toy.marks()
    assert all(marks[name] == 1 for name in saved), "what was saved is not run again"
    assert sum(marks.values()) <= 8 + 2, "no more than the two trials in flight are lost"
    undisturbed = toy("undisturbed", **settings)
    assert without_time(findings) == without_time(finish(undisturbed)[0])
