"""Hypothesis without a clock: the first example may compile a cell. One thread for each of several workers."""

import io
import json
import os
import signal
import sys

import pytest
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported: more threads than cores wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# In the background and under nohup these are ignored, also by what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile("elman", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("elman")


@pytest.fixture
def rewrite():
    """Change what a saved model says of itself, as one who knows how to seal it."""
    from elman.sealing import UNSEALED, seal

    def rewritten(folder, change):
        about = json.loads((folder / "model.json").read_text())
        change(about)
        data = json.dumps({"sha256": UNSEALED, **{k: v for k, v in about.items() if k != "sha256"}}).encode()
        (folder / "model.json").write_bytes(seal(data, (folder / "weights.safetensors").read_bytes()))

    return rewritten


@pytest.fixture
def elman(capsys, monkeypatch):
    """``elman("classify", "good", code=0, given=b"")``: what it prints, or, if it must fail, what it complains of."""

    from elman.__main__ import main

    def run(*words, code=0, given=b""):
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["elman", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        assert (stop.value.code or 0) == code, printed.err
        assert "Traceback" not in printed.err
        return printed.out if code == 0 else printed.err

    return run
