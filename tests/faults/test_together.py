"""Of several processes that train together one fails: all of them end soon, and the error is shown."""

import os
import subprocess
import sys

import pytest

from .toy import LAB, PATIENCE

COMMAND = LAB.parent / "faults" / "command.py"
SCRIPT = """
import torch
from elman.train import parallel

with parallel.start():
    if parallel.rank() == {rank}:
        raise {error}
    parallel.add_up([torch.ones(1)])
"""


def launch(*words):
    """Run something in two processes; return the exit status, and what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", *map(str, words)],
        capture_output=True, text=True, timeout=PATIENCE, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def study(toy, **settings):
    settings = {"scratch": toy.scratch, "seeds": 1, **settings}
    pairs = [f"--set={name}={value}" for name, value in settings.items()]
    return launch(COMMAND, "study", "15.99", "--json", "--out", toy.folder / "out", *pairs)


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        ("error-1", "process 1 of 2 failed, so the others cannot continue: error-1-seed0: OSError: [Errno 28]"),
        pytest.param(
            "error-0",
            "process 0 of 2 failed, so the others cannot continue: No space left on device: /full",
            marks=pytest.mark.slow,
        ),
        pytest.param("interrupt-0", "stopped; finished work is saved", marks=pytest.mark.slow),
        pytest.param("interrupt-1", "stopped; finished work is saved", marks=pytest.mark.slow),
        pytest.param("death-0", "Signal 9 (SIGKILL)", marks=pytest.mark.slow),
        pytest.param("death-1", "Signal 9 (SIGKILL)", marks=pytest.mark.slow),
        pytest.param("exit-1", "exitcode  : 3", marks=pytest.mark.slow),
    ],
)
def test_one_of_two_fails_in_a_trial(toy, breaks, said):
    code, shown = study(toy, variants=f"a,{breaks},b")
    assert code
    assert said in shown
    assert {trial for trial, _ in toy.records()} == {"a-seed0"}, "saved before, and no trial begun after"


@pytest.mark.slow
def test_both_fail_alike_and_do_the_next_trial(toy):
    code, shown = study(toy, mode="nan", variants="a,b,c")
    assert code
    assert "toy-study b-seed0 failed: the loss became nan at update 7" in shown
    assert {trial for trial, _ in toy.records()} == {"a-seed0", "c-seed0"}


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("error", ["OSError('no such data')", "KeyboardInterrupt", "SystemExit('that was all')"])
def test_one_of_two_fails_in_a_script(tmp_path, rank, error):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT.format(rank=rank, error=error))
    code, shown = launch(script)
    assert code
    assert error.split("'")[1 if "'" in error else 0] in shown
