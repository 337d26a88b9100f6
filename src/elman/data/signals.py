"""Series measured at even steps, with the events in them that are known: a reader, a generator, taxi rides."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from elman.data.errors import DataError
from elman.data.reading import decoded, is_heading, number, read_bytes, rows

__all__ = ["KINDS", "Signal", "nyc_taxi", "planted", "read_signal"]

KINDS = ("raised", "stuck", "shifted", "noisy", "lost")


@dataclass(frozen=True)
class Signal:
    """Values at even steps of time.

    Args:
        name: of the signal.
        start: time of the first value, or None where no times are known.
        step: between two values.
        values: ``[N]``.
        events: what is known to be an anomaly: first index, index after the last, and its kind.
        sha256: of what it was read or made from.
        notes: what a reader should know.
    """

    name: str
    start: datetime | None
    step: timedelta
    values: np.ndarray
    events: tuple[tuple[int, int, str], ...] = ()
    sha256: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def day(self) -> int:
        """Steps in a day, at least 1."""
        return max(1, round(timedelta(days=1) / self.step))

    @property
    def labels(self) -> np.ndarray:
        """Which values belong to an event, ``[N]``."""
        known = np.zeros(len(self), bool)
        for first, end, _ in self.events:
            known[first:end] = True
        return known

    def where(self, index: int) -> str:
        """Say when a value was measured, or which it is, counted from 1."""
        if self.start is None:
            return f"value {index + 1}"
        return (self.start + index * self.step).strftime("%Y-%m-%d %H:%M:%S")


def read_signal(path: Path, least: int = 100) -> Signal:
    """Read a CSV of one number a line, or of a time and a number; a first line that holds no number is a heading.

    Times are ISO 8601, with or without a zone (then UTC), in order; without times a step counts as an hour. The
    commonest gap is the step; where values are missing in between, a straight line stands for up to 5 of them.

    Raises:
        DataError: naming the line, for what is not a finite number or a time, a time that is there twice or out of
            order, more than 5 values missing, times off the step; too few values, or all the same.
    """
    content = read_bytes(path)
    times, values = _columns(path, decoded(path, content))
    if len(values) < least:
        raise DataError(f"{path} has {len(values)} values; at least {least} are needed")
    start, step, filled = _even(path, times, values)
    series = np.array(filled)
    if np.ptp(series) == 0:
        raise DataError(f"{path}: the value never changes")
    missing = len(filled) - len(values)
    notes = (f"{missing} missing values were filled with a straight line",) if missing else ()
    return Signal(path.stem, start, step, series, (), hashlib.sha256(content).hexdigest(), notes)


def planted(seed: int, weeks: int = 20, clean: int = 11, events: int = 15) -> Signal:
    """An hourly load with a day, a week and noise that lasts, and anomalies of five kinds where they were put.

    *Raised* by eight standard deviations of the noise, or lowered so; *stuck* at one value; *shifted* by eight hours;
    *noisy*; *lost*, at three tenths. Each lasts 6 to 24 hours, no two are within a day, and none lies in the first
    ``clean`` weeks.

    Example:
        >>> signal = planted(0)
        >>> len(signal), signal.day, sorted({kind for _, _, kind in signal.events}) == sorted(KINDS)
        (3360, 24, True)
    """
    rng = np.random.default_rng(seed)
    n = 168 * weeks
    hour, weekday = np.arange(n) % 24, np.arange(n) // 24 % 7
    usual = 10 + 4 * np.sin(2 * np.pi * (hour - 9) / 24) + 1.5 * np.sin(4 * np.pi * (hour - 7) / 24)
    usual *= np.where(weekday >= 5, 0.75, 1.0)
    noise, shock = np.zeros(n), rng.normal(size=n) * 0.35
    for k in range(1, n):
        noise[k] = 0.7 * noise[k - 1] + shock[k]
    values = usual + noise
    days = np.sort(rng.permutation(np.arange(7 * clean + 1, 7 * weeks - 2, 3))[:events])
    found = []
    for turn, day in enumerate(days.tolist()):
        first = day * 24 + int(rng.integers(0, 24))
        end, kind = first + int(rng.integers(6, 25)), KINDS[turn % len(KINDS)]
        part = slice(first, end)
        if kind == "raised":
            values[part] += rng.choice([-1, 1]) * 8 * noise.std()
        elif kind == "stuck":
            values[part] = values[first - 1]
        elif kind == "shifted":
            values[part] = usual[first - 8 : end - 8] + noise[part]
        elif kind == "noisy":
            values[part] += rng.normal(size=end - first) * 2.5
        else:
            values[part] *= 0.3
        found.append((first, end, kind))
    return Signal(
        "planted", datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1), values, tuple(found), f"planted {seed}"
    )


def nyc_taxi() -> Signal:
    """Taxi passengers in New York every half hour, July 2014 to January 2015, with NAB's five windows.

    Raises:
        NotHere: if this machine has not the set ``nab``.
    """
    from elman.data.catalogue import find_set
    from elman.data.files import find

    name = "realKnownCause/nyc_taxi.csv"
    signal = read_signal(find(nab := find_set("nab"), f"data/{name}"))
    assert signal.start is not None
    windows = json.loads(find(nab, "labels/combined_windows.json").read_text("utf-8"))[name]
    events = []
    for first, last in windows:
        places = [
            round((datetime.fromisoformat(end).replace(tzinfo=UTC) - signal.start) / signal.step)
            for end in (first, last)
        ]
        events.append((places[0], places[1] + 1, "window"))
    return Signal("nyc_taxi", signal.start, signal.step, signal.values, tuple(events), signal.sha256, signal.notes)


def _columns(path: Path, text: str) -> tuple[list[tuple[int, datetime]], list[float]]:
    """Times with the lines they stand on (none if there is one column), and values."""
    times: list[tuple[int, datetime]] = []
    values: list[float] = []
    width = 0
    for line, row in rows(path, text):
        if not width and is_heading(row):
            width = len(row)
            continue
        value = number(row[-1])
        if math.isnan(value):
            raise DataError(f"{path}, line {line}: expected a finite number, got {row[-1][:40]!r}")
        width = width or len(row)
        if len(row) != width or width > 2:
            raise DataError(f"{path}, line {line}: expected a number, or a time and one, got {len(row)} columns")
        if width == 2:
            times.append((line, _time(row[0], f"{path}, line {line}")))
        values.append(value)
    return times, values


def _time(text: str, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise DataError(f"{where}: {text[:40]!r} is not a time as 2020-01-31 13:30:00") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _even(path: Path, times: Sequence[tuple[int, datetime]], values: Sequence[float]):
    """Start, step, and the values with straight lines where some are missing."""
    if not times:
        return None, timedelta(hours=1), list(values)
    gaps = [(b - a).total_seconds() for (_, a), (_, b) in pairwise(times)]
    for gap, (line, time) in zip(gaps, times[1:], strict=True):
        if gap <= 0:
            what = "is there twice" if gap == 0 else "comes before the line above; sort the file by time"
            raise DataError(f"{path}, line {line}: {time.isoformat(sep=' ')} {what}")
    step = _commonest(gaps)
    filled = [values[0]]
    for gap, value, (line, _) in zip(gaps, values[1:], times[1:], strict=True):
        count = round(gap / step)
        if not count or abs(gap - count * step) > 0.01 * step:
            raise DataError(f"{path}, line {line}: {gap:g} s after the line above, where the step is {step:g} s")
        if count > 6:
            raise DataError(f"{path}, line {line}: {count - 1} values are missing before it; cut the file there")
        last = filled[-1]
        filled += [last * (1 - k / count) + value * (k / count) for k in range(1, count)]
        filled.append(value)
    return times[0][1], timedelta(seconds=step), filled


def _commonest(gaps: Iterable[float]) -> float:
    gaps = list(gaps)
    return max(sorted(set(gaps)), key=gaps.count) if len(set(gaps)) < 50 else float(np.median(gaps))
