"""Workers that die, or find no memory: their trial is said to have failed, in one line, and no other."""

import ctypes
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from elman.lab.processes import ATTEMPTS, Processes, WorkerDied
from elman.lab.runner import execute
from elman.lab.workspace import Desk

REASONS = {
    "kill": r"its process died 2 times \(SIGKILL, perhaps out of memory\)",
    "memory": r"MemoryError \(see .*failure\.txt\)",
    "tensor": r"RuntimeError: .*can't allocate memory.* \(see .*failure\.txt\)",
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory")
def test_each_way_to_die(toy):
    run = toy.run(variants=("a", *REASONS, "b"), seeds=1)
    ((_, findings),) = execute([run], workers=2)
    assert findings.summary == "2 records"
    assert len(run.failed) == len(REASONS)
    for line in run.failed:
        name, _, reason = line.partition("-seed0: ")
        assert re.fullmatch(REASONS[name], reason), line
    marks = toy.marks()
    assert marks == {
        f"{name}-seed0": ATTEMPTS if "died" in REASONS.get(name, "") else 1 for name in ("a", *REASONS, "b")
    }


def test_a_death_costs_no_neighbour_its_work():
    """One of two workers dies again and again while the other is at work."""
    with Processes(2) as pool:
        slow = pool.submit(time.sleep, 600)
        for call, how in (((os._exit, 3), "exit status 3"), ((ctypes.string_at, 0), "SIGSEGV")):
            with pytest.raises(WorkerDied, match=rf"died 2 times \({how}\)"):
                pool.submit(*call).result()
        assert slow.running()
        assert pool.submit(abs, -3).result() == 3
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        pool.kill()
        with pytest.raises(WorkerDied):
            slow.result()
        with pytest.raises(WorkerDied):
            pool.submit(abs, -3).result()


def test_a_record_that_cannot_be_read_back(toy, monkeypatch):
    """As of an executor that does not share this file system."""
    run = toy.run(variants=("a",), seeds=1)
    monkeypatch.setattr("elman.lab.worker.save_record", lambda *_: None)
    with ThreadPoolExecutor(1) as pool:
        assert list(execute([run], executor=pool)) == [(run, None)]
    assert run.failed[0].startswith("a-seed0: its record cannot be read from ")


def test_progress_that_cannot_be_told_is_no_reason_to_fail(tmp_path):
    (tmp_path / "a").write_text("a file")
    Desk(tmp_path / "a").progress(1, 1)
