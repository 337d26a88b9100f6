"""Labelled sequences of numbers: ``.ts`` files, tables with a sequence a row, and long tables with a step a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.errors import DataError
from elman.data.tables import Table, read_table
from elman.data.ts import LabelledSequence, read_ts

__all__ = ["Sequences", "read_sequences"]

LABELS = ("label", "class", "target", "category", "y", "activity")
IDS = ("id", "sequence", "series", "sample", "case", "sequence_id", "series_id", "sample_id", "case_id", "sid")
STEPS = ("step", "t", "time", "timestamp", "position", "index", "frame")


@dataclass(frozen=True)
class Sequences:
    """Sequences ``[T, C]`` with their labels.

    Args:
        records: the sequences.
        names: the C channels.
        understood: how the file was read, in sentences.
    """

    records: list[LabelledSequence]
    names: tuple[str, ...] = ()
    understood: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.records)


def read_sequences(
    path: str | Path,
    *,
    label: str = "",
    sequence: str = "",
    time: str = "",
    columns: Sequence[str] = (),
    **reading: Any,
) -> Sequences:
    """Read labelled sequences of numbers.

    A ``.ts`` file is read by :func:`elman.data.ts.read_ts`. A table with a column that names the sequence has a step
    a row; rows of a sequence are taken in the order of ``time``, or of the file, and must agree in their label. Any
    other table has a sequence a row: all columns of numbers but the label are its steps, and empty cells at the end
    of a row end the sequence.

    Args:
        path: the file; see :func:`elman.data.tables.read_table`.
        label: the column of labels; default: one of a usual name; else the only column of texts; else, without a
            header, the first column, if it repeats a few whole numbers (as the UCR archive writes them).
        sequence: the column that names the sequence, in a long table; default: a usual name, if cells repeat.
        time: the column that orders the steps, in a long table; default: one of a usual name, or the file's order.
        columns: the columns of numbers; default: all others.
        reading: options of :func:`elman.data.tables.read_table`.

    Raises:
        DataError: if a column is missing, a cell is not a number, a value is missing in a sequence, a sequence has
            two labels, or there is no sequence; names the line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "steps.csv"
        ...     _ = path.write_text("id,x,label\\n1,0.5,up\\n1,0.75,up\\n2,0.25,down\\n")
        ...     found = read_sequences(path)
        >>> [(one.values[:, 0].tolist(), one.label) for one in found.records]
        [([0.5, 0.75], 'up'), ([0.25], 'down')]
    """
    if Path(path).suffix.lower() == ".ts":
        return Sequences(read_ts(Path(path)))
    table = read_table(path, wanted=[name for name in (label, sequence, time, *columns) if name], **reading)
    sequence = table.named(sequence) if sequence else _id(table)
    label = table.named(label) if label else _label(table, [name for name in (sequence, time) if name])
    labels = table.text(label)
    if None in labels:
        raise DataError(f"{table.where(labels.index(None))} has no label in column {label!r}")
    given = [table.named(name) for name in columns]
    if sequence:
        records, names = _long(table, sequence, label, time, given, labels)
    else:
        names = given or [name for name in table.names if name != label]
        records = _rows(table, names, labels)
        names = ["value"]
    if not records:
        raise DataError(f"{table.path} holds no sequences")
    return Sequences(records, tuple(names), tuple(table.understood))


def _id(table: Table) -> str:
    for usual in IDS:
        for name in table.names:
            if name.strip().lower() == usual and len(set(map(str, table[name]))) < len(table):
                table.understood.append(
                    f"column {name!r} names the sequence: rows with the same {name} are its steps"
                )
                return name
    return ""


def _label(table: Table, but: Sequence[str]) -> str:
    first = table.names[0]
    if not table.header and first not in but and table.kind(first) == "number":
        values = table.numbers(first)
        if (values == np.rint(values)).all() and len(set(values.tolist())) <= max(2, len(values) / 3):
            table.understood.append(f"{first!r} is the label: it repeats a few whole numbers")
            table.columns[first] = [f"{value:.0f}" for value in values]
            return first
    return table.choose("label", "text", LABELS, but)


def _long(
    table: Table, sequence: str, label: str, time: str, given: list[str], labels: Sequence[str | None]
) -> tuple[list[LabelledSequence], list[str]]:
    time = table.named(time) if time else next(
        (name for name in table.names if name.strip().lower() in STEPS and name not in given), ""
    )  # fmt: skip
    names = given or [name for name in table.names if name not in (sequence, label, time)]
    values = _finite(table, names, np.column_stack([table.numbers(name) for name in names]))
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(map(str, table[sequence])):
        rows.setdefault(name, []).append(row)
    if time:
        times = table.numbers(time) if table.kind(time) == "number" else table.times(time).utc.astype(np.int64)
        table.understood.append(f"steps are in the order of column {time!r}")
        rows = {name: sorted(mine, key=lambda row: times[row]) for name, mine in rows.items()}
        for name, mine in rows.items():
            if twice := next((b for a, b in pairwise(mine) if times[a] == times[b]), None):
                raise DataError(f"{table.where(twice)}: sequence {name!r} has this {time} twice")
    records = []
    for name, mine in rows.items():
        if odd := next((row for row in mine if labels[row] != labels[mine[0]]), None):
            raise DataError(
                f"{table.where(odd)}: sequence {name!r} has the label {labels[odd]!r} here and {labels[mine[0]]!r} "
                "elsewhere"
            )
        records.append(LabelledSequence(values[mine].astype(np.float32), str(labels[mine[0]])))
    return records, names


def _rows(table: Table, names: Sequence[str], labels: Sequence[str | None]) -> list[LabelledSequence]:
    if not names:
        raise DataError(f"{table.path} has no column of numbers besides the label")
    values = np.column_stack([table.numbers(name) for name in names])
    records = []
    for row, (steps, label) in enumerate(zip(values, labels, strict=True)):
        there = ~np.isnan(steps)
        length = int(there.sum())
        if not length or not there[:length].all():
            gone = names[int((~there).argmax())]
            raise DataError(f"{table.where(row)}: the value in column {gone!r} is missing; only the end may be empty")
        records.append(LabelledSequence(steps[:length, None].astype(np.float32), str(label)))
    return records


def _finite(table: Table, names: Sequence[str], values: np.ndarray) -> np.ndarray:
    missing = np.isnan(values)
    if missing.any():
        row, column = (int(k) for k in np.argwhere(missing)[0])
        raise DataError(
            f"{table.where(row)}: the value in column {names[column]!r} is missing; fill it or remove the line"
        )
    return values
