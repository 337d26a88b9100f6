"""The texts that teach a study: the exercise in Elman's words, what its results mean, and the code that matters.

A lesson is a Markdown file named like its study, such as ``ex12_char_lm.md``, in a folder of texts. A study does not
import its lesson, so that a better sentence does not make saved records stale.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Lesson", "read_lesson", "read_lessons"]

SECTIONS = ("Exercise", "Meaning", "Figure", "Code")
_HEADING = re.compile(r"^## (.+)$", flags=re.MULTILINE)
_NAME = re.compile(r"^- `([\w.]+:[\w.]+)`$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Lesson:
    """The texts of one study.

    Args:
        exercise: what is asked.
        meaning: what the results mean, and what they do not show; true whatever the verdicts.
        figure: beginning of the title of the key figure; by default the first figure is the key figure.
        code: places in the source, such as ``"elman.cells.rnn:RNNCell"``.
    """

    exercise: str
    meaning: str
    figure: str = ""
    code: tuple[str, ...] = ()


def read_lesson(text: str) -> Lesson:
    """Return the lesson in a Markdown text with the sections Exercise, Meaning, and optionally Figure and Code.

    Raises:
        ValueError: if a section is unknown, or Exercise or Meaning is missing or empty.

    Example:
        >>> read_lesson("## Exercise\\nCount.\\n## Meaning\\nIt counts.\\n## Code\\n- `elman.cells.rnn:RNNCell`").code
        ('elman.cells.rnn:RNNCell',)
    """
    _, *parts = _HEADING.split(text)
    found = {name.strip(): body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
    unknown = sorted(set(found) - set(SECTIONS))
    if unknown:
        raise ValueError(f"got a section {unknown[0]!r}, expected {', '.join(SECTIONS)}")
    for name in SECTIONS[:2]:
        if not found.get(name):
            raise ValueError(f"a lesson needs the section {name}, and text in it")
    return Lesson(
        found["Exercise"], found["Meaning"], found.get("Figure", ""), tuple(_NAME.findall(found.get("Code", "")))
    )


def read_lessons(folder: Path) -> Mapping[str, Lesson]:
    """Return the lessons of a folder, by the study's results folder, such as ``15.12-char-lm``.

    Raises:
        ValueError: if a file is not a lesson; the message names the file.
    """
    lessons = {}
    for path in sorted(folder.glob("ex*_*.md")):
        number, _, name = path.stem.removeprefix("ex").partition("_")
        try:
            lessons[f"15.{int(number)}-{name.replace('_', '-')}"] = read_lesson(path.read_text("utf-8"))
        except ValueError as error:
            raise ValueError(f"{path.name} is not a lesson: {error}") from None
    return lessons
