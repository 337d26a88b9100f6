"""The dialect of a text table: what separates its cells, whether quotes enclose them, whether it has a header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from elman.data.errors import DataError
from elman.data.numbers import BLANKS, is_number
from elman.data.reading import is_heading
from elman.data.times import is_time

__all__ = ["NAMES", "Dialect", "dialect_of", "has_header", "lines_of", "rows_of"]

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks", "": "nothing"}
SAMPLE_ROWS = 200
TYPED = re.compile(r"[-+−(]?\s?[$€£¥]?\s?[.,]?\d[\d.,:/ TZ'’+-]*([eE][-+]?\d+)?\s?(%|[kKmMbBT])?", re.ASCII)
KNOWN = frozenset(
    ("text", "sentence", "review", "comment", "message", "title", "document", "body", "content", "label", "class",
     "category", "target", "sentiment", "tag", "y", "source", "src", "tgt", "id", "name", "word", "words", "date",
     "time", "timestamp", "value", "input", "output", "question", "answer", "intent")
)  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """What separates cells (empty: one column; a blank: any run of blanks), and whether quotes enclose them."""

    delimiter: str
    quotes: bool = True


def lines_of(raw: bytes, encoding: str) -> Iterator[str]:
    """Yield the lines of a file's bytes with a line feed at the end of each, without decoding all at once."""
    return iter(io.TextIOWrapper(io.BytesIO(raw), encoding))


def rows_of(
    path: Path, lines: Iterable[str], dialect: Dialect, strict: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its (last) line.

    Raises:
        DataError: if a quote is not closed or occurs within a quoted cell, or a cell exceeds
            :func:`csv.field_size_limit`; the message names the line.
    """
    if dialect.delimiter in ("", " ") and not dialect.quotes:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line.split() if dialect.delimiter else [line.rstrip("\n")]
        return
    separator = dialect.delimiter or "\x1f"
    reader = csv.reader(
        iter(lines),
        delimiter=separator,
        strict=strict,
        quoting=csv.QUOTE_MINIMAL if dialect.quotes else csv.QUOTE_NONE,
    )
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None


def dialect_of(path: Path, raw: bytes, encoding: str, delimiter: str | None = None) -> Dialect:
    """Return the dialect in which the first 200 rows agree best.

    For each delimiter the rows are split as the csv module splits them. A delimiter scores by the share of rows that
    have the commonest number of cells, by the share of cells that are numbers or times, and less if the first row has
    another number of cells than the rest. One column is a candidate as well. In a file with tabs, quotes count only
    if the file is a table of equal rows with them, and not already without them.

    Args:
        path: the file, whose suffix decides if no delimiter stands out.
        raw: its bytes.
        encoding: their encoding.
        delimiter: the delimiter, if it is known; an empty text for one column.

    Example:
        >>> dialect_of(Path("a.csv"), b"time;load\\n01.02.2020;1,5\\n02.02.2020;2,5\\n", "utf-8").delimiter
        ';'
    """
    if delimiter is None:
        delimiter = _delimiter(path, list(islice(lines_of(raw, encoding), 2 * SAMPLE_ROWS)))
    if delimiter == " ":
        return Dialect(" ", quotes=False)
    if delimiter in ("\t", "") and b'"' in raw:
        return Dialect(delimiter, _quotes_count(path, raw, encoding, delimiter))
    return Dialect(delimiter)


def _split(path: Path, lines: Sequence[str], delimiter: str) -> list[list[str]]:
    dialect = Dialect(delimiter, quotes=delimiter not in ("", " "))
    try:
        return [row for _, row in islice(rows_of(path, lines, dialect, strict=False), SAMPLE_ROWS)]
    except DataError:
        return []


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    scores: dict[str, float] = {}
    for delimiter in (",", "\t", ";", "|", " ", ""):
        rows = _split(path, lines, delimiter)
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if delimiter and width < 2:
            continue
        cells = [cell.strip() for row in rows for cell in row]
        cells = [cell for cell in cells if cell not in BLANKS]
        typed = sum(map(bool, map(TYPED.fullmatch, cells))) / max(1, len(cells))
        if delimiter == " " and typed < 1:
            continue
        score = count / len(rows) * (0.5 + 0.5 * typed)
        score *= 0.5 if len(rows[0]) != width else 1
        scores[delimiter] = score * {"": 0.6, " ": 0.9}.get(delimiter, 1)
    by_suffix = {".csv": ",", ".tsv": "\t", ".tab": "\t"}.get(path.suffix.lower(), "")
    if by_suffix and by_suffix not in scores and lines and by_suffix in lines[0]:
        return by_suffix
    if by_suffix in scores and lines and by_suffix in lines[0]:
        scores.pop("", None)
    return max(scores, key=lambda delimiter: scores[delimiter]) if scores else ","


def _quotes_count(path: Path, raw: bytes, encoding: str, delimiter: str) -> bool:
    """Return whether quotes enclose cells: not if every line is a row of equal width without them."""

    def widths(quotes: bool) -> Counter[int]:
        return Counter(len(row) for _, row in rows_of(path, lines_of(raw, encoding), Dialect(delimiter, quotes)))

    try:
        quoted = widths(True)
    except DataError:
        return False
    plain = widths(False)
    return len(plain) != 1 or quoted == plain


def has_header(rows: Sequence[Sequence[str]], wanted: Iterable[str] = ()) -> bool:
    """Return whether the first of a table's rows names its columns.

    It does if it holds a name that the caller asks for. Otherwise none of its cells may begin like a number, all must
    be different, and one of three must hold: a column below is of numbers or times; a cell is a usual name, such as
    ``text`` or ``label``; or a column below repeats a few values, among which the first row's cell is not.

    Example:
        >>> has_header([["time", "load"], ["2020-01-01", "3"]]), has_header([["good film", "pos"], ["bad", "neg"]])
        (True, False)
    """
    if not rows:
        return False
    first, rest = [cell.strip() for cell in rows[0]], rows[1:SAMPLE_ROWS]
    if any(name in first for name in wanted):
        return True
    if not is_heading(first) or not any(first) or len(set(filter(None, first))) < len([*filter(None, first)]):
        return False
    if not rest or any(cell.lower() in KNOWN for cell in first):
        return True
    for place, name in enumerate(first):
        column = [row[place].strip() for row in rest if place < len(row)]
        column = [cell for cell in column if cell not in BLANKS]
        if not column:
            continue
        if name not in BLANKS and sum(is_number(cell) or is_time(cell) for cell in column[:20]) > 0.5 * len(
            column[:20]
        ):
            return True
        if len(column) >= 6 and 1 < len(set(column)) <= len(column) / 3 and name not in column:
            return True
    return False
