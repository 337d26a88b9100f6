"""Shared by the tests of fitting."""

import pytest

from elman.apps.fitting.training import Silent


class Interrupts(Silent):
    """Presses Ctrl-C after an update."""

    def __init__(self, at):
        self.at = at

    def progress(self, done, total, loss, validation):
        if done == self.at:
            raise KeyboardInterrupt


@pytest.fixture
def interrupts():
    """``interrupts(at)`` watches a fit, and interrupts it after the update ``at``."""
    return Interrupts
