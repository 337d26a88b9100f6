"""Check a saved model's notes before a command uses them. Commands import this module late because of pydantic."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

__all__ = ["Channel", "Classifier", "Corrector", "NameWriter", "Reader", "Translator", "fit", "parse"]

Notes = TypeVar("Notes")
Word = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class NameWriter:
    """The cultures and the characters of a model of names."""

    cultures: list[Annotated[str, Field(min_length=1)]]
    vocabulary: list[str]


@dataclass(frozen=True)
class Translator:
    """The source and target vocabularies of a translator; the first three entries of each are special symbols."""

    source: list[str]
    target: list[str]
    tokeniser: str = "multi30k"
    units: Literal["words", "characters"] = "words"
    inflected: bool = False  # whether a source is a lemma with features
    copies: bool = False  # whether the model copies; both vocabularies are then the same


@dataclass(frozen=True)
class Words:
    """A saved lexicon."""

    columns: list[str]
    entries: list[list[str]]


@dataclass(frozen=True)
class Weights:
    """Number of training sentences of each class that contain each word and each pair of words."""

    words: dict[str, tuple[NonNegativeInt, NonNegativeInt]]
    pairs: dict[str, tuple[NonNegativeInt, NonNegativeInt]]


@dataclass(frozen=True)
class Reader:
    """The lexicon and the classes of a classifier or tagger, its word evidence and its tokeniser, if it has them."""

    classes: list[str]
    lexicon: Words
    evidence: Weights | None = None
    tokeniser: str = ""


@dataclass(frozen=True)
class Counts:
    """Number of training texts of each class, and of those that contain each word and each pair of words."""

    classes: list[str]
    documents: list[NonNegativeInt]
    counts: dict[str, list[NonNegativeInt]]


@dataclass(frozen=True)
class Classifier(Reader):
    """A classifier that ``elman fit`` made: a network and naive Bayes, and the weights of both."""

    bayes: Counts = field(kw_only=True)
    weights: tuple[FiniteFloat, FiniteFloat] = field(kw_only=True)


@dataclass(frozen=True)
class Corrector:
    """The dictionary of a spelling corrector, each word's count, and the letters that it is written with."""

    counts: Annotated[dict[Word, PositiveInt], Field(min_length=1)]
    alphabet: Annotated[str, Field(min_length=1)] = field(default="abcdefghijklmnopqrstuvwxyz", kw_only=True)


@dataclass(frozen=True)
class Channel(Corrector):
    """A corrector that also ranks candidates: weight of the log count, largest distance, number of candidates."""

    weight: FiniteFloat
    edits: Annotated[int, Field(ge=0, le=10)]
    candidates: PositiveInt


def parse(folder: Path, what: str, kind: type[Notes], notes: dict[str, Any]) -> Notes:
    """Return a saved model's notes as a dataclass.

    Args:
        folder: the model's folder.
        what: the expected kind of model, such as ``"a translator"``, for the error.
        kind: dataclass of the required fields; further fields are ignored.
        notes: as read from the file.

    Raises:
        ValueError: if a field is missing or has another type.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(notes), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{folder} does not hold {what}: {where}: {first['msg']}") from None


def fit(folder: Path, what: str, **sizes: tuple[int, int]) -> None:
    """Check that a saved model's notes belong to its weights.

    Args:
        folder: the model's folder.
        what: the expected kind of model, for the error.
        sizes: by name, a size in the notes and the same size in the model.

    Raises:
        ValueError: naming the first size that differs.
    """
    for name, (noted, expected) in sizes.items():
        if noted != expected:
            raise ValueError(f"{folder} does not hold {what}: its notes hold {noted} {name}, its model {expected}")
