"""Time series from the user's files: numbers at even time steps, and what was changed to make the steps even.

``Series.understood`` reports every change. Up to five missing values in a row are interpolated. Any other uneven step
is an error that names the option to use: ``resample`` for times between the steps, ``fill`` for more missing values,
``zone`` for the hour that occurs twice when summer time ends.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.errors import DataError
from elman.data.even import (
    FILLS,
    SECOND,
    commonest,
    filled,
    longest_hole,
    month_numbers,
    nice_step,
    resampled,
    seconds_of,
)
from elman.data.tables import Table, read_table
from elman.data.times import EPOCH, shown

__all__ = ["Series", "read_series", "time_column"]

FEW = 5  # missing values in a row that are interpolated unasked
MONTH = timedelta(days=30.436875)
USUAL = ("timestamp", "datetime", "date", "time", "when", "day", "month", "epoch", "ds")


@dataclass(frozen=True)
class Series:
    """Numbers at even time steps.

    Args:
        times: ``[N]``, ``datetime64[us]`` in UTC (as written, if the file has no zone), or None if the file has none.
        values: ``[N, D]``, finite, in float64.
        names: the D columns.
        step: time between two rows; the mean month for months; an hour if the file has no times.
        zone: zone in which times are shown.
        name: the file's name without its suffix.
        sha256: checksum of the file.
        understood: how the file was read and what was done to it, in sentences.
    """

    times: np.ndarray | None
    values: np.ndarray
    names: tuple[str, ...]
    step: timedelta
    zone: tzinfo | None = None
    name: str = ""
    sha256: str = ""
    understood: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def start(self) -> datetime | None:
        """Time of the first row, or None if the times are unknown."""
        if self.times is None:
            return None
        first = EPOCH + timedelta(microseconds=int(self.times[0].astype(np.int64)))
        return first.astimezone(self.zone or UTC)

    def where(self, row: int) -> str:
        """Return a row's time, or its number counted from 1 if the times are unknown."""
        return f"value {row + 1}" if self.times is None else shown(self.times[row], self.zone)


@dataclass(frozen=True)
class _Rows:
    """Rows on their way to even steps: the table says where each is."""

    table: Table
    places: np.ndarray
    times: np.ndarray
    values: np.ndarray
    zone: tzinfo | None

    def where(self, k: int) -> str:
        return self.table.where(int(self.places[k]))

    def shown(self, k: int) -> str:
        return shown(self.times[k], self.zone)


def read_series(
    path: str | Path,
    columns: str | Sequence[str] = (),
    *,
    time: str = "",
    resample: str = "",
    fill: str = "",
    zone: str = "",
    **reading: Any,
) -> Series:
    """Read columns of numbers at even time steps.

    Args:
        path: a table; see :func:`elman.data.tables.read_table`.
        columns: the columns of numbers, or one; default: the only column of numbers.
        time: the column of times, or ``none``; default: see :func:`time_column`.
        resample: even step to which rows are averaged, such as ``5min``, ``1h`` or ``1M``; default: the file's.
        fill: what to do where values are missing: ``linear``, ``last``, ``mean``, or ``drop`` these steps; default:
            linear for up to 5 in a row between values; more are refused.
        zone: zone of times that are written without one, such as ``Europe/Berlin``, whose clock changes then count.
        reading: options of :func:`elman.data.tables.read_table`.

    Raises:
        DataError: if a column is missing, a cell is not a number or a time, or the steps are uneven or have holes
            that no option fills; the message names the line and the option.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "load.csv"
        ...     rows = ["2024-01-01 00:00:02,1", "2024-01-01 00:59:58,2", "2024-01-01 03:00:00,5"]
        ...     _ = path.write_text("\\n".join(["time,load", *rows]))
        ...     series = read_series(path, resample="1h")
        >>> series.values[:, 0].tolist(), series.where(1)
        ([1.0, 2.0, 3.5, 5.0], '2024-01-01 01:00:00')
    """
    if fill and fill not in FILLS:
        raise DataError(f"fill must be {', '.join(FILLS[:-1])} or {FILLS[-1]}, got {fill!r}")
    if resample:
        seconds_of(resample)
    wanted = [columns] if isinstance(columns, str) and columns else list(columns)
    table = read_table(path, wanted=[name for name in (*wanted, time) if name not in ("", "none")], **reading)
    if len(table.names) <= 2 and not table.header:  # a time and a number, or a number: nothing to mistake
        table.understood = [sentence for sentence in table.understood if "no header" not in sentence]
    wanted = [table.named(name) for name in wanted]
    clock = table.named(time) if time not in ("", "none") else "" if time else time_column(table, wanted)
    if not wanted:
        wanted = [_only_numbers(table, clock)]
    values = np.column_stack([table.numbers(name) for name in wanted])
    if not len(values) or np.isnan(values).all(0).any():
        empty = next((name for k, name in enumerate(wanted) if np.isnan(values[:, k]).all()), wanted[0])
        raise DataError(f"{table.path}: got 0 values in column {empty!r}, expected numbers")
    about = {"names": tuple(wanted), "name": Path(path).stem, "sha256": table.sha256}
    if not clock:
        if resample or zone:
            raise DataError(
                f"{table.path} has no column of times, so it cannot be resampled; name it (time=, --time)"
            )
        rows = _Rows(table, np.arange(len(values)), np.array([]), values, None)
        numbers, said = _whole(rows, values, np.arange(len(values)), fill)
        if len(table.names) > 1 and not time:
            said = ["no column of times was found; values are numbered, and a step counts as an hour", *said]
        kept = ~np.isnan(numbers).any(1)
        return Series(None, numbers[kept], step=timedelta(hours=1), understood=(*table.understood, *said), **about)
    rows = _timed(table, clock, values, zone)
    times, numbers, step, said = _even(rows, resample, fill)
    return Series(times, numbers, step=step, zone=rows.zone, understood=(*table.understood, *said), **about)


def time_column(table: Table, but: Sequence[str] = ()) -> str:
    """Return the column of times, or an empty text if the table has no times.

    It is the first column with a usual name (``timestamp``, ``date``, ...); else the first of which most cells are
    times; else the first whose cells are all increasing Unix times; else a column of texts with digits that are
    nearly all different, which reading as times then refuses: times in an unknown form must not be dropped.
    """
    left = [name for name in table.names if name not in but]
    plain = {name.strip().strip("<>").lower(): name for name in reversed(left)}
    for name in USUAL:
        if name in plain:
            return plain[name]
    for name in left:
        kind = table.kind(name)
        if kind == "time":
            return name
        if kind == "number" and len(table) > 1:
            cells = [str(cell).strip().partition(".")[0] for cell in table[name]]
            if all(len(cell) in (10, 13) and cell.isdecimal() for cell in cells) and cells in (
                sorted(cells), sorted(cells, reverse=True),
            ):  # fmt: skip
                return name
    for name in left:
        if table.kind(name) == "text":
            cells = [str(cell) for cell in table[name]]
            dated = sum(bool(re.search(r"\d\D+\d|\d{6}", cell)) for cell in cells)
            if (dated > 0.9 * len(cells) and len(set(cells)) > 0.9 * len(cells)) or (
                len(table.names) == 2 and not but
            ):
                return name
    return ""


def _only_numbers(table: Table, clock: str) -> str:
    left = [name for name in table.names if name != clock]
    if len(left) == 1:
        return left[0]
    found = [name for name in left if table.kind(name) == "number"]
    if len(found) != 1:
        raise DataError(
            f"{table.where(0)}: got {len(table.names)} columns; name the column of the numbers (--column): "
            f"{', '.join(found or left)[:300]}"
        )
    table.understood.append(f"column {found[0]!r} is read: the only column of numbers")
    return found[0]


def _timed(table: Table, clock: str, values: np.ndarray, zone: str) -> _Rows:
    """Return the rows with their times, in the order of time if the file has the newest first."""
    try:
        read = table.times(clock)
    except DataError as error:
        raise DataError(f"{error}; for a series without times pass time='none' (--time none)") from None
    if (without := np.flatnonzero(np.isnat(read.utc))).size:
        raise DataError(f"{table.where(int(without[0]))} has no time in column {clock!r}; remove the line")
    times, shown_in = read.utc, read.zone
    places = np.arange(len(times))
    if zone:
        if shown_in:
            raise DataError(f"{table.path}: its times have a zone of their own; leave out the zone {zone!r}")
        times, shown_in = _localised(table, times, zone)
    gaps = np.diff(times.astype(np.int64))
    if len(gaps) > 1 and (gaps < 0).all():
        times, values, places = times[::-1], values[::-1], places[::-1]
        table.understood.append("the file has the newest row first; it was turned round")
    return _Rows(table, places, times, values, shown_in)


def _localised(table: Table, times: np.ndarray, zone: str) -> tuple[np.ndarray, tzinfo]:
    import zoneinfo

    import pandas

    try:
        place = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(f"no time zone {zone[:40]!r}; there are Europe/Berlin, America/New_York and others") from None
    try:
        local = pandas.DatetimeIndex(times).tz_localize(place, ambiguous="infer")
    except ValueError as error:
        reason = str(error).partition(", try")[0].partition(". Use")[0]
        raise DataError(f"{table.path}: the times do not fit the clock of {zone}: {reason[:150]}") from None
    return local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]"), place


def _even(rows: _Rows, resample: str, fill: str) -> tuple[np.ndarray, np.ndarray, timedelta, list[str]]:
    """Return times, values, the step, and what was done."""
    if resample:
        times, values, said = resampled(rows.times, rows.values, resample, rows.zone)
        rows = _Rows(rows.table, np.full(len(times), -1), times, values, rows.zone)
        seconds = seconds_of(resample)
        step = MONTH if seconds is None else timedelta(seconds=seconds)
        numbers, more = _whole(rows, values, np.arange(len(times)), fill)
        said += more
    elif len(rows.times) < 2:
        return rows.times, rows.values, timedelta(hours=1), []
    else:
        _check_order(rows)
        counts, step, said = _counts(rows)
        at = np.concatenate([[0], np.cumsum(counts)])
        values = np.full((at[-1] + 1, rows.values.shape[1]), np.nan)
        values[at] = rows.values
        exact = np.interp(np.arange(at[-1] + 1), at, rows.times.astype(np.int64).astype(float))
        times = np.rint(exact).astype(np.int64).astype("datetime64[us]")
        numbers, more = _whole(rows, values, at, fill)
        said += more
    kept = ~np.isnan(numbers).any(1)
    return times[kept], numbers[kept], step, said


def _check_order(rows: _Rows) -> None:
    gaps = np.diff(rows.times.astype(np.int64))
    if not (wrong := np.flatnonzero(gaps <= 0)).size:
        return
    k = int(wrong[0]) + 1
    step = commonest(gaps[gaps > 0] / SECOND) if (gaps > 0).any() else 3600
    what = "occurs twice" if gaps[k - 1] == 0 else "comes before the line above"
    zone = "" if rows.zone else "; if summer time ended there, give the zone (zone='Europe/Berlin', --zone)"
    raise DataError(f"{rows.where(k)}: {rows.shown(k)} {what}; {_advice(rows, step)}{zone}")


def _advice(rows: _Rows, step: float) -> str:
    """Return which options read rows at uneven steps."""
    nice = nice_step(step)
    advice = f"sort and average the rows at even steps (resample={nice!r}, --resample {nice})"
    try:
        holes = longest_hole(resampled(rows.times, rows.values, nice, rows.zone)[1])
    except DataError:  # so many steps that the advice is of no use: the user must choose a longer one
        return "sort the file by time"
    fill = f", and fill the steps without a value (fill='linear', --fill linear): up to {holes} in a row"
    return advice + fill * (holes > FEW)


def _counts(rows: _Rows) -> tuple[np.ndarray, timedelta, list[str]]:
    """Return how many steps each row lies after the one before, the step, and what to say.

    Raises:
        DataError: if a row lies off the steps.
    """
    gaps = np.diff(rows.times.astype(np.int64)) / SECOND
    step = commonest(gaps)
    months = month_numbers(_local(rows)) if 28 * 86400 <= step <= 31 * 86400 else None
    if months is not None and (between := np.diff(months)).all():
        return between, MONTH, ["the steps are calendar months"]
    counts = np.rint(gaps / step).astype(np.int64)
    off = np.abs(gaps - counts * step)
    if (wrong := np.flatnonzero((counts == 0) | (off > 0.01 * step))).size:
        k = int(wrong[0]) + 1
        raise DataError(
            f"{rows.where(k)}: {gaps[k - 1]:g} s after the line above, expected steps of {step:g} s; "
            f"{_advice(rows, step)}"
        )
    said = [f"steps of {step:g} s are up to {off.max():g} s off"] if off.any() else []
    return counts, timedelta(seconds=step), said


def _local(rows: _Rows) -> np.ndarray:
    """Return the times as the clock of their zone shows them."""
    if not rows.zone:
        return rows.times
    shown_at = [(EPOCH + timedelta(microseconds=int(t))).astimezone(rows.zone) for t in rows.times.astype(np.int64)]
    return np.array([time.replace(tzinfo=None) for time in shown_at], "datetime64[us]")


def _whole(rows: _Rows, values: np.ndarray, at: np.ndarray, fill: str) -> tuple[np.ndarray, list[str]]:
    """Return values ``[N, D]`` without NaN (with ``drop``, NaN where a row is to go), and what was done.

    ``at`` gives the step of each row of the file.
    """
    missing = np.isnan(values)
    count = int(missing.any(1).sum()) if fill == "drop" else int(missing.sum())
    if not count:
        return values, []
    if fill == "drop":
        return values, [f"{count} steps without a value were left out; the steps after them follow at once"]
    if not fill:
        hole = longest_hole(values)
        ends = missing[0].any() or missing[-1].any()
        if hole > FEW or ends:
            raise DataError(_hole(rows, values, at, ends and hole <= FEW))
        return np.column_stack([filled(column, "linear") for column in values.T]), [
            f"{count} missing values were interpolated linearly"
        ]
    done = {"linear": "interpolated linearly", "last": "filled with the value before", "mean": "filled with the mean"}
    return np.column_stack([filled(column, fill) for column in values.T]), [
        f"{count} missing values were {done[fill]}"
    ]


def _hole(rows: _Rows, values: np.ndarray, at: np.ndarray, at_end: bool) -> str:
    """Return the message for a hole that is too long, or at an end of the series."""
    how = "say how to fill them (fill='linear', --fill linear; or last, mean or drop)"
    missing = np.atleast_1d(np.isnan(values).any(1))
    if at_end:
        first = bool(missing[0])
        k = 0 if first else len(rows.places) - 1
        where = rows.where(k) if rows.places[k] >= 0 else rows.table.path
        return f"{where}: the {'first' if first else 'last'} value is missing; {how}"
    length = 0
    for step, gone in enumerate(missing.tolist()):
        if gone:
            length += 1
        elif length > FEW:
            k = int(np.searchsorted(at, step))
            where = rows.where(k) if rows.places[k] >= 0 else f"{rows.table.path}, at {rows.shown(k)}"
            return f"{where}: {length} values are missing before it; {how}"
        else:
            length = 0
    return f"{rows.table.path}: the last {length} values are missing; {how}"
