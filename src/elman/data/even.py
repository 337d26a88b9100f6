"""Even time steps: whether times have them, values at steps without one, and resampling."""

import re
from datetime import tzinfo
from typing import Any

import numpy as np

from elman.data.errors import DataError

__all__ = [
    "FILLS",
    "SECOND",
    "commonest",
    "filled",
    "longest_hole",
    "month_numbers",
    "nice_step",
    "resampled",
    "seconds_of",
]

SECOND = 1_000_000  # microseconds
FILLS = ("linear", "last", "mean", "drop")
UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "D": 86400, "d": 86400, "W": 604800, "w": 604800}
NICE = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    14400,
    21600,
    43200,
    86400,
    604800,
)


def seconds_of(step: str) -> float | None:
    """Return the seconds of a step such as ``30s``, ``5min``, ``1h``, ``1D``; None for a calendar month (``1M``).

    Raises:
        DataError: if the text is not a step.

    Example:
        >>> seconds_of("5min"), seconds_of("h"), seconds_of("1M")
        (300.0, 3600.0, None)
    """
    found = re.fullmatch(r"(\d*\.?\d*)\s*(ms|s|min|h|D|d|W|w|M|MS)", step.strip().replace("H", "h"), re.ASCII)
    number = float(found[1] or 1) if found and found[1] != "." else 0
    if not found or not 0 < number < 1e9 or (found[2] in ("M", "MS") and number != 1):
        raise DataError(f"{step[:40]!r} is not a step to resample to; write it as 30s, 5min, 1h, 1D, 1W or 1M")
    return None if found[2] in ("M", "MS") else number * UNITS[found[2]]


def nice_step(seconds: float) -> str:
    """Return a step near so many seconds, as :func:`seconds_of` reads it.

    Example:
        >>> nice_step(300), nice_step(3599), nice_step(86400), nice_step(0.25)
        ('5min', '1h', '1D', '250ms')
    """
    if seconds < 0.9:
        return f"{max(1, round(1000 * seconds))}ms"
    near = min(NICE, key=lambda nice: abs(np.log(nice / seconds)))
    near = near if abs(near - seconds) < 0.25 * near else round(seconds)
    unit, size = next(
        (unit, size) for unit, size in (("D", 86400), ("h", 3600), ("min", 60), ("s", 1)) if not near % size
    )
    return f"{near // size}{unit}"


def commonest(gaps: np.ndarray) -> float:
    """Return the commonest gap, the smallest of equally common ones; the median if there are 50 different gaps."""
    different, counts = np.unique(gaps, return_counts=True)
    return float(different[counts.argmax()]) if len(different) < 50 else float(np.median(gaps))


def month_numbers(times: np.ndarray) -> np.ndarray | None:
    """Return the month of each time, counted from 1970, if all lie on one day of it (or its last).

    Example:
        >>> month_numbers(np.array(["2020-01-31", "2020-02-29", "2020-04-30"], "datetime64[us]")).tolist()
        [600, 601, 603]
    """
    months = times.astype("datetime64[M]")
    after = times - months.astype("datetime64[us]")
    left = (months + 1).astype("datetime64[us]") - times
    return months.astype(np.int64) if (after == after[0]).all() or (left == left[0]).all() else None


def longest_hole(values: np.ndarray) -> int:
    """Return how many steps the longest run of rows ``[N, D]`` with a missing value has."""
    missing = np.concatenate([[False], np.isnan(values).any(1), [False]])
    edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def filled(values: np.ndarray, fill: str) -> np.ndarray:
    """Return a column ``[N]`` without NaN; before the first value and after the last, these values are repeated.

    Args:
        values: with at least one number.
        fill: ``linear`` draws straight lines, ``last`` repeats the value before, ``mean`` takes the column's mean.

    Example:
        >>> gaps = np.array([1.0, np.nan, np.nan, 4.0])
        >>> [filled(gaps, fill).tolist() for fill in ("linear", "last", "mean")]
        [[1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 4.0], [1.0, 2.5, 2.5, 4.0]]
    """
    known = np.flatnonzero(~np.isnan(values))
    if len(known) == len(values):
        return values
    if fill == "mean":
        return np.where(np.isnan(values), values[known].mean(), values)
    result = values.copy()
    result[: known[0]], result[known[-1] :] = values[known[0]], values[known[-1]]
    for a, b in zip(known[:-1].tolist(), known[1:].tolist(), strict=True):
        if b - a > 1:
            share = np.arange(1, b - a) / (b - a)
            result[a + 1 : b] = values[a] if fill == "last" else values[a] * (1 - share) + values[b] * share
    return result


def resampled(
    times: np.ndarray, values: np.ndarray, step: str, zone: tzinfo | None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return times at even steps, the mean of the rows that belong to each (NaN if none does), and what was done.

    If nine of ten gaps are near whole steps, rows are moved to the nearest step: seconds of jitter in
    hourly rows stay seconds. Otherwise a step holds the rows from its beginning to its end; days, weeks and months
    begin at midnight.

    Args:
        times: ``[N]``, ``datetime64[us]`` in UTC, in any order.
        values: ``[N, D]``.
        step: as :func:`seconds_of` reads it.
        zone: zone of the times.

    Raises:
        DataError: if there are more than ten million steps.
    """
    import pandas

    seconds = seconds_of(step)
    ordered = np.argsort(times, kind="stable")
    order_changed = not (ordered[1:] > ordered[:-1]).all()
    times, values = times[ordered], values[ordered]
    size = seconds or 30 * 86400.0
    steps = (times[-1] - times[0]).astype(np.int64) / SECOND / size
    if steps > 10_000_000:
        raise DataError(
            f"resampled to {step} the series has {steps:,.0f} steps, more than 10,000,000; take longer steps"
        )
    gaps = np.diff(times.astype(np.int64)) / SECOND
    gaps = gaps[gaps > 0]
    said = []
    counts = np.rint(gaps / size)
    near = (counts >= 1) & (np.abs(gaps - counts * size) < 0.1 * size)
    if seconds and len(gaps) and near.mean() >= 0.9 and seconds < 86400:
        at, unit = times.astype(np.int64), round(seconds * SECOND)
        angle = np.exp(2j * np.pi * (at % unit) / unit).mean()
        phase = float(np.angle(angle) / (2 * np.pi)) * unit
        phase = 0.0 if abs(phase) < 0.1 * unit else phase
        number = np.rint((at - phase) / unit).astype(np.int64)
        moved = np.abs(number * unit + round(phase) - at).max() / SECOND
        if moved > 0:
            said.append(f"times were moved by up to {moved:g} s to even steps")
        index = (number * unit + round(phase)).astype("datetime64[us]")
        frame: Any = pandas.DataFrame(values, index=pandas.DatetimeIndex(index)).groupby(level=0).mean()
        whole = np.arange(number[0], number[-1] + 1) * unit + round(phase)
        frame = frame.reindex(pandas.DatetimeIndex(whole.astype("datetime64[us]")))
        counts = np.bincount(number - number[0])
    else:
        index = pandas.DatetimeIndex(times)
        index = index.tz_localize("UTC").tz_convert(zone) if zone else index
        rule = "MS" if seconds is None else pandas.Timedelta(seconds=seconds)
        if seconds and seconds % 86400 == 0:
            rule = f"{round(seconds / 86400)}D"
        bins = pandas.DataFrame(values, index=index).resample(rule)
        frame, counts = bins.mean(), bins.size().to_numpy()
    result = frame.index.tz_convert("UTC").tz_localize(None) if frame.index.tz is not None else frame.index
    several = int((counts > 1).sum())
    said.insert(0, f"{len(times)} rows were resampled to {len(frame)} steps of {step}")
    if several:
        said.append(f"{several} steps hold the mean of several rows")
    if order_changed:
        said.append("the rows were sorted by time")
    return result.to_numpy().astype("datetime64[us]"), frame.to_numpy(float), said
