"""One reader of tables for all of Elman: CSV in any dialect and encoding, TSV, and lines of JSON.

``Table.understood`` reports in plain sentences every choice that the reader could have got wrong. A table in memory
takes about 60 bytes per cell plus the cell's text; equal cells of a column are stored once, up to a thousand
different ones. Files above ``largest`` bytes are refused.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.dialects import NAMES, SAMPLE_ROWS, dialect_of, has_header, lines_of, rows_of
from elman.data.encodings import encoding_of
from elman.data.errors import DataError
from elman.data.json_rows import json_rows
from elman.data.numbers import BLANKS, MISSING, decimal_of, is_number, parse_numbers
from elman.data.reading import read_bytes
from elman.data.times import Times, is_time, parse_times
from elman.errors import nearest

__all__ = ["Table", "read_table"]

LARGEST = 2_000_000_000  # bytes
SHARED = 1000  # different cells of a column that are stored once
Progress = Callable[[int], None]


@dataclass
class Table:
    """Columns by name, as they were written, and as text, numbers or times.

    Args:
        path: the (first) file.
        names: the columns' names, in order; a file without a header has ``column 1``, ``column 2``, ...
        columns: the cells of each column; texts, and in lines of JSON whatever stood there.
        lines: the line of each row in its file.
        files: each file with the number of its first row.
        header: whether the names come from the file.
        delimiter: what separates the cells.
        decimal: the decimal mark, ``"."`` or ``","``, where a column does not prove its own; empty: not known.
        day_first: the order of day and month where a column does not decide.
        sha256: checksum of the files.
        understood: what was understood of the file, in sentences.
    """

    path: Path
    names: tuple[str, ...]
    columns: dict[str, list[Any]]
    lines: Sequence[int]
    files: list[tuple[Path, int]]
    header: bool = True
    delimiter: str = ","
    decimal: str = ""
    day_first: bool | None = None
    sha256: str = ""
    understood: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[self.named(name)]

    def where(self, row: int) -> str:
        """Return the file and line of a row."""
        path = next(path for path, first in reversed(self.files) if first <= row)
        return f"{path}, line {self.lines[row]}"

    def named(self, name: str) -> str:
        """Return a column's name as the table has it; another case, or the column's number from 1, will do.

        Raises:
            DataError: if there is no such column; the message suggests the nearest.
        """
        if name in self.columns:
            return name
        same = [known for known in self.names if known.strip().lower() == name.strip().lower()]
        if len(same) == 1:
            return same[0]
        if not self.header and name.isdecimal() and 1 <= int(name) <= len(self.names):
            return self.names[int(name) - 1]
        there = f"; its columns are {', '.join(self.names)[:400]}"
        near = nearest(name, self.names)
        raise DataError(f"{self.path} has no column {name!r}{near if near.startswith('; did') else ''}{there}")

    def text(self, name: str) -> list[str | None]:
        """Return a column as texts, None where a cell is missing: empty, ``NA``, ``null`` and the like."""
        cells = self[name]
        return [
            None if cell is None else cell if isinstance(cell, str) and cell.strip() not in MISSING
            else None if isinstance(cell, str) else str(cell) for cell in cells
        ]  # fmt: skip

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as numbers ``[N]``, NaN where a cell is missing.

        Raises:
            DataError: if a cell is not a finite number, or decimal points and commas are mixed; names the line.
        """
        cells = self._texts(name)
        decimal = decimal_of(cells, self.where) or self._open_decimal(cells, name)
        values, understood = parse_numbers(cells, self.where, decimal, name if self.header else "")
        if decimal == ",":
            understood.insert(0, f"column {name!r} has decimal commas")
        self._say(*understood)
        return values

    def times(self, name: str) -> Times:
        """Return a column as times; see :func:`elman.data.times.parse_times`.

        Raises:
            DataError: if a cell is not a time; names the line.
        """
        found = parse_times(self._texts(name), self.where, self.day_first)
        self._say(*found.understood)
        return found

    def kind(self, name: str) -> str:
        """Return ``"number"``, ``"time"`` or ``"text"``, what most of a column's first cells are, or ``"empty"``."""
        cells = (cell for cell in self._texts(name) if cell.strip() not in BLANKS)
        some = list(islice(cells, SAMPLE_ROWS))
        if not some:
            return "empty"
        usual = name.strip().strip("<>").lower() in ("date", "time", "timestamp", "datetime", "epoch", "ds")
        if usual and sum(map(is_number, some)) > 0.9 * len(some):
            try:
                parse_times(some, str)
                return "time"
            except DataError:
                return "number"
        for kind, test in (("number", is_number), ("time", is_time)):
            if sum(map(test, some)) > 0.5 * len(some):
                return kind
        return "text"

    def choose(self, what: str, kind: str, usual: Sequence[str] = (), but: Sequence[str] = ()) -> str:
        """Return the column that a caller needs and did not name, and say so in ``understood``.

        It is the first column with a usual name; else the only column of this kind.

        Args:
            what: what the column holds, for the sentence: ``"text"``.
            kind: ``"text"``, ``"number"`` or ``"time"``; or ``"any"``.
            usual: names that such columns usually have, in lower case.
            but: columns that hold something else.

        Raises:
            DataError: if there is no such column, or more than one.
        """
        left = [name for name in self.names if name not in but]
        for name in usual:
            for known in left:
                if known.strip().lower() == name:
                    self._say(f"column {known!r} is the {what}")
                    return known
        found = [name for name in left if kind in ("any", self.kind(name))]
        if len(found) == 1:
            self._say(
                f"column {found[0]!r} is the {what}: the only column of {'any kind' if kind == 'any' else kind}s"
            )
            return found[0]
        how = f"{len(found)} columns can be the {what}" if found else f"no column can be the {what}"
        raise DataError(f"{self.path}: {how}; name it. The columns are {', '.join(self.names)[:400]}")

    def pandas(self) -> Any:
        """Return the table as a ``pandas.DataFrame`` of the cells as they are in the file."""
        import pandas

        return pandas.DataFrame(self.columns)

    def _say(self, *sentences: str) -> None:
        self.understood += [sentence for sentence in sentences if sentence not in self.understood]

    def _texts(self, name: str) -> list[str]:
        return [cell if isinstance(cell, str) else "" if cell is None else str(cell) for cell in self[name]]

    def _open_decimal(self, cells: Sequence[str], name: str) -> str:
        """Return the decimal mark of a column that does not prove it, from the other columns, and say so."""
        marked = next((cell.strip() for cell in cells if ("," in cell or "." in cell) and is_number(cell)), "")
        if not marked:
            return "."
        if self.decimal:
            return self.decimal
        decimal = self._elsewhere(name) or ("," if "," in marked and self.delimiter == ";" else ".")
        sign, same = ("comma", decimal == ",") if "," in marked else ("point", decimal == ".")
        if sign == "comma" or not same:
            self._say(f"{marked!r} in column {name!r} has a {'decimal' if same else 'thousands'} {sign}")
        return decimal

    def _elsewhere(self, name: str) -> str:
        for other in self.names:
            if other != name and self.kind(other) == "number":
                try:
                    if mark := decimal_of(self._texts(other), self.where):
                        return mark
                except DataError:
                    continue
        return ""


def read_table(
    paths: str | Path | Sequence[str | Path],
    *,
    wanted: Sequence[str] = (),
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str = "",
    decimal: str = "",
    day_first: bool | None = None,
    ragged: str = "error",
    largest: int = LARGEST,
    progress: Progress | None = None,
) -> Table:
    """Read a table from one file, or from several with the same columns one after another.

    Args:
        paths: CSV, TSV, or lines of JSON objects (``.jsonl``, or a ``.json`` list of objects).
        wanted: columns that must be there.
        header: whether the first row names the columns; default: :func:`elman.data.dialects.has_header` decides.
        delimiter: what separates cells; an empty text: one column; default: found.
        encoding: default: found.
        decimal: ``"."`` or ``","``, for columns of numbers that do not prove their own mark.
        day_first: the order of ``01/02/2020``, for columns that do not decide.
        ragged: ``"error"`` refuses a file in which rows differ in length; ``"skip"`` leaves such rows out, and says
            which.
        largest: bytes of a file above which it is refused; default 2 GB.
        progress: called with the number of rows read, every 50,000 rows.

    Raises:
        DataError: if a file cannot be read, is not text, is empty or too large, has rows of different lengths, or
            lacks a wanted column.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "film.csv"
        ...     _ = path.write_text("review;stars\\nGood; great;x\\n".replace("Good; great;x", '"Good; great";4,5'))
        ...     table = read_table(path)
        >>> table.names, table.text("review"), table.numbers("stars").tolist()
        (('review', 'stars'), ['Good; great'], [4.5])
    """
    if ragged not in ("error", "skip"):
        raise ValueError(f"ragged must be 'error' or 'skip', got {ragged!r}")
    if decimal not in ("", ".", ","):
        raise ValueError(f"decimal must be '.' or ',', got {decimal!r}")
    several = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not several:
        raise DataError("no file was given")
    read = partial(_read, wanted=wanted, header=header, delimiter=delimiter, encoding=encoding, ragged=ragged,
                   largest=largest, progress=progress)  # fmt: skip
    tables = [read(path) for path in several]
    table = tables[0] if len(tables) == 1 else _joined(tables)
    table.decimal, table.day_first = decimal, day_first
    for name in wanted:
        table.named(name)
    return table


def _joined(tables: Sequence[Table]) -> Table:
    first, start = tables[0], 0
    files = []
    for table in tables:
        if set(table.names) != set(first.names):
            raise DataError(
                f"{table.path} has the columns {', '.join(table.names)[:200]}; {first.path} has "
                f"{', '.join(first.names)[:200]}"
            )
        files.append((table.path, start))
        start += len(table)
    columns = {name: list(chain.from_iterable(table.columns[name] for table in tables)) for name in first.names}
    understood = list(dict.fromkeys(chain.from_iterable(table.understood for table in tables)))
    digest = hashlib.sha256("".join(table.sha256 for table in tables).encode()).hexdigest()
    lines = array("q", chain.from_iterable(table.lines for table in tables))
    return Table(
        first.path,
        first.names,
        columns,
        lines,
        files,
        first.header,
        first.delimiter,
        sha256=digest,
        understood=understood,
    )


def _read(
    path: Path, wanted: Sequence[str], header: bool | None, delimiter: str | None, encoding: str, ragged: str,
    largest: int, progress: Progress | None,
) -> Table:  # fmt: skip
    raw = _sized(path, largest)
    encoding, sentence = encoding_of(path, raw, encoding)
    understood = [sentence] if sentence else []
    digest = hashlib.sha256(raw).hexdigest()
    head = next(_unnoted(lines_of(raw, encoding)), (0, ""))[1].lstrip()
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json") or (head.startswith("{") and delimiter is None):
        columns, lines = json_rows(path, lines_of(raw, encoding), progress)
        return Table(path, tuple(columns), columns, lines, [(path, 0)], True, sha256=digest, understood=understood)
    if head[:4].lower() == "sep=" and len(head.strip()) == 5 and delimiter is None:  # written by spreadsheets
        delimiter = head[4]
    skipped = len(list(_notes(lines_of(raw, encoding))))
    if skipped:
        understood.append(f"{skipped} line{'s' * (skipped > 1)} before the table left out")
    dialect = dialect_of(path, _without(raw, encoding, skipped), encoding, delimiter)
    rows = rows_of(path, islice(lines_of(raw, encoding), skipped, None), dialect)
    rows = ((line + skipped, row) for line, row in rows)
    begin = list(islice(rows, SAMPLE_ROWS))
    names, headers = _names(path, [row for _, row in begin], wanted, header)
    if dialect.delimiter != "," and len(names) > 1:
        named = NAMES.get(dialect.delimiter, repr(dialect.delimiter))
        understood.append(f"cells are separated by {named}")
    if not dialect.quotes and b'"' in raw:
        understood.append("quotation marks belong to the text")
    if not headers and names:
        understood.append(f"the file has no header; its columns are named {', '.join(names)[:100]}")
    if headers > 1:
        understood.append("the first three lines name the columns, as yfinance writes them")
    columns, lines = _columns(path, names, chain(begin[headers:], rows), ragged, understood, progress)
    return Table(
        path,
        tuple(names),
        columns,
        lines,
        [(path, 0)],
        bool(headers),
        dialect.delimiter,
        sha256=digest,
        understood=understood,
    )


def _sized(path: Path, largest: int) -> bytes:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if size > largest:
        raise DataError(f"{path} has {size:,} bytes, more than {largest:,}; cut it into parts")
    return read_bytes(path)


def _is_note(line: str) -> bool:
    return line.startswith("#") or (line[:4].lower() == "sep=" and len(line.strip()) == 5)


def _notes(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not _is_note(line):
            return
        yield line


def _unnoted(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _without(raw: bytes, encoding: str, lines: int) -> bytes:
    if not lines:
        return raw
    return "".join(islice(lines_of(raw, encoding), lines, None)).encode(encoding)


def _names(path: Path, rows: list[list[str]], wanted: Sequence[str], header: bool | None) -> tuple[list[str], int]:
    """Return the columns' names, and how many rows at the top hold them."""
    if not rows:
        if header is False:
            return [], 0
        raise DataError(f"{path} is empty: it has no rows")
    first = [cell.strip() for cell in rows[0]]
    if header is not False and len(rows) > 2 and _is_yahoo(rows):
        tickers = {cell.strip() for cell in rows[1][1:]}
        several = [f"{a} {b.strip()}" if len(tickers) > 1 else a for a, b in zip(first, rows[1], strict=True)]
        return [rows[2][0].strip(), *several[1:]], 3
    if header is None:
        header = has_header(rows, wanted)
    if not header:
        return [f"column {k}" for k in range(1, len(first) + 1)], 0
    names: list[str] = []
    for k, name in enumerate(first, start=1):
        name = name or f"column {k}"
        copies = 1 + sum(known == name or known.startswith(f"{name} (") for known in names)
        while (given := name if copies == 1 else f"{name} ({copies})") in names:
            copies += 1
        names.append(given)
    return names, 1


def _is_yahoo(rows: list[list[str]]) -> bool:
    """Return whether three rows are yfinance's header: prices, tickers, and the name of the dates."""
    a, b, c = rows[:3]
    return (
        a[0].strip() == "Price" and b[0].strip() == "Ticker" and c[0].strip() in ("Date", "Datetime")
        and len(a) == len(b) and not any(cell.strip() for cell in c[1:])
    )  # fmt: skip


def _columns(
    path: Path, names: list[str], rows: Iterator[tuple[int, list[str]]], ragged: str, understood: list[str],
    progress: Progress | None,
) -> tuple[dict[str, list[Any]], array]:  # fmt: skip
    """Store rows as columns; a row of another length is refused, or left out."""
    width = len(names)
    columns: list[list[str]] = [[] for _ in names]
    shared: list[dict[str, str]] = [{} for _ in names]
    lines = array("q")
    wrong: list[tuple[int, int]] = []
    for line, row in rows:
        if len(row) != width:
            if len(row) == width + 1 and not row[-1].strip():  # a delimiter at the end of every line
                row = row[:-1]
            else:
                wrong.append((line, len(row)))
                continue
        for column, known, cell in zip(columns, shared, row, strict=True):
            same = known.get(cell)
            if same is None:
                same = cell
                if len(known) < SHARED:
                    known[cell] = cell
            column.append(same)
        lines.append(line)
        if progress and not len(lines) % 50_000:
            progress(len(lines))
    if wrong and (ragged == "error" or not lines):
        more = [str(line) for line, _ in wrong[1:6]]
        others = (
            f" ({len(wrong) - 1} more: lines {', '.join(more)}{', ...' if len(wrong) > 6 else ''})" if more else ""
        )
        raise DataError(f"{path}, line {wrong[0][0]} has {wrong[0][1]} columns; the first line names {width}{others}")
    if wrong:
        some = ", ".join(str(line) for line, _ in wrong[:10])
        understood.append(
            f"{len(wrong)} rows of another length are left out: lines {some}{', ...' * (len(wrong) > 10)}"
        )
    return dict(zip(names, columns, strict=True)), lines
