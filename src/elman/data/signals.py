"""Regularly sampled series with their known anomalies: from a file, a generator, taxi rides."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from elman.data.errors import DataError
from elman.data.series import read_series
from elman.data.times import shown

__all__ = ["KINDS", "Signal", "nyc_taxi", "planted", "read_signal"]

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
        times: time of each value, ``[N]`` in UTC, where they are not exactly ``start + k * step``.
    """

    name: str
    start: datetime | None
    step: timedelta
    values: np.ndarray
    events: tuple[tuple[int, int, str], ...] = ()
    sha256: str = ""
    notes: tuple[str, ...] = ()
    times: np.ndarray | None = None

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
        if self.times is not None:
            return shown(self.times[index], self.start.tzinfo)
        time = self.start + index * self.step
        return (time if time.utcoffset() else time.replace(tzinfo=None)).isoformat(" ", "seconds")


def read_signal(
    path: Path,
    least: int = 100,
    column: str = "",
    *,
    time: str = "",
    resample: str = "",
    fill: str = "",
    zone: str = "",
    day_first: bool | None = None,
) -> Signal:
    """Read one column of numbers at even time steps; see :func:`elman.data.series.read_series`.

    Args:
        path: a table with a column of numbers, with or without times; without times a step counts as an hour.
        least: minimum number of values.
        column: the values' column; default: the only column of numbers.
        time: the times' column; default: found.
        resample: even step to which rows are averaged, such as ``5min``; default: the file's own.
        fill: what to do with missing values: ``linear``, ``last``, ``mean`` or ``drop``; default: up to 5 in a row
            are interpolated linearly, more are refused.
        zone: zone of times written without one.
        day_first: the order of day and month, where the times do not decide it.

    Raises:
        DataError: if a value is not a finite number, a time cannot be read, steps are uneven or values missing and no
            option says what to do; the message names the line and the option. Also if there are too few values, or
            all are equal.
    """
    found = read_series(
        path, column, time=time, resample=resample, fill=fill, zone=zone, day_first=day_first
    )  # fmt: skip
    if len(found) < least:
        raise DataError(f"{path}: got {len(found)} values, expected at least {least}")
    values = np.ascontiguousarray(found.values[:, 0])
    if np.ptp(values) == 0:
        raise DataError(f"{path}: the value never changes")
    return Signal(
        Path(path).stem, found.start, found.step, values, (), found.sha256, found.understood, found.times
    )  # fmt: skip


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
