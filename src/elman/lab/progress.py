"""Progress on the terminal: an overall bar, and one for each running trial."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elman.terminal import printable

__all__ = ["Progress", "Running"]

QUIET_SECONDS = 10  # between lines where there is no terminal


@dataclass(frozen=True)
class Running:
    """A running trial: its name, its steps so far, and the numbers to show."""

    name: str
    step: float
    total: float
    numbers: dict[str, float]

    @property
    def shown(self) -> str:
        """The numbers as text, such as ``loss 1.832``."""
        return printable("  ".join(f"{name} {value:.4g}" for name, value in self.numbers.items()))


class Progress:
    """Bars on standard error if it is a terminal, else a line every ten seconds. Standard output is used only for
    results."""

    def __init__(self, terminal: bool | None = None):
        self.terminal = sys.stderr.isatty() if terminal is None else terminal
        self.visible = True
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._begun: dict[str, tuple[float, float]] = {}
        self._last_line = 0.0

    @classmethod
    def silent(cls) -> "Progress":
        """Return a progress object that shows nothing."""
        progress = cls(terminal=False)
        progress.visible = False
        return progress

    def start(self, total: int, done: int) -> None:
        """Start with ``done`` of ``total`` trials already saved."""
        self.total, self.done = total, done
        if self.visible and done and done < total:
            print(f"{done} of {total} trials are already saved; running the rest", file=sys.stderr)
        if self.terminal and self.visible:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )
            from rich.progress import Progress as Bars

            columns = (
                TextColumn("{task.description}", markup=False), BarColumn(24), MofNCompleteColumn(),
                TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
            )  # fmt: skip
            self._bars = Bars(*columns, console=Console(stderr=True, force_terminal=True), transient=True)
            self._bars.start()
            self._tasks[""] = self._bars.add_task("trials", total=total, completed=done, note="")

    def note(self, text: str) -> None:
        """Print a line once."""
        if self.visible:
            print(text, file=sys.stderr, flush=True)

    def update(self, running: Sequence[Running]) -> None:
        """Show the running trials."""
        if self._bars is not None:
            self._draw(running)
        elif self.visible and running and time.monotonic() - self._last_line > QUIET_SECONDS:
            self._last_line = time.monotonic()
            parts = [f"{r.name} {r.step:.0f}/{r.total:.0f} {r.shown}{self._left(r)}" for r in running]
            print(printable(f"[{self.done}/{self.total} trials] " + "; ".join(parts)), file=sys.stderr, flush=True)

    def finished(self, name: str, failure: str | None) -> None:
        """Count a trial that ended."""
        self.done += 1
        if self._bars is not None:
            self._bars.update(self._tasks[""], completed=self.done)
        if failure is not None and self.visible:
            print(printable(f"{name} failed: {failure}"), file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Remove the bars."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _draw(self, running: Sequence[Running]) -> None:
        names = {r.name for r in running}
        for name in [name for name in self._tasks if name and name not in names]:
            self._bars.remove_task(self._tasks.pop(name))
        for r in running:
            if r.name not in self._tasks:
                self._tasks[r.name] = self._bars.add_task(printable(r.name), total=r.total, note="")
            rate = self._rate(r)
            note = f"{rate:.3g}/s  {r.shown}" if rate else r.shown
            self._bars.update(self._tasks[r.name], completed=r.step, total=r.total, note=note)

    def _rate(self, r: Running) -> float | None:
        """Return the trial's steps per second so far."""
        now = time.monotonic()
        began, first = self._begun.setdefault(r.name, (now, r.step))
        if r.step < first:  # restarted by another worker
            self._begun[r.name] = began, first = now, r.step
        return (r.step - first) / (now - began) if r.step > first and now > began else None

    def _left(self, r: Running) -> str:
        """Format the rate and the remaining time."""
        rate = self._rate(r)
        return f" {rate:.3g}/s, {(r.total - r.step) / rate:.0f} s left" if rate else ""
