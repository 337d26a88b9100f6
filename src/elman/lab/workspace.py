"""A trial's working directory and its progress file."""

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
    """A trial cannot continue, for example because its loss became NaN. The other trials continue."""


@dataclass
class Desk:
    """The working directory and progress report of one trial.

    Args:
        folder: the trial's folder; files written there (a model, a checkpoint) are kept.
    """

    folder: Path
    _reported: float = field(default=0.0, repr=False)

    def progress(self, step: float, total: float, **numbers: float) -> None:
        """Report the trial's progress; it is written at most twice per second, and a failure to write is ignored.

        Args:
            step: steps done.
            total: total number of steps.
            **numbers: numbers to show, such as ``loss=1.23``.
        """
        now = time.monotonic()
        if now - self._reported < 0.5 and step < total:
            return
        self._reported = now
        with contextlib.suppress(OSError):
            write_text(self.folder / PROGRESS, json.dumps({"step": step, "total": total, **numbers}))


def clear_progress(folder: Path) -> None:
    """Remove a trial's progress file; do nothing if its folder is a symbolic link."""
    with contextlib.suppress(OSError):
        if not folder.is_symlink():
            (folder / PROGRESS).unlink(missing_ok=True)


def read_progress(folder: Path) -> tuple[float, float, dict[str, float]] | None:
    """Return the last reported step, total and numbers, or None if the file is missing or malformed."""
    path = folder / PROGRESS
    try:
        if not path.is_file():
            return None
        report = {
            str(name): float(value) for name, value in json.loads(path.read_bytes()).items() if name.isidentifier()
        }
        step = report.pop("step")
        total = max(step, report.pop("total"))
        return (step, total, report) if 0 <= step <= total < math.inf else None
    except (OSError, LookupError, ValueError, TypeError, ArithmeticError, AttributeError, RecursionError):
        return None
