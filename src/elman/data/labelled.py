"""Labelled texts from the user's own tables, and from folders of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elman.data.errors import DataError
from elman.data.tables import Table, read_table

__all__ = ["LabelledText", "choose_columns", "read_labelled"]

TEXTS = (
    "text",
    "sentence",
    "review",
    "content",
    "message",
    "comment",
    "document",
    "body",
    "title",
    "tweet",
    "utterance",
)
LABELS = ("label", "class", "category", "sentiment", "target", "intent", "topic", "rating", "stars", "language")
MOST = 1000  # classes


@dataclass(frozen=True)
class LabelledText:
    """A text and its class."""

    text: str
    label: str


def read_labelled(
    paths: Sequence[Path], text: str = "", label: str = "", **reading: Any
) -> tuple[list[LabelledText], list[str]]:
    """Read labelled texts from tables.

    Args:
        paths: tables with the same columns; see :func:`elman.data.tables.read_table`.
        text: the column of texts; default: see :func:`choose_columns`.
        label: the column of classes; default: see :func:`choose_columns`.
        reading: options of :func:`elman.data.tables.read_table`.

    Returns:
        The texts, and what was read and left out, in sentences.

    Raises:
        DataError: if a file cannot be read, a column is missing or cannot be chosen, or nothing is left.
    """
    table = read_table(list(paths), wanted=[name for name in (text, label) if name], **reading)
    text, label, said = choose_columns(table, text, label)
    texts, labels = table.text(text), table.text(label)
    found = [
        LabelledText(" ".join(t.split()), c.strip())
        for t, c in zip(texts, labels, strict=True)
        if t is not None and c is not None and t.strip()
    ]
    said = [*table.understood, *said]
    if len(found) < len(table):
        said.append(f"{len(table) - len(found):,} of {len(table):,} rows have no text or no class and are left out")
    if not found:
        raise DataError(f"{table.path} has no row with a text in {text!r} and a class in {label!r}")
    classes: dict[str, int] = {}
    for one in found:
        classes[one.label] = classes.get(one.label, 0) + 1
    if len(classes) > MOST:
        raise DataError(
            f"{table.path}: column {label!r} has {len(classes):,} different values, expected at most {MOST:,} "
            "classes; name the column of classes (label=, --label)"
        )
    words = sorted(len(one.text.split()) for one in found)
    most = sorted(classes.items(), key=lambda pair: -pair[1])
    said.append(
        f"{len(found):,} texts of {words[0]:,} to {words[-1]:,} words, {words[len(words) // 2]:,} in the middle, in "
        f"{len(classes)} classes: {', '.join(f'{name} {count:,}' for name, count in most[:10])}"
        + (", ..." if len(most) > 10 else "")
    )
    return found, said


def choose_columns(table: Table, text: str = "", label: str = "") -> tuple[str, str, list[str]]:
    """Return the columns of texts and of classes of a table, and a sentence if one was chosen.

    A column that is not named is the one with a usual name, such as ``text`` or ``label``; else, of two columns, the
    one with the longer cells holds the texts.

    Args:
        table: the table.
        text: the column of texts, if it is known.
        label: the column of classes, if it is known.

    Raises:
        DataError: if a column cannot be chosen; the message lists the columns.
    """
    text, label = (table.named(name) if name else "" for name in (text, label))
    chosen_text = text or _usual(table, TEXTS, label)
    chosen_label = label or _usual(table, LABELS, chosen_text)
    others = [name for name in table.names if name not in (chosen_text, chosen_label)]
    if not chosen_text and not chosen_label and len(others) == 2:
        chosen_label, chosen_text = sorted(others, key=lambda name: _length(table, name))
    elif len(others) == 1:
        chosen_text, chosen_label = chosen_text or others[0], chosen_label or others[0]
    if not chosen_text or not chosen_label or chosen_text == chosen_label:
        raise DataError(
            f"{table.path} has the columns {', '.join(table.names)[:400]}; name the one of the texts (text=, --text) "
            "and the one of the classes (label=, --label)"
        )
    said = [f"texts are read from column {chosen_text!r}"] if not text else []
    said += [f"classes are read from column {chosen_label!r}"] if not label else []
    return chosen_text, chosen_label, said


def _usual(table: Table, names: Sequence[str], taken: str) -> str:
    there = {name.strip().lower(): name for name in table.names if name != taken}
    return next((there[name] for name in names if name in there), "")


def _length(table: Table, name: str) -> float:
    cells = [cell for cell in table.text(name)[:1000] if cell is not None]
    return sum(map(len, cells)) / len(cells) if cells else 0.0
