"""Regularly sampled series with their known anomalies: a CSV reader, a generator, taxi rides."""

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

Table = list[tuple[int, list[str]]]  # rows, each with the number of its line
KINDS = ("raised", "stuck", "lost", "noisy", "drifting", "shifted", "reversed", "torn")


@dataclass(frozen=True)
class Signal:
    """Values at equal time steps.

    Args:
        name: name of the signal.
        start: time of the first value, or None if the times are unknown.
        step: time between two values.
        values: ``[N]``.
        events: the known anomalies: first index, index after the last, and kind.
        sha256: checksum of the source.
        notes: remarks on the data, such as filled gaps.
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
        """Return which values belong to an event, ``[N]``."""
        known = np.zeros(len(self), bool)
        for first, end, _ in self.events:
            known[first:end] = True
        return known

    def where(self, index: int) -> str:
        """Return a value's time, or its number counted from 1 if the times are unknown."""
        if self.start is None:
            return f"value {index + 1}"
        time = self.start + index * self.step
        return (time if time.utcoffset() else time.replace(tzinfo=None)).isoformat(" ", "seconds")


def read_signal(path: Path, least: int = 100, column: str = "") -> Signal:
    """Read a CSV with one number per line, or a time and a number; a first line without a number is a header.

    Times are ISO 8601, with or without a zone (then UTC), and increasing; without times a step counts as an hour. The
    most common gap is the step. Up to 5 missing values in a row are interpolated linearly.

    Args:
        path: the file.
        least: minimum number of values.
        column: header of the values, for a file of any columns; times are in the first column that begins with one.

    Raises:
        DataError: if a value is not a finite number, a time is malformed, repeated, out of order or off the step, or
            more than 5 values in a row are missing; the message names the line. Also if the column is missing, there
            are too few values, or all are equal.
    """
    content = read_bytes(path)
    table = list(rows(path, decoded(path, content)))
    times, values = _columns(path, _named(path, table, column) if column else table)
    if len(values) < least:
        raise DataError(f"{path}: got {len(values)} values, expected at least {least}")
    start, step, filled = _even(path, times, values)
    series = np.array(filled)
    if np.ptp(series) == 0:
        raise DataError(f"{path}: the value never changes")
    missing = len(filled) - len(values)
    notes = (f"{missing} missing values were interpolated linearly",) if missing else ()
    return Signal(path.stem, start, step, series, (), hashlib.sha256(content).hexdigest(), notes)


def planted(seed: int, weeks: int = 40, clean: int = 28, events: int = 32) -> Signal:
    """Generate an hourly load with a morning and an evening peak and planted anomalies of eight kinds.

    Normal days vary in strength and in time, in the same way for both peaks, so that the mean week does not describe
    them. Anomalies last 4 to 24 hours; the first ``clean`` weeks have no anomaly, and each day at most one. The kinds
    are: *raised* (or lowered) by four; *stuck* at one value; *lost*, nine tenths of the evening peak; *noisy*;
    *drifting* away by six; and three kinds whose single values are normal: *shifted* by six hours; *reversed*,
    evening first; *torn*, one peak early and the other late.

    Args:
        seed: seed of the generator.
        weeks: length of the series in weeks.
        clean: weeks without anomalies at the beginning.
        events: number of anomalies; each needs two days.

    Example:
        >>> signal = planted(0)
        >>> len(signal), signal.day, sorted({kind for _, _, kind in signal.events}) == sorted(KINDS)
        (6720, 24, True)
    """
    rng = np.random.default_rng(seed)
    days, n = 7 * weeks, 168 * weeks
    hour, day = np.arange(n) % 24, np.arange(n) // 24
    strength, late = np.exp(0.15 * _lasting(rng, days))[day], np.clip(_lasting(rng, days), -2, 2)[day]
    strength = np.where(day % 7 >= 5, 0.7, 1.0) * strength
    noise = 0.15 * _lasting(rng, n)

    def course(hour: np.ndarray, part: slice, morning: np.ndarray | float, evening: np.ndarray | float) -> np.ndarray:
        peaks = 6 * np.exp(-(((hour - 8 - morning) / 1.5) ** 2) / 2)
        peaks += 8 * np.exp(-(((hour - 18 - evening) / 2) ** 2) / 2)
        return 10 + strength[part] * peaks + noise[part]

    values = course(hour, slice(n), late, late)
    at = np.sort(rng.choice(np.arange(7 * clean + 1, days - 1, 2), events, replace=False))
    kinds = rng.permutation([KINDS[k % len(KINDS)] for k in range(events)])
    found = []
    for midnight, kind in zip((24 * at).tolist(), kinds.tolist(), strict=True):
        first, end = midnight + 4, midnight + 24
        if kind == "raised":
            first += int(rng.integers(0, 12))
            end = first + int(rng.integers(4, 9))
        elif kind == "stuck":
            first += int(rng.integers(2, 8))
            end = first + int(rng.integers(8, 13))
        elif kind == "lost":
            first += 11
        part = slice(first, end)
        if kind == "raised":
            values[part] += rng.choice([-4, 4])
        elif kind == "stuck":
            values[part] = values[first - 1]
        elif kind == "lost":
            values[part] -= 0.9 * (values[part] - 10 - noise[part])
        elif kind == "noisy":
            values[part] += 2 * rng.normal(size=end - first)
        elif kind == "drifting":
            values[part] += np.linspace(0, 6, end - first) * rng.choice([-1, 1])
        elif kind == "shifted":
            values[part] = course((hour[part] + rng.choice([-6, 6])) % 24, part, late[part], late[part])
        elif kind == "reversed":
            values[part] = values[part][::-1].copy()
        else:
            apart = rng.choice([-2, 2])
            values[part] = course(hour[part], part, apart, -apart)
        found.append((first, end, kind))
    return Signal(
        "planted", datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1), values, tuple(found), f"planted, seed {seed}"
    )


def _lasting(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return autocorrelated noise of unit spread; half of it remains after a step."""
    noise = rng.normal(size=count)
    for k in range(1, count):
        noise[k] = 0.5 * noise[k - 1] + math.sqrt(0.75) * noise[k]
    return noise


def nyc_taxi() -> Signal:
    """Return half-hourly counts of taxi passengers in New York, July 2014 to January 2015, with NAB's five windows.

    Raises:
        NotHere: if the set ``nab`` is not on this machine.
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


def _named(path: Path, table: Table, column: str) -> Table:
    """Reduce the rows to their times, if there are any, and the values of one column."""
    heading = [cell.strip() for cell in table[0][1]] if table else []
    if column not in heading:
        raise DataError(f"{path} has no column {column!r}; its first line names {', '.join(heading)[:200]}")
    for line, row in table:
        if len(row) != len(heading):
            raise DataError(f"{path}, line {line}: expected {len(heading)} columns, got {len(row)}")
    wanted, below = heading.index(column), table[1][1] if len(table) > 1 else []
    kept = [place for place, cell in enumerate(below) if place != wanted and _is_time(cell)][:1]
    return [(line, [row[place] for place in (*kept, wanted)]) for line, row in table]


def _columns(path: Path, table: Table) -> tuple[list[tuple[int, datetime]], list[float]]:
    """Return the times with their line numbers (empty if there is one column), and the values."""
    times: list[tuple[int, datetime]] = []
    values: list[float] = []
    width = len(table[0][1]) if table else 0
    for place, (line, row) in enumerate(table):
        if len(row) != width or width > 2:
            more = "; name the column of the numbers" if width > 2 else ""
            raise DataError(
                f"{path}, line {line}: expected a number, or a time and one, got {len(row)} columns{more}"
            )
        if not place and is_heading(row):
            continue
        value = number(row[-1])
        if math.isnan(value):
            raise DataError(f"{path}, line {line}: expected a finite number, got {row[-1][:40]!r}")
        if width == 2:
            times.append((line, _time(row[0], f"{path}, line {line}")))
        values.append(value)
    return times, values


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _time(text: str, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise DataError(f"{where}: {text[:40]!r} is not a time such as 2020-01-31 13:30:00") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _even(path: Path, times: Sequence[tuple[int, datetime]], values: Sequence[float]):
    """Return the start, the step, and the values with missing ones interpolated."""
    if not times:
        return None, timedelta(hours=1), list(values)
    gaps = [(b - a).total_seconds() for (_, a), (_, b) in pairwise(times)]
    for gap, (line, time) in zip(gaps, times[1:], strict=True):
        if gap <= 0:
            before = "comes before the line above: sort the file by time, or give the zone if a clock was put back"
            what = "occurs twice" if gap == 0 else before
            raise DataError(f"{path}, line {line}: {time.isoformat(sep=' ')} {what}")
    step = _commonest(gaps)
    filled = [values[0]]
    for gap, value, (line, _) in zip(gaps, values[1:], times[1:], strict=True):
        count = round(gap / step)
        if not count or abs(gap - count * step) > 0.01 * step:
            raise DataError(f"{path}, line {line}: {gap:g} s after the line above, expected steps of {step:g} s")
        if count > 6:
            raise DataError(f"{path}, line {line}: {count - 1} values are missing before it; cut the file there")
        last = filled[-1]
        filled += [last * (1 - k / count) + value * (k / count) for k in range(1, count)]
        filled.append(value)
    return times[0][1], timedelta(seconds=step), filled


def _commonest(gaps: Iterable[float]) -> float:
    gaps = list(gaps)
    return max(sorted(set(gaps)), key=gaps.count) if len(set(gaps)) < 50 else float(np.median(gaps))
