"""Reading untrusted files: an error names the line or offset of whatever is not text, a table or a number."""

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
    """Return the bytes of a file.

    Raises:
        DataError: if the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def decoded(path: Path, raw: bytes) -> str:
    r"""Decode a file's bytes as text, without a byte order mark, with ``"\n"`` as line end.

    Raises:
        DataError: if the bytes are not UTF-8 or contain a zero byte; the message gives the offset.
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
        DataError: if the file cannot be read, or is not text.
    """
    return decoded(path, read_bytes(path))


def read_lines(path: Path) -> list[str]:
    """Return a text file's lines without their ends; only a line feed ends a line."""
    text = read_text(path)
    return text.removesuffix("\n").split("\n") if text else []


def rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the non-empty rows of a CSV text, each with the number of its (last) line.

    Raises:
        DataError: if a quote is not closed or occurs within a cell, or a cell exceeds :func:`csv.field_size_limit`;
            the message names the line.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None


def columns(path: Path, wanted: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the wanted columns of a CSV file with a header, each row with its line number.

    Raises:
        DataError: if a column is missing, a row and the header differ in length, or as :func:`rows` does.
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
    """Read a finite number; return NaN for anything else.

    Example:
        >>> number(" -1.5e3 "), number("1_000"), number("inf")
        (-1500.0, nan, nan)
    """
    text = text.strip()
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else math.nan


def is_heading(cells: Sequence[str]) -> bool:
    """Return whether a row can be a table's header: no cell looks like a damaged number or time.

    Example:
        >>> is_heading(["time", "value"]), is_heading(["2020-01-01", "1o"]), is_heading(["nan"])
        (True, False, False)
    """
    return not any(re.match(r"[-+.]?\d|[-+]?(nan|inf(inity)?)$", cell.strip(), re.IGNORECASE) for cell in cells)
