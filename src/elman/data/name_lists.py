"""Lists of names from a user's files: a file a class, or one file; what is left out is named with its line."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from elman.data.errors import DataError
from elman.data.own_lines import own_lines
from elman.data.records import listed, many

__all__ = ["LONGEST", "MARKS", "clean", "cleaned", "read_lists", "why_not"]

MARKS = " '-.\N{MIDDLE DOT}"  # characters besides letters and digits that a name may contain
LONGEST = 30
ERRANT = {"To The First Page"}  # a link that strayed into the Russian list from the page it was copied from
ASIDE = ("readme", "license", "licence", "copying", "notice", "changelog", "requirements")


def clean(line: str) -> str:
    """Return the name in a line, Unicode-composed and without extra spaces, or ``""`` if there is no name.

    Example:
        >>> clean(" Ou-Yang "), clean("Maxa/B"), clean("Se\\u0301gal"), clean("J.R.")
        ('Ou-Yang', '', 'Ségal', 'J.R.')
    """
    name = _composed(line)
    return "" if why_not(name) else name


def why_not(name: str) -> str:
    """Return why a composed text is no name, or ``""`` if it is one.

    A name has up to 30 letters, digits, spaces, apostrophes, hyphens and full stops; it begins with a letter and ends
    with a letter, a digit or a full stop.

    Example:
        >>> why_not("Anna (f)"), why_not("Bea 2"), why_not("50 Cent")
        ("'(' is not part of a name", '', 'a name begins with a letter')
    """
    if not name:
        return "it is empty"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters, a name has at most {LONGEST}"
    if not name[0].isalpha():
        return "a name begins with a letter"
    strange = [c for c in name if not (c.isalnum() or c in MARKS or unicodedata.category(c)[0] == "M")]
    if strange:
        return f"{strange[0]!r} is not part of a name"
    if name[-1] in MARKS and name[-1] != ".":
        return f"a name does not end with {name[-1]!r}"
    return "it is not a name" if name in ERRANT else ""


def cleaned(source: str, lists: Mapping[str, Sequence[str]]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return the distinct names of each class, both sorted, and sentences about the lines that are left out.

    Args:
        source: where the lists are from, for errors.
        lists: the lines of each class.

    Raises:
        DataError: if a class has no names.
    """
    by_class, said = {}, []
    for label in sorted(lists):
        distinct: dict[str, str] = {}
        aside = []
        for number, line in enumerate(lists[label], 1):
            name = _composed(line)
            reason = why_not(name)
            if not reason:
                distinct[name.casefold()] = name
            elif name:
                aside.append(f"line {number} {name[:40]!r} ({reason})")
        if not distinct:
            raise DataError(
                f"{source} has no name of {label}: a name is up to {LONGEST} letters, digits, spaces, ' - or ."
            )
        by_class[label] = tuple(sorted(distinct.values()))
        if aside:
            said.append(f"{label}: left out {many(len(aside), 'line')}: {listed(aside)}.")
    return by_class, said


def read_lists(path: Path, encoding: str = "") -> tuple[dict[str, list[str]], list[str]]:
    """Return the lines of each class, and sentences about what was read and left out.

    Args:
        path: a folder with a file ``Class.txt`` a class, in small or capital letters, or one file, whose name is the
            class; a name a line.
        encoding: see :func:`elman.data.encodings.encoding_of`.

    Raises:
        DataError: if there is no list, or a file is not text.
    """
    if path.is_file():
        lines, said = own_lines(path, encoding)
        return {path.stem: lines}, [
            f"{path.name} is one list of names, a name a line; its class is {path.stem}.",
            *said,
        ]
    lists: dict[str, list[str]] = {}
    said, others, notes = [], [], []
    for file in sorted(path.iterdir()):
        if file.name.startswith(".") or not file.is_file():
            continue
        if file.stem.lower().startswith(ASIDE):
            notes.append(file.name)
        elif file.suffix.lower() != ".txt":
            others.append(file.name)
        else:
            lines, about = own_lines(file, encoding)
            lists.setdefault(file.stem, []).extend(lines)
            said += about
    if notes:
        said.append(f"Not lists of names by their file names, and left out: {listed(notes)}.")
    if others:
        said.append(f"Left out, because a list of names is a file Class.txt: {listed(others)}.")
    if not lists:
        raise DataError(f"{path} has no lists of names; put a file Culture.txt there for each culture")
    return lists, [
        f"{path.name} holds {many(len(lists), 'list')} of names, a class each: {listed(sorted(lists))}.",
        *said,
    ]


def _composed(line: str) -> str:
    return " ".join(unicodedata.normalize("NFC", line).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
