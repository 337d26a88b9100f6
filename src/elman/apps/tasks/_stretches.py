"""A series cut into stretches, the records of ``elman fit detect``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elman.apps.anomalies import usual_period
from elman.apps.fitting.contract import Found, Request
from elman.baselines.seasonal import period_of
from elman.data.errors import DataError
from elman.data.series import Series, read_series, time_column
from elman.data.tables import read_table
from elman.data.times import parse_times

__all__ = ["Shape", "Stretch", "of_stretches", "read_stretches"]

STRETCHES = 50  # of a series, at most
SHARES = (0.35, 0.15)  # the rest is the test part: as much again as what is learned from
MONDAY = np.datetime64("1970-01-05")  # weeks begin there
DAY = 86_400


@dataclass(frozen=True)
class Shape:
    """What the stretches of a series have in common: its columns, the steps of its period and of a window."""

    names: tuple[str, ...]
    period: int
    window: int


@dataclass(frozen=True)
class Stretch:
    """Consecutive values of a series.

    Args:
        values: the whole series, ``[N, D]``.
        labels: which of its values are known to be anomalies, ``[N]``; None if nothing is known.
        first: index of the stretch's first value.
        end: index after its last.
        start: step of the period at which the series begins.
        shape: what all stretches of the series have in common.
        where: gives the time of a value by its index.
    """

    values: np.ndarray
    labels: np.ndarray | None
    first: int
    end: int
    start: int
    shape: Shape
    where: Callable[[int], str]


def of_stretches(records: Sequence[Stretch], score: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
    """Return the scores of the values of stretches, each series scored once, from its beginning.

    Args:
        records: the stretches; those of a series follow each other.
        score: returns the scores ``[N]`` of values ``[N, D]``, given the step of the first.
    """
    found, last, scores = [], None, np.zeros(0)
    for k, one in enumerate(records):
        if one.values is not last:
            end = max(other.end for other in records[k:] if other.values is one.values)
            last, scores = one.values, score(one.values[:end], one.start)
        found.append(scores[one.first : one.end])
    return np.concatenate(found)


def read_stretches(paths: Sequence[Path], request: Request, period: int, window: int, events: str) -> Found[Stretch]:
    """Read a series, and cut it into stretches.

    Args:
        paths: one file.
        request: the columns, and how the series is made even.
        period: steps of the period; 0: a week or a day; of a series without times, the lag of its autocorrelation.
        window: steps of a window.
        events: file of the anomalies' first and last times or numbers; the empty string if they are unknown.

    Raises:
        DataError: if the file cannot be read as a series, is too short, or a label or an event is malformed.
    """
    if len(paths) != 1:
        raise DataError(f"a detector reads one series, got {len(paths)} files")
    series, labels = _labelled(paths[0], request)
    if events:
        labels = _of_events(Path(events), series) | (False if labels is None else labels)
    values, names = series.values[:, : len(series.names) - bool(request.columns.label)], series.names
    names = names[: values.shape[1]]
    if len(values) < (least := 20 * window):
        raise DataError(
            f"{paths[0]} has {len(values)} values, expected at least {least}: 20 windows of {window} steps"
        )
    learned, day = int(SHARES[0] * len(values)), max(1, round(DAY / series.step.total_seconds()))
    if not period:
        period = period_of(values[:learned, 0]) if series.times is None else usual_period(learned, day)
    start = 0
    if series.times is not None:
        start = (
            round(float((series.times[0] - MONDAY) / np.timedelta64(1, "s")) / series.step.total_seconds()) % period
        )
    block = max(window, -(-len(values) // STRETCHES))
    shape = Shape(names, period, window)
    records = [
        Stretch(values, labels, first, min(first + block, len(values)), start, shape, series.where)
        for first in range(0, len(values), block)
    ]
    course = f"a usual course of {period} steps" if period > 1 else "no usual course"
    known = "" if labels is None else f", {int(labels.sum()):,} of them labelled as anomalies"
    said = [
        *series.understood,
        f"{len(values):,} values of {', '.join(names)}{known}; {course}; records are stretches of {block} values",
    ]
    return Found(records, said, ordered=True, shares=SHARES)


def _labelled(path: Path, request: Request) -> tuple[Series, np.ndarray | None]:
    """Return the series, with the column of labels last, and which values are labelled."""
    columns = request.columns
    reading = {"time": columns.time, "resample": request.resample, "fill": request.fill}
    if not columns.label:
        return read_series(path, columns.values, **reading), None
    names = columns.values or _numbers(path, columns.label, columns.time)
    series = read_series(path, [*names, columns.label], **reading)
    labels = series.values[:, -1]
    if ((labels < 0) | (labels > 1)).any():
        odd = labels[(labels < 0) | (labels > 1)][0]
        raise DataError(f"{path}: column {columns.label!r} must be 0, or 1 for an anomaly, got {odd:g}")
    return series, labels > 0


def _numbers(path: Path, label: str, time: str) -> tuple[str, ...]:
    """Return the only column of numbers besides the label and the time."""
    table = read_table(path, wanted=[label])
    label = table.named(label)
    clock = table.named(time) if time not in ("", "none") else time_column(table, [label])
    found = [name for name in table.names if name not in (label, clock) and table.kind(name) == "number"]
    if len(found) != 1:
        raise DataError(
            f"{path} has {len(found)} columns of numbers besides {label!r}; name those to read (--column): "
            f"{', '.join(found or table.names)[:200]}"
        )
    return (found[0],)


def _of_events(path: Path, series: Series) -> np.ndarray:
    """Return which values lie within the events of a file, ``[N]``."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    rows = [(number, line.split(",")) for number, line in enumerate(lines, start=1) if line.strip()]
    if bad := [number for number, cells in rows if len(cells) != 2]:
        raise DataError(
            f"{path}, line {bad[0]}: expected the first and the last time of an anomaly, with a comma between"
        )
    cells = [cell.strip() for _, pair in rows for cell in pair]
    found = np.zeros(len(series), bool)
    if all(cell.isdecimal() for cell in cells) and cells:
        ends = np.array([int(cell) - 1 for cell in cells]).reshape(-1, 2)
        at = np.arange(len(series))
    elif series.times is None:
        raise DataError(
            f"{path}: the series has no times, so expected numbers of values, got {', '.join(cells[:2])!r}"
        )
    else:
        read = parse_times(cells, lambda k: f"{path}, line {rows[k // 2][0]}")
        ends, at = read.utc.reshape(-1, 2), series.times
    for first, last in ends:
        found |= (at >= first) & (at <= last)
    if not found.any():
        raise DataError(f"{path}: no anomaly lies within the series")
    return found
