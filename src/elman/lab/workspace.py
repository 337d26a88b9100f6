"""What a running trial may touch: its own folder, and the word it gives of its progress."""

import contextlib
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

from elman.files import write_text

__all__ = ["Desk", "TrialFailed", "clear_progress", "read_progress"]

PROGRESS = "progress.json"


class TrialFailed(RuntimeError):
    """A trial that cannot go on, such as one whose loss became NaN. The other trials go on without it."""


@dataclass
class Desk:
    """The working place of one trial.

    Args:
        folder: the trial's own folder; what it leaves there (a model, a checkpoint) stays.
    """

    folder: Path
    _told: float = field(default=0.0, repr=False)

    def progress(self, step: float, total: float, **numbers: float) -> None:
        """Tell how far the trial is, at most twice a second; costs nothing in between, and if it cannot be told
        the trial goes on.

        Args:
            step: steps done.
            total: steps in all.
            **numbers: what to show beside it, such as ``loss=1.23``.
        """
        now = time.monotonic()
        if now - self._told < 0.5 and step < total:
            return
        self._told = now
        with contextlib.suppress(OSError):
            write_text(self.folder / PROGRESS, json.dumps({"step": step, "total": total, **numbers}))


def clear_progress(folder: Path) -> None:
    """Forget what a trial told, in its own folder and not where a link leads."""
    with contextlib.suppress(OSError):
        if not folder.is_symlink():
            (folder / PROGRESS).unlink(missing_ok=True)


def read_progress(folder: Path) -> tuple[float, float, dict[str, float]] | None:
    """Return the step, the total and the numbers that a trial told last; None if it told nothing that makes sense."""
    path = folder / PROGRESS
    try:
        if not path.is_file():
            return None
        told = {
            str(name): float(value) for name, value in json.loads(path.read_bytes()).items() if name.isidentifier()
        }
        step = told.pop("step")
        total = max(step, told.pop("total"))
        return (step, total, told) if 0 <= step <= total < math.inf else None
    except (OSError, LookupError, ValueError, TypeError, ArithmeticError, AttributeError, RecursionError):
        return None
