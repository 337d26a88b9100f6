"""kill -9 at any moment: the same command goes on, and finds what it would have found undisturbed."""

import os
import random
import shutil
import signal
import sys
import time

import pytest

from .toy import members, timeless, until, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

VARIANTS, SEEDS, UPDATES = ("a", "b", "c"), 2, 30
LOST = 2  # updates between checkpoints, which a kill may cost a trial in flight


def start(toy, jobs):
    return toy.start(jobs=jobs, pace=0.02, variants=",".join(VARIANTS), seeds=SEEDS, mode="train", updates=UPDATES)


def wait_for_a_moment(toy, process, choice):
    """Wait until some more updates are made or, now and then, for a time in which the run may only have begun.
    Return whether the run is still at work."""
    wanted = sum(toy.marks(".updates").values()) + choice.randint(1, 22) if choice.random() < 0.8 else 0
    until(lambda: process.poll() is not None or sum(toy.marks(".updates").values()) >= wanted, "updates")
    time.sleep(choice.uniform(0, 0.02 if wanted else 1.5))
    return process.poll() is None


def kill(process, how, choice):
    if how == "worker":  # at most one a run: the second death of one trial's worker would be its end
        there = workers(process.pid)
        for pid in there and [choice.choice(there)]:
            os.kill(pid, signal.SIGKILL)
    elif how == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def disturb(toy, jobs, kills, choice):
    """Kill a run and start it again until it ends or was killed often enough; return how it was killed."""
    saved, marks, done = {}, {}, []
    process, working = start(toy, jobs), True
    while working and len(done) < kills:
        for how in choice.choice([["all"], ["parent"], ["worker", "all"], ["worker", "parent"]]):
            working = working and wait_for_a_moment(toy, process, choice)
            if not working:
                break
            saved |= toy.records()
            marks |= {name: count for name, count in toy.marks().items() if (name, "record.json") in saved}
            kill(process, how, choice)
            done.append(how)
        else:
            process.wait()
            killed, process = process, start(toy, jobs)  # at once, whatever the killed one left behind
            until(lambda killed=killed: not members(killed.pid), "workers to end with their parent")
    assert process.wait() == 0, toy.errors()
    records = toy.records()
    assert all(records[name] == data for name, data in saved.items()), "a record stays as it is"
    assert all(toy.marks()[name] == count for name, count in marks.items()), "what is saved is not run again"
    trials, made = len(VARIANTS) * SEEDS, sum(toy.marks(".updates").values())
    assert trials * UPDATES <= made <= trials * UPDATES + len(done) * jobs * LOST
    assert not [
        path for path in (toy.folder / "out").rglob("*") if path.name == "progress.json" or ".part" in path.name
    ]
    return done


@pytest.mark.slow  # the tests of the runner kill a run once in every suite
@pytest.mark.parametrize(("kills", "jobs"), [(10, 1), (100, 2)])
def test_killed_again_and_again(toy, kills, jobs):
    choice, done, runs = random.Random(kills), [], 0
    run = toy.run(variants=VARIANTS, seeds=SEEDS, mode="train", updates=UPDATES)
    expected = timeless(toy.finish(run))
    while len(done) < kills:
        for path in toy.scratch.iterdir():
            path.unlink()
        shutil.rmtree(toy.folder / "out", ignore_errors=True)
        done += disturb(toy, jobs, kills - len(done), choice)
        runs += 1
        assert toy.findings() == expected
        (folder,) = (toy.folder / "out").glob("*/*")
        for trial in run.study.trials(run.plan):
            there = type(run)(run.study, run.plan, folder).record(trial)
            here = run.record(trial)
            assert (there.numbers, there.series) == (here.numbers, here.series)
            assert there.arrays["noise"].tobytes() == here.arrays["noise"].tobytes()
    print(f"{len(done)} kills in {runs} runs:", {how: done.count(how) for how in sorted(set(done))})
