"""A user's own dictionary and own misspellings, from the forms in which such lists come."""

import re
from collections.abc import Iterator
from pathlib import Path

from elman.data.errors import DataError
from elman.data.own_lines import own_lines
from elman.data.records import Records, listed, many

__all__ = ["read_dictionary", "read_misspellings"]

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?")


def read_dictionary(path: Path) -> Records[tuple[str, int]]:
    """Read words in lower case, one a line: ``word``, or ``word count`` with a space, tab or comma between.

    The counts of a word that occurs several times are added. A word without a count has the count 1.

    Raises:
        DataError: if the file is not text, or has no words.
    """
    lines, said = own_lines(path)
    counts: dict[str, int] = {}
    aside, counted = [], 0
    for number, line in _filled(lines):
        found = re.fullmatch(r"(\S+?)(?:[\s,;]+([\d]+))?", line, re.ASCII)
        word = _folded(found[1]) if found else ""
        if not found or not WORD.fullmatch(word) or found[2] == "0":
            aside.append(f"line {number} {line[:40]!r}")
            continue
        counted += found[2] is not None
        counts[word] = counts.get(word, 0) + int(found[2] or 1)
    if not counts:
        raise DataError(f"{path} has no words; expected a word a line, with or without its count")
    said.append(f"{path.name} is a dictionary of {many(len(counts), 'word')}, {many(counted, 'line')} with a count.")
    if aside:
        said.append(f"Left out {many(len(aside), 'line')}, not a word and a count: {listed(aside)}.")
    return Records(list(counts.items()), said)


def read_misspellings(path: Path) -> Records[tuple[str, str]]:
    """Read pairs of a wrong and a right spelling in lower case.

    A line is ``wrong->right``, ``wrong`` and ``right`` with a tab or a comma between them, or ``right: wrong wrong``.
    Of several right spellings (``wrong->this, that``) the first is taken.

    Raises:
        DataError: if the file is not text, or has no pairs.
    """
    lines, said = own_lines(path)
    pairs: dict[tuple[str, str], None] = {}
    aside = []
    for number, line in _filled(lines):
        found = list(_pairs(_folded(line)))
        pairs.update(dict.fromkeys(found))
        if not found:
            aside.append(f"line {number} {line[:40]!r}")
    if not pairs:
        raise DataError(f"{path} has no misspellings; expected wrong->right, or wrong and right with a tab between")
    said.append(
        f"{path.name} has {many(len(pairs), 'misspelling')} of {many(len({right for _, right in pairs}), 'word')}."
    )
    if aside:
        said.append(f"Left out {many(len(aside), 'line')}, not two different words: {listed(aside)}.")
    return Records(list(pairs), said)


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    if "->" in line:
        wrong, _, right = line.partition("->")
        sides = [(wrong, right.partition(",")[0])]
    elif re.fullmatch(r"\S+:\s.+", line):
        right, _, rest = line.partition(":")
        sides = [(wrong, right) for wrong in re.split(r"[\s,]+", rest.strip())]
    else:
        wrong, _, right = line.partition("\t" if "\t" in line else ",")
        sides = [(wrong, right)]
    for wrong, right in sides:
        wrong, right = wrong.strip(), right.strip()
        if wrong != right and WORD.fullmatch(wrong) and WORD.fullmatch(right):
            yield wrong, right


def _filled(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _folded(text: str) -> str:
    return text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
