"""Trials in several processes together, and on a cluster, give the records of a plain run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = ["study", "15.12", "--quick", "--seeds", "1"]
for setting in ("text=pydoc", "updates=6", "hidden_size=8", "embedding_size=4", "sample_length=20", "window=16"):
    TINY += ["--set", setting]


def record(out, *launcher, more=()):
    words = [sys.executable, *launcher, "-m", "elman", *TINY, "--out", str(out), *more]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = out.glob("15.12-char-lm/*/trials/lstm-*/record.json")
    return done.stdout, json.loads(path.read_text())["numbers"]


@pytest.mark.slow
def test_two_processes_find_what_one_does(tmp_path):
    shown, alone = record(tmp_path / "one")
    words = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone")
    together, numbers = record(tmp_path / "two", *words)
    assert numbers["validation"] == pytest.approx(alone["validation"], rel=1e-6)
    assert shown.splitlines()[0] == together.splitlines()[0]
    assert together.count("15.12  A character-level language model") == 1, "the first process alone says so"


def dies_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        os._exit(1)
    return "done"


def fails() -> float:
    return 1 / 0


def test_a_worker_that_dies_is_replaced_by_the_cluster(tmp_path):
    ray = pytest.importorskip("ray")
    from elman.lab.executors import OnRay

    with OnRay() as executor:
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        assert executor.submit(dies_once, str(tmp_path / "died")).result() == "done"
        with pytest.raises(Exception, match="division by zero"):
            executor.submit(fails).result()


def test_a_cluster_that_there_is_not(tmp_path):
    words = [sys.executable, "-m", "elman", *TINY, "--out", str(tmp_path), "--cluster", "slurm"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "elman: no cluster 'slurm'; expected ray\n"
