"""The toy study and its real command, whose processes all end with the test."""

import os
import signal

import pytest

from .toy import LAB, Toy, members


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(LAB))
    toy = Toy(tmp_path)
    yield toy
    for process in toy.sessions:
        for pid in members(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
