"""What a running trial may touch: its own folder, and the word it gives of its progress."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from elman.files import write_text

__all__ = ["Desk", "TrialFailed"]


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
        """Tell how far the trial is, at most twice a second; costs nothing in between.

        Args:
            step: steps done.
            total: steps in all.
            **numbers: what to show beside it, such as ``loss=1.23``.
        """
        now = time.monotonic()
        if now - self._told < 0.5 and step < total:
            return
        self._told = now
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / "progress.json", json.dumps({"step": step, "total": total, **numbers}))
