"""A run that is stopped ends at once with all its workers, whatever they do; two runs never share a folder."""

import os
import signal
import sys
from contextlib import suppress

import pytest

from .toy import PATIENCE, members, until, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

STOPPED = "stopped; finished work is saved, and the same command resumes it\n"


def at_work(toy, *trials, **settings):
    """A run of which these trials have begun."""
    process = toy.start(jobs=len(trials), **settings)
    before = toy.marks()
    until(lambda: all(toy.marks().get(name, 0) > before.get(name, 0) for name in trials), f"{trials} to begin")
    return process


@pytest.mark.slow
def test_trials_that_never_end(toy):
    """One sleeps, and one is in a call into C that lets no other thread of its process run, not even the one that
    watches the parent. What ends besides them is saved; every way to stop the run ends them, and it goes on."""
    settings = {"variants": "a,hang,hog", "seeds": 1}
    process = toy.start(jobs=3, **settings)
    until(lambda: len(toy.marks()) == 3 and toy.records(), "the trial that ends")
    saved = toy.records()

    assert toy.command(code=1, **settings).endswith("wait for it, or give another --out\n")
    assert len(toy.errors().splitlines()) == 1
    assert process.poll() is None
    assert len(members(process.pid)) >= 4, "the first run is undisturbed"

    process.kill()
    until(lambda: not members(process.pid), "workers to end with their parent")
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = at_work(toy, *(["hang-seed0", "hog-seed0"] if how == signal.SIGINT else ["hang-seed0"]), **settings)
        for _ in range(2):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)  # as a terminal does: parent and workers alike
        code = process.wait(PATIENCE)
        until(lambda process=process: not members(process.pid), "workers to end")
        assert (code, toy.errors()) == ((130, STOPPED) if how == signal.SIGINT else (-how, ""))
    assert toy.records() == saved
    assert toy.marks()["a-seed0"] == 1


def test_ctrl_c_while_workers_start(toy):
    """A terminal sends it to them as well; they never hear it, from their first moment on."""
    process, heard = toy.start(variants="a", seeds=1), set()

    def ended():
        for pid in workers(process.pid):
            os.kill(pid, signal.SIGINT)
            heard.add(pid)
        return process.poll() is not None

    until(ended, "the run to end")
    assert (process.returncode, toy.errors(), len(heard)) == (0, "", 1)
    process = toy.start(variants="b", seeds=1)
    until(lambda: workers(process.pid), "a worker")
    os.killpg(process.pid, signal.SIGINT)
    assert (process.wait(PATIENCE), toy.errors()) == (130, STOPPED)
    until(lambda: not members(process.pid), "workers to end")


def test_an_error_between_two_findings_ends_the_trials_at_work(monkeypatch):
    """Such as a reader of the output who has gone away."""
    from elman.cli import lab

    closed = []

    def execute(*_):
        try:
            yield None, None
        finally:
            closed.append(True)

    def gone(_):
        raise BrokenPipeError

    monkeypatch.setattr(lab, "_execute", execute)
    monkeypatch.setattr(lab, "_all_failed", gone)
    monkeypatch.setattr(lab, "_make_run", lambda *_: None)
    with pytest.raises(BrokenPipeError) as error:
        lab.lab()
    assert closed, "although the error still holds the frame that asked for the findings"
    del error
