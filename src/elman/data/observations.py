"""Values measured at irregular times, in records: patients, machines, stars; from a long or a wide table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.errors import DataError
from elman.data.tables import Table, read_table

__all__ = ["Observations", "TimedRecord", "read_observations"]

GROUPS = ("recordid", "record", "record_id", "id", "group", "patient", "subject", "patient_id", "subject_id", "unit")
TIMES = ("time", "timestamp", "datetime", "date", "t", "hours", "minutes", "day", "charttime")
PARAMETERS = ("parameter", "variable", "measurement", "channel", "feature", "item")
VALUES = ("value", "values", "result", "valuenum")
CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


@dataclass(frozen=True)
class TimedRecord:
    """One record's measurements.

    Args:
        group: its name in the table.
        times: ``[n]``, strictly increasing.
        values: ``[n, D]``, NaN where a quantity was not measured; each row has at least one number.
    """

    group: str
    times: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Observations:
    """Records of the same D quantities.

    Args:
        records: in the order of the table.
        names: the D quantities.
        understood: how the table was read, in sentences.
    """

    records: list[TimedRecord]
    names: tuple[str, ...]
    understood: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.records)


def read_observations(
    path: str | Path,
    *,
    group: str = "",
    time: str = "",
    parameter: str = "",
    value: str = "",
    columns: Sequence[str] = (),
    least: int = 1,
    **reading: Any,
) -> Observations:
    """Read irregularly timed measurements.

    A long table has one measurement a row: record, time, the quantity's name, and its value (as PhysioNet 2012 has
    them). A wide table has one time a row, with a column for each quantity. Times are numbers, ``hh:mm``, which
    becomes hours, or dates, which become hours since the record's first row. Two values of one quantity at one time
    are averaged.

    Args:
        path: the table; see :func:`elman.data.tables.read_table`.
        group: the column that names the record; default: one of a usual name, such as ``RecordID`` or ``id``.
        time: the column of times; default: one of a usual name.
        parameter: the column of the quantities' names, in a long table; default: one of a usual name.
        value: the column of values, in a long table.
        columns: the quantities to read; default: all.
        least: least rows of a record; shorter ones are left out, and counted.
        reading: options of :func:`elman.data.tables.read_table`.

    Raises:
        DataError: if a column is missing or cannot be found, or a cell is not a number or a time; names the line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "stays.csv"
        ...     _ = path.write_text("id,time,parameter,value\\n7,00:30,HR,70\\n7,01:00,HR,72\\n7,01:00,T,37.5\\n")
        ...     found = read_observations(path)
        >>> found.names, found.records[0].times.tolist(), found.records[0].values.tolist()
        (('HR', 'T'), [0.5, 1.0], [[70.0, nan], [72.0, 37.5]])
    """
    table = read_table(path, wanted=[name for name in (group, time, parameter, value) if name], **reading)
    group = table.named(group) if group else table.choose("record", "text", GROUPS)
    time = table.named(time) if time else table.choose("time", "time", TIMES, but=(group,))
    long = parameter or next((name for name in table.names if name.strip().lower() in PARAMETERS), "")
    groups = table.text(group)
    if None in groups:
        raise DataError(f"{table.where(groups.index(None))} has no record in column {group!r}")
    codes, order = _codes([str(name) for name in groups])
    times = _hours(table, time, codes)
    if long:
        long = table.named(long)
        value = table.named(value) if value else table.choose("value", "number", VALUES, but=(group, time, long))
        names, column, numbers, rows = _long(table, long, value, columns)
    else:
        names, column, numbers, rows = _wide(table, [group, time], columns)
    there = ~np.isnan(numbers)
    rows, column, numbers = rows[there], column[there], numbers[there]
    records, doubled = _records(order, codes[rows], times[rows], column, numbers, len(names))
    said = [f"{doubled} repeated measurements were averaged"] if doubled else []
    kept = [record for record in records if len(record.times) >= least]
    if len(kept) < len(order):
        said.append(f"{len(order) - len(kept)} of {len(order)} records have fewer than {least} rows and are left out")
    if not kept:
        raise DataError(f"{table.path} has no record with {least} rows of {', '.join(names)[:200]}")
    return Observations(kept, tuple(names), (*table.understood, *said))


def _codes(names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return each row's number of its name, and the names in the order of their first row."""
    numbers: dict[str, int] = {}
    codes = np.fromiter((numbers.setdefault(name, len(numbers)) for name in names), np.int64, len(names))
    return codes, list(numbers)


def _hours(table: Table, time: str, codes: np.ndarray) -> np.ndarray:
    """Return times as numbers: as they are, or in hours of a clock or since the record's first time."""
    cells = [str(cell).strip() for cell in table[time]]
    if cells and CLOCK.fullmatch(cells[0]):
        clocks = [CLOCK.fullmatch(cell) for cell in cells]
        if None in clocks:
            k = clocks.index(None)
            raise DataError(f"{table.where(k)}: expected a time as hh:mm, got {cells[k][:40]!r}")
        return np.array([int(c[1]) + int(c[2]) / 60 + int(c[3] or 0) / 3600 for c in clocks if c])
    if table.kind(time) == "number":
        hours = table.numbers(time)
    else:
        utc = table.times(time).utc
        first = np.full(codes.max(initial=-1) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, codes, np.where(np.isnat(utc), np.iinfo(np.int64).max, utc.astype(np.int64)))
        hours = np.where(np.isnat(utc), np.nan, (utc.astype(np.int64) - first[codes]) / 3.6e9)
        table.understood.append("times are hours since the record's first row")
    if (gone := np.flatnonzero(np.isnan(hours))).size:
        raise DataError(f"{table.where(int(gone[0]))} has no time in column {time!r}; remove the line")
    return hours


def _long(
    table: Table, parameter: str, value: str, columns: Sequence[str]
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    measured = [str(name) for name in table.text(parameter)]
    there = list(dict.fromkeys(measured))
    if missing := [name for name in columns if name not in there]:
        raise DataError(
            f"{table.path} has no {missing[0]!r} in column {parameter!r}; there are {', '.join(there)[:300]}"
        )
    names = list(columns) or there
    number = {name: k for k, name in enumerate(names)}
    column = np.array([number.get(name, -1) for name in measured], np.int64)
    rows = np.flatnonzero(column >= 0)
    return names, column[rows], table.numbers(value)[rows], rows


def _wide(
    table: Table, but: Sequence[str], columns: Sequence[str]
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    names = [table.named(name) for name in columns]
    if not names:
        names = [name for name in table.names if name not in but and table.kind(name) == "number"]
        if left := [name for name in table.names if name not in but and name not in names]:
            table.understood.append(f"columns without numbers are left out: {', '.join(left)[:200]}")
    if not names:
        raise DataError(f"{table.path} has no column of numbers besides {', '.join(but)}")
    values = np.column_stack([table.numbers(name) for name in names])
    column = np.tile(np.arange(len(names)), len(values))
    return names, column, values.ravel(), np.repeat(np.arange(len(values)), len(names))


def _records(
    order: Sequence[str], codes: np.ndarray, times: np.ndarray, column: np.ndarray, numbers: np.ndarray, width: int
) -> tuple[list[TimedRecord], int]:
    """Return a record for each group that has a number, and how many measurements repeat another."""
    found, doubled = [], 0
    by_group = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[by_group], np.arange(len(order) + 1))
    for k, name in enumerate(order):
        mine = by_group[bounds[k] : bounds[k + 1]]
        if not len(mine):
            continue
        at, row = np.unique(times[mine], return_inverse=True)
        total, count = np.zeros((len(at), width)), np.zeros((len(at), width))
        np.add.at(total, (row, column[mine]), numbers[mine])
        np.add.at(count, (row, column[mine]), 1)
        doubled += int((count[count > 1] - 1).sum())
        with np.errstate(invalid="ignore"):
            found.append(TimedRecord(name, at, total / count))
    return found, doubled
