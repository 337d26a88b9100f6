"""Reading files that anybody may have made: what is not text, not a table or not a number is refused by its place."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from elman.data.errors import DataError

__all__ = ["columns", "decoded", "is_heading", "number", "read_bytes", "read_lines", "read_text", "rows"]

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def decoded(path: Path, raw: bytes) -> str:
    r"""Return a file's bytes as text, without a byte order mark, every line ended by ``"\n"``.

    Raises:
        DataError: with the byte and its offset, if it is not UTF-8, or holds a zero byte.
    """
    if 0 in raw:
        raise DataError(f"{path} is not text: it holds a zero byte at offset {raw.index(0):,}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (len(raw) - len(error.object))
        raise DataError(f"{path} is not UTF-8: byte {raw[at]:#04x} at offset {at:,}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(path: Path) -> str:
    """Return a file's text; see :func:`decoded`.

    Raises:
        DataError: if it cannot be read, or is not text.
    """
    return decoded(path, read_bytes(path))


def read_lines(path: Path) -> list[str]:
    """Return a text file's lines, without their ends; only a line feed ends a line, and none follows the last one."""
    text = read_text(path)
    return text.removesuffix("\n").split("\n") if text else []


def rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV's text, each with the number of its (last) line; empty ones are left out.

    Raises:
        DataError: naming the line, for a quote that is not closed or stands within a cell, and for a cell beyond
            :func:`csv.field_size_limit`.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None


def columns(path: Path, wanted: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the wanted columns of a CSV whose first line names them, each row with the number of its line.

    Raises:
        DataError: if a column is missing, or a row has not as many cells as the first line; as :func:`rows` does.
    """
    table = rows(path, read_text(path))
    _, names = next(table, (0, []))
    if missing := [name for name in wanted if name not in names]:
        raise DataError(f"{path} has no column {', '.join(missing)}")
    places = [names.index(name) for name in wanted]
    for line, row in table:
        if len(row) != len(names):
            raise DataError(f"{path}, line {line} has {len(row)} columns; the first line names {len(names)}")
        yield line, [row[place] for place in places]


def number(text: str) -> float:
    """Read a plain number; NaN for whatever else there is, an infinite one included.

    Example:
        >>> number(" -1.5e3 "), number("1_000"), number("inf")
        (-1500.0, nan, nan)
    """
    text = text.strip()
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else math.nan


def is_heading(cells: Sequence[str]) -> bool:
    """Whether a row can be a table's heading: no cell in it looks like a damaged number or time.

    Example:
        >>> is_heading(["time", "value"]), is_heading(["2020-01-01", "1o"]), is_heading(["nan"])
        (True, False, False)
    """
    return not any(re.match(r"[-+.]?\d|[-+]?(nan|inf(inity)?)$", cell.strip(), re.IGNORECASE) for cell in cells)
