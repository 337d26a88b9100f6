"""Rows of a table from JSON: an object a line, or a list of objects."""

import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from elman.data.errors import DataError

__all__ = ["json_rows"]


def json_rows(
    path: Path, lines: Iterable[str], progress: Callable[[int], None] | None = None
) -> tuple[dict[str, list[Any]], array]:
    """Return the columns of the objects, None where an object lacks a key, and the line of each row.

    Raises:
        DataError: if a line is not a JSON object; names the line.
    """
    columns: dict[str, list[Any]] = {}
    numbers = array("q")
    for number, row in _objects(path, lines):
        if not isinstance(row, dict):
            raise DataError(f'{path}, line {number}: expected a JSON object such as {{"text": ...}}, got {row!r:.40}')
        for name in row.keys() - columns.keys():
            columns[name] = [None] * len(numbers)
        for name, column in columns.items():
            column.append(row.get(name))
        numbers.append(number)
        if progress and not len(numbers) % 50_000:
            progress(len(numbers))
    if not numbers:
        raise DataError(f"{path} is empty: it has no rows")
    return columns, numbers


def _objects(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    first = next(numbered, None)
    if first and first[1].lstrip().startswith("["):
        text = first[1] + "".join(line for _, line in numbered)
        rows = _loaded(path, first[0], text)
        yield from ((k, row) for k, row in enumerate(rows, start=1))
    elif first:
        yield first[0], _loaded(path, *first)
        for number, line in numbered:
            yield number, _loaded(path, number, line)


def _loaded(path: Path, number: int, line: str) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not a number")

    try:
        return json.loads(line, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number} is not JSON: {str(error)[:100]}") from None
