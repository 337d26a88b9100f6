"""What a saved model must say of itself before a command uses it. It imports pydantic, so commands import it late."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

__all__ = ["Channel", "Corrector", "NameWriter", "Reader", "Translator", "fit", "told"]

Notes = TypeVar("Notes")
Word = Annotated[str, Field(pattern="^[a-z]+$")]


@dataclass(frozen=True)
class NameWriter:
    """The cultures whose names a model writes, and its characters."""

    cultures: list[Annotated[str, Field(min_length=1)]]
    vocabulary: list[str]


@dataclass(frozen=True)
class Translator:
    """The words that a model reads and those that it writes; the first three of each are no words."""

    source: list[str]
    target: list[str]


@dataclass(frozen=True)
class Words:
    """A lexicon, as it is saved."""

    columns: list[str]
    entries: list[list[str]]


@dataclass(frozen=True)
class Weights:
    """In how many sentences of either class each word and each pair stood."""

    words: dict[str, tuple[NonNegativeInt, NonNegativeInt]]
    pairs: dict[str, tuple[NonNegativeInt, NonNegativeInt]]


@dataclass(frozen=True)
class Reader:
    """The words that a model knows, and the classes it tells apart; one may be told the evidence, too."""

    classes: list[str]
    lexicon: Words
    evidence: Weights | None = None


@dataclass(frozen=True)
class Corrector:
    """A dictionary."""

    counts: Annotated[dict[Word, PositiveInt], Field(min_length=1)]


@dataclass(frozen=True)
class Channel(Corrector):
    """And how a channel chooses from it."""

    weight: FiniteFloat
    edits: Annotated[int, Field(ge=0, le=10)]
    candidates: PositiveInt


def told(folder: Path, what: str, kind: type[Notes], notes: dict[str, Any]) -> Notes:
    """Return a saved model's notes as what they should be.

    Args:
        folder: of the model.
        what: it should be, such as ``"a translator"``.
        kind: a dataclass of what the notes must hold; they may hold more.
        notes: as they were read.

    Raises:
        ValueError: if something is missing, or of another type.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(notes), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{folder} does not hold {what}: {where}: {first['msg']}") from None


def fit(folder: Path, what: str, **sizes: tuple[int, int]) -> None:
    """Refuse a saved model whose notes are those of another one.

    Args:
        folder: of the model.
        what: it should be.
        sizes: of each thing that both know of, how many the notes hold and how many the model.

    Raises:
        ValueError: naming the first of which they do not hold as many.
    """
    for name, (noted, made) in sizes.items():
        if noted != made:
            raise ValueError(f"{folder} does not hold {what}: its notes hold {noted} {name}, its model {made}")
