"""One exercise of the book, composed of its findings and its lesson: what is shown first, and what is folded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from elman.lab.answers import WORKED
from elman.lab.excerpts import Excerpt, excerpt, link_from
from elman.lab.figures import inline_svg
from elman.lab.findings import Figure, Findings, Passage
from elman.lab.lessons import Lesson
from elman.lab.pictures import picture_of
from elman.lab.tunes import notes_of

__all__ = ["Chapter", "Drawn", "compose"]


@dataclass(frozen=True)
class Drawn:
    """A figure with its drawing, or with the reason why it cannot be drawn, and its notes if it is a tune."""

    figure: Figure
    svg: Markup | None
    fault: str
    notes: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Chapter:
    """The parts of one exercise's page; a part that the findings lack is empty.

    Args:
        f: the findings.
        anchor: id of the exercise in the page.
        lesson: the texts of the study, or None if the study has no texts.
        worked: whether the prose is the exercise's worked answer.
        picture: title and drawing of the answer, or None.
        key_figures: the figures shown at once: at most one, and each tune.
        more_figures: the figures to fold.
        prose: passages to read.
        samples: passages to fold.
        code: excerpts of the source, each with its relative address, which may be empty.
    """

    f: Findings
    anchor: str
    lesson: Lesson | None
    worked: bool
    picture: tuple[str, Markup] | None
    key_figures: Sequence[Drawn]
    more_figures: Sequence[Drawn]
    prose: Sequence[Passage]
    samples: Sequence[Passage]
    code: Sequence[tuple[Excerpt, str]]


def compose(findings: Sequence[Findings], lessons: Mapping[str, Lesson], folder: Path) -> list[Chapter]:
    """Compose the exercises of a book.

    Args:
        findings: the exercises, in the book's order.
        lessons: texts by study, such as ``15.12-char-lm``; a study without texts has a shorter page.
        folder: folder of the page, from which the source is linked.
    """
    anchors = _anchors(findings)
    return [
        _chapter(one, anchor, lessons.get(f"{one.exercise}-{one.name}"), f"f{place}", folder)
        for place, (one, anchor) in enumerate(zip(findings, anchors, strict=True), start=1)
    ]


def _chapter(f: Findings, anchor: str, lesson: Lesson | None, name: str, folder: Path) -> Chapter:
    drawn = [_drawn(figure, f"{name}-{place}") for place, figure in enumerate(f.figures, start=1)]
    picture = picture_of(f, f"{name}-p")
    wanted = lesson.figure if lesson else ""
    key = next((one for one in drawn if wanted and one.figure.title.startswith(wanted)), None)
    key = key or (drawn[0] if drawn and picture is None else None)
    shown = [one for one in drawn if one is key or one.notes]
    return Chapter(
        f=f, anchor=anchor, lesson=lesson, worked=f.exercise in WORKED, picture=picture, key_figures=shown,
        more_figures=[one for one in drawn if one not in shown],
        prose=[passage for passage in f.passages if passage.kind == "prose"],
        samples=[passage for passage in f.passages if passage.kind == "sample"],
        code=_code(lesson.code if lesson else (), folder),
    )  # fmt: skip


def _code(names: Sequence[str], folder: Path) -> list[tuple[Excerpt, str]]:
    found = []
    for name in names:
        try:
            one = excerpt(name)
        except (ValueError, OSError):  # a package without its source has no excerpts
            continue
        found.append((one, link_from(folder, one.file)))
    return found


def _drawn(figure: Figure, name: str) -> Drawn:
    try:
        return Drawn(figure, Markup(inline_svg(figure, name)), "", notes_of(figure))
    except ValueError as error:
        return Drawn(figure, None, f"This figure cannot be drawn: {error}.", ())


def _anchors(findings: Sequence[Findings]) -> list[str]:
    """Return an id for each exercise: its number, followed by its name if two exercises share the number."""
    anchors: list[str] = []
    for place, one in enumerate(findings, start=1):
        wanted = re.sub(r"[^A-Za-z0-9.]+", "-", one.exercise).strip("-.")
        if not wanted[:1].isdigit() or wanted in anchors:  # other ids in the page begin with a letter
            wanted = f"{place}-{wanted}"
        anchors.append(wanted if wanted not in anchors else f"{place}--{wanted}")
    return anchors
