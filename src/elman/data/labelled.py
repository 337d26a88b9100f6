"""Labelled texts from the user's own files."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elman.data.errors import DataError

__all__ = ["LabelledText", "read_labelled"]


@dataclass(frozen=True)
class LabelledText:
    """A text and its class."""

    text: str
    label: str


def read_labelled(paths: Sequence[Path], text: str = "", label: str = "") -> tuple[list[LabelledText], list[str]]:
    """Read labelled texts from tables, and say what was read."""
    found = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","):
                for column in (text or "text", label or "label"):
                    if column not in row:
                        raise DataError(f"{path} has no column {column!r}")
                found.append(LabelledText(row[text or "text"], row[label or "label"]))
    return found, [f"{len(found)} texts"]
