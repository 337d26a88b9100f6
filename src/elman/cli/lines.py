"""Line in, line out: a command of text answers each line of its arguments, files or pipe with one line."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.errors import UnknownName

__all__ = ["Answer", "Files", "Json", "Line", "Lines", "answer_lines", "given_lines"]

Lines = Annotated[
    list[str] | None, typer.Argument(metavar="TEXT...", help="Texts; - or nothing: the lines of standard input.")
]
Files = Annotated[list[Path] | None, typer.Option("--file", help="Read the lines of this file; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]

NOTHING = "there is no text: give sentences, or pipe in lines that hold words"


@dataclass(frozen=True)
class Line:
    """A line of text and where it is from; ``alone`` if it is the only argument."""

    text: str
    where: str
    is_argument: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Answer:
    """What a command answers to a line.

    Args:
        plain: the answer for people, in one line unless several hypotheses were asked for.
        data: the answer for ``--json``, without the text.
        notes: remarks for standard error.
        after: called when the answer is printed, for tables and figures.
    """

    plain: str
    data: dict[str, Any]
    notes: Sequence[str] = field(default=())
    after: Callable[[], None] | None = None


def given_lines(
    texts: Sequence[str] | None, files: Sequence[Path] | None = None, exact: bool = False
) -> Iterator[Line]:
    """Return the lines of arguments, then of files; of standard input if there are neither, or for an argument ``-``.

    Args:
        texts: the arguments.
        files: files of lines.
        exact: whether lines keep the spaces around them, and may be empty; default False.

    Raises:
        UnknownName: if the only argument is empty, or standard input is a terminal.
        DataError: if a file is not text; when its lines are asked for.
    """
    given = list(texts or ([] if files else ["-"]))
    if "-" in given and sys.stdin.isatty():
        raise UnknownName(NOTHING)
    if len(given) == 1 and not files and not given[0].strip() and not exact:
        raise UnknownName(f"expected at least one word, got {given[0]!r}")
    lines = _lines(given, files or [])
    return lines if exact else (replace(line, text=line.text.strip()) for line in lines)


def _lines(texts: Sequence[str], files: Sequence[Path]) -> Iterator[Line]:
    for place, text in enumerate(texts, 1):
        if text == "-":
            yield from _piped()
        else:
            alone = len(texts) == 1 and not files
            yield Line(text, f"argument {place}", is_argument=True, alone=alone)
    for path in files:
        from elman.data.own_lines import own_lines

        lines, said = own_lines(path)
        for sentence in said:
            print(f"note: {sentence}", file=sys.stderr)
        for number, text in enumerate(lines, 1):
            yield Line(text, f"{path}, line {number}")


def answer_lines(
    lines: Iterable[Line], answer: Callable[[str], Answer], as_json: bool = False, exact: bool = False
) -> None:
    """Print the answer to each line as it comes, in the order of the lines.

    An empty line gives an empty line. A line that cannot be answered is reported on standard error with its number
    and gives an empty line too; the others are answered, and the exit status is 1.

    Args:
        lines: see :func:`given_lines`.
        answer: returns the answer to a text that is not empty; a ``ValueError`` means that it cannot be answered.
        as_json: print one JSON object per line, with ``"text"`` first; ``"error"`` if it cannot be answered.
        exact: whether an empty line is answered as any other; default False.

    Raises:
        UnknownName: if there are no lines, or the only argument is empty.
        typer.Exit: with status 1, after the last line, if a line could not be answered.
    """
    failed = some = False
    for line in lines:
        some = True
        try:
            if line.text or exact:
                found = answer(line.text)
            elif line.is_argument:
                raise UnknownName(f"expected at least one word, got {line.text!r}")
            else:
                found = Answer("", {})
        except ValueError as error:
            if line.alone:
                raise
            failed = True
            reason = " ".join(str(error).split())
            print(f"elman: {line.where}: {reason[:500]}", file=sys.stderr)
            found = Answer("", {"error": reason})
        for note in found.notes:
            print(note if line.alone else f"elman: {line.where}: {note.removeprefix('elman: ')}", file=sys.stderr)
        print(json.dumps({"text": line.text, **found.data}) if as_json else found.plain, flush=True)
        if found.after is not None:
            found.after()
    if not some:
        raise UnknownName(NOTHING)
    if failed:
        raise typer.Exit(1)


def _piped() -> Iterator[Line]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        text = line.decode("utf-8", "replace")
        yield Line((text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n"), f"line {number}")
