"""Word features as ids: the word, its prefix and suffixes, its shape."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from elman.errors import named

__all__ = ["COLUMNS", "Lexicon"]


def _shape(word: str) -> str:
    """Return a word's shape, ``XxXx-d`` for ``McCoy-97``: a run of one kind of character becomes one."""
    kinds = ("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word)
    shape = ""
    for kind in kinds:
        if not shape.endswith(kind):
            shape += kind
    return shape


COLUMNS: dict[str, Callable[[str], str]] = {
    "form": str,
    "word": str.lower,
    "prefix": lambda word: word[:2].lower(),
    "suffix": lambda word: word[-3:].lower(),
    "ending": lambda word: word[-2:].lower(),
    "tail": lambda word: word[-4:].lower(),
    "shape": _shape,
}
UNKNOWN = ""  # id 0 of every column: padding, and entries seen too rarely


@dataclass(frozen=True)
class Lexicon:
    """Ids of words, one per feature.

    Args:
        columns: names of the features: ``"form"`` (the word as written), ``"word"`` (in lower case),
            ``"prefix"`` (two letters), ``"suffix"`` (three), ``"ending"`` (two), ``"tail"`` (four) and ``"shape"``.
        entries: the known entries of each column; id 0 is the unknown entry.

    Example:
        >>> lexicon = Lexicon.of([["A", "good", "film"], ["a", "bad", "film"]], min_count=2)
        >>> lexicon.entries
        (('', 'a', 'film'),)
        >>> lexicon.encode(["the", "film"]).tolist()
        [[0], [2]]
    """

    columns: tuple[str, ...]
    entries: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        unknown = [name for name in self.columns if name not in COLUMNS]
        if unknown or not self.columns or len(self.columns) != len(self.entries):
            raise ValueError(f"columns must be some of {', '.join(COLUMNS)}, each with entries, got {self.columns}")
        places = [{entry: k for k, entry in enumerate(column)} for column in self.entries]
        object.__setattr__(self, "_places", places)

    @classmethod
    def of(
        cls, sentences: Iterable[Sequence[str]], columns: Sequence[str] = ("word",), min_count: int = 1
    ) -> "Lexicon":
        """Collect the entries of training sentences.

        Args:
            sentences: lists of words, of the training part only.
            columns: features of a word.
            min_count: entries seen less often are unknown.

        Raises:
            ValueError: for an unknown column, or if there are no words.
        """
        words = Counter(word for sentence in sentences for word in sentence)
        if not words:
            raise ValueError("a lexicon needs at least one word, got none")
        entries = []
        for name in columns:
            column = COLUMNS[named("column", name, COLUMNS)]
            counts: Counter[str] = Counter()
            for word, count in words.items():
                counts[column(word)] += count
            entries.append((UNKNOWN, *sorted(entry for entry, n in counts.items() if n >= min_count and entry)))
        return cls(tuple(columns), tuple(entries))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of entries of each column, the unknown one included."""
        return tuple(map(len, self.entries))

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Return the ids of a sentence's words, ``[T, F]`` int64, one column per feature."""
        places = self._places  # type: ignore[attr-defined]
        rows = [
            [place.get(COLUMNS[name](word), 0) for name, place in zip(self.columns, places, strict=True)]
            for word in words
        ]
        return np.array(rows, dtype=np.int64).reshape(len(words), len(self.columns))

    def to_json(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {"columns": list(self.columns), "entries": [list(column) for column in self.entries]}

    @classmethod
    def from_json(cls, plain: dict[str, Sequence[Sequence[str]]]) -> "Lexicon":
        """Read what :meth:`to_json` returned."""
        return cls(tuple(map(str, plain["columns"])), tuple(tuple(column) for column in plain["entries"]))
