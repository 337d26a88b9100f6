"""The lab book: one self-contained HTML file, rendered from saved findings only."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from elman.files import write_text
from elman.lab.chapters import Chapter, compose
from elman.lab.findings import Findings, Table
from elman.lab.formatting import SYMBOLS, bound, chapter_order, column, measured, number, tally, visible
from elman.lab.lessons import Lesson
from elman.lab.prose import article_html, prose_html

__all__ = ["collect", "render", "write_book"]

OWN_NUMBERS = ("15.2", "15.3", "15.4", "15.5", "15.6", "15.8", "15.10")  # exercises that answers.js can compute
BLANKS = re.compile(r" {24,}")
BEGINNINGS = (
    ("An engineer", "wants a small model that is right on sequences of any length, and fast.",
     "elman fit --help", ("15.13", "15.30", "15.23", "15.25")),
    ("A researcher", "wants to know what a gate, a bias or a new cell is worth.",
     "elman new cell MyCell", ("15.18", "15.29", "15.27", "15.35")),
    ("A learner", "wants to compute an answer by hand, change its numbers, and see a network think.",
     "elman quiz", ("15.2", "15.10", "15.8", "15.28", "15.32")),
)  # fmt: skip
PLANS = ("quick", "full")  # a study's findings under the later one are preferred


def collect(folder: Path, warn: Callable[[str], object] = warnings.warn) -> list[Findings]:
    """Load every ``findings.json`` below a folder, in the chapter's order.

    A study's ``full/findings.json`` is preferred to its ``quick/findings.json`` if it can be read.

    Args:
        folder: a results folder.
        warn: called with one line for each file that cannot be read.

    Raises:
        ValueError: if there are no readable findings.
    """
    chosen: dict[Path, Findings] = {}
    paths = sorted(Path(folder).rglob("findings.json"), key=lambda path: (_rank(path), path))
    for path in paths:
        place = path.parent.parent if _rank(path) >= 0 else path
        try:
            chosen[place] = Findings.load(path)
        except (ValueError, OSError) as error:
            where = path.relative_to(folder).as_posix()
            reason = str(error).removeprefix(f"{path} ").replace("\n", " ")
            warn(f"{where} is left out: {reason}")
    if not chosen:
        why = f"none of its {len(paths)} findings.json can be read" if paths else "there is no findings.json in it"
        raise ValueError(f"no book can be written from {folder}: {why}; run a study into it first")
    return sorted(chosen.values(), key=chapter_order)


def write_book(
    findings: Sequence[Findings], path: Path, title: str = "The lab book", notes: Sequence[str] = (),
    lessons: Mapping[str, Lesson] | None = None,
) -> Path:  # fmt: skip
    """Write findings as one HTML file that needs no other file and no network.

    The same findings give the same file, byte for byte.

    Args:
        findings: the exercises, in the book's order.
        path: the file to write.
        title: the book's title.
        notes: lines to show on the cover, such as the warnings of :func:`collect`.
        lessons: texts that explain the exercises, by study, such as ``15.12-char-lm``; default none.

    Returns:
        ``path``.

    Raises:
        ValueError: if there are no findings.
        OSError: if the file cannot be written.
    """
    if not findings:
        raise ValueError("a book needs the findings of at least one study, got none")
    exercises = compose(findings, lessons or {}, path.parent)
    page = render(
        "book.html",
        title=title,
        notes=notes,
        exercises=exercises,
        tally=tally([verdict for one in findings for verdict in one.claims]),
        beginnings=_beginnings(exercises),
        quick=sum(map(_quick, findings)),
        seconds=sum(one.seconds for one in findings),
        environment=_shared([one.environment or {} for one in findings]),
    )
    write_text(path, page)
    return path


def render(template: str, **values: Any) -> str:
    """Render one of the lab's templates."""
    return _templates().get_template(template).render(**values)


@cache
def _templates() -> Environment:
    env = Environment(
        loader=PackageLoader("elman.lab", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_shown,
    )  # fmt: skip
    env.filters |= {
        "article": article_html, "prose": prose_html, "bound": bound, "measured": measured, "tally": tally,
        "number": number, "columns": _columns, "duration": _duration, "plain": _plain, "sample": _sample,
        "circumstances": _circumstances,
    }  # fmt: skip
    env.globals |= {"symbols": SYMBOLS, "own_numbers": OWN_NUMBERS}
    return env


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _rank(path: Path) -> int:
    return PLANS.index(path.parent.name) if path.parent.name in PLANS else -1


def _beginnings(exercises: Sequence[Chapter]) -> list[tuple[str, str, str, list[Chapter]]]:
    """Return whom the book is for: a reader, what the reader wants, a command, and exercises of this book."""
    there = {one.f.exercise: one for one in reversed(exercises)}
    return [
        (reader, wish, command, [there[n] for n in numbers if n in there])
        for reader, wish, command, numbers in BEGINNINGS
    ]


def _columns(table: Table) -> list[tuple[str, bool, list[str]]]:
    """Return a table's columns: heading, whether the column is numeric, cells."""
    by_column = list(zip_longest(*table.rows))
    headings = [name for name, _ in zip_longest(table.columns, by_column, fillvalue="")]
    written = [column(cells) for cells in by_column]
    written += [([""] * len(table.rows), False)] * (len(headings) - len(written))
    return [(str(name), numeric, cells) for name, (cells, numeric) in zip(headings, written, strict=True)]


def _shared(environments: Sequence[dict[str, str]]) -> dict[str, str]:
    """Merge all environments into one: every value that occurs under a name."""
    together: dict[str, dict[str, None]] = {}
    for environment in environments:
        for name, value in environment.items():
            together.setdefault(name, {})[value] = None
    return {name: "; ".join(values) for name, values in together.items()}


def _quick(findings: Findings) -> bool:
    """Return whether values were measured, not only computed, with the quick plan."""
    return "--quick" in findings.command.split() and not _computed(findings)


def _computed(findings: Findings) -> bool:
    return bool(findings.claims) and all(verdict.exact for verdict in findings.claims)


def _circumstances(findings: Findings) -> str:
    """Describe the effort behind some findings, and the limits of a quick run."""
    spent = f"{_duration(findings.seconds)} of processor time"
    if _computed(findings):
        return f"Computed, not sampled; {spent}."
    seeds = (findings.plan or {}).get("seeds")
    drawn = f"{seeds} seed{'' if seeds == 1 else 's'}, " if isinstance(seeds, int) else ""
    if not _quick(findings):
        return f"A run of {drawn}{spent}."
    return f"A quick run: {drawn}{spent}. The full plan is larger and may decide claims left undecided here."


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return number(value, 6) if isinstance(value, int | float) else str(value)


def _sample(text: str) -> str:
    """Render a sample; long runs of blanks are replaced by their description."""
    return BLANKS.sub(lambda found: f"⟨{len(found[0])} blanks⟩", text.strip("\n"))


def _duration(seconds: float) -> str:
    """Format a time: ``3.2 s``, ``4 min``, ``1 h 5 min``."""
    if not 0 <= seconds < 1e12:
        return "an unknown time"
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 60:
        return f"{number(seconds, 2)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
