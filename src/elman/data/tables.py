"""A user's own CSV: its rows with the lines they stand on, or what is wrong with the file."""

import csv
from collections.abc import Iterator
from pathlib import Path

from elman.data.errors import DataError

__all__ = ["read_table"]


def read_table(path: Path) -> tuple[bytes, Iterator[tuple[int, list[str]]]]:
    """Return what a CSV holds, and its rows, each with the number of its line.

    Args:
        path: the file, in UTF-8.

    Raises:
        DataError: if it cannot be read or is not UTF-8; as rows are taken, naming the line, where it is no CSV.
    """
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path} as a CSV: {getattr(error, 'strerror', None) or error}") from None
    return content, _rows(path, lines)


def _rows(path: Path, lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(lines)
    try:
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}") from None
