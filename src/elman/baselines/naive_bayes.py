"""The log-count ratios of naive Bayes for words and pairs of words, as inputs of a network."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["Evidence", "pairs"]

STEP, HIGHEST = 0.25, 12  # weights are rounded to quarters of a nat, from -3 to 3
Counts = tuple[int, int]


def pairs(words: Sequence[str]) -> list[str]:
    """Return the pairs of neighbours, in lower case.

    Example:
        >>> pairs(["Not", "a", "film"])
        ['not a', 'a film']
    """
    return [f"{a} {b}" for a, b in pairwise(word.lower() for word in words)]


@dataclass(frozen=True)
class Evidence:
    """The weights of naive Bayes, as indices for an embedding.

    A word that is in n1 sentences of the second class and in n0 of the first has the weight log((n1 + 1) / (n0 + 1))
    (Good, 1950; the log-count ratio of Wang & Manning, 2012), rounded to quarters of a nat. A training sentence has
    to be left out of its own counts: otherwise a word that occurs in no other sentence would reveal the label, and
    the network would not generalize to unseen sentences.

    Args:
        words: for each word, in lower case, the number of training sentences of each class that contain it.
        pairs: the same for two consecutive words.

    Example:
        >>> evidence = Evidence.of([["a", "good", "film"], ["a", "bad", "film"]], [1, 0])
        >>> evidence.encode(["a", "good", "one"]).tolist()  # log 2 = 2.8 quarters for the word, and for the pair
        [[0, 0], [3, 3], [0, 0]]
        >>> evidence.encode(["bad"]).tolist()  # indices of weights against come last
        [[22, 0]]
        >>> evidence.encode(["a", "good", "film"], own=1).tolist()  # "a" and "film" keep one sentence, of class 0
        [[22, 0], [0, 0], [22, 0]]
    """

    words: Mapping[str, Counts]
    pairs: Mapping[str, Counts]

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]], classes: Sequence[int]) -> "Evidence":
        """Count the words and pairs of training sentences.

        Args:
            sentences: lists of words, of the training part only.
            classes: 0 or 1 for each sentence.

        Raises:
            ValueError: for another class, or if the numbers of sentences and classes differ.
        """
        if len(sentences) != len(classes) or not {*classes} <= {0, 1}:
            raise ValueError(
                f"expected one class, 0 or 1, for each of {len(sentences)} sentences; got {len(classes)}, with "
                f"values {', '.join(map(str, sorted({*classes})))}"
            )
        counted = []
        for column in (0, 1):
            each: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
            for words, label in zip(sentences, classes, strict=True):
                each[label].update({gram for grams in _grams(words) if (gram := grams[column])})
            counted.append({gram: (each[0][gram], each[1][gram]) for gram in sorted({*each[0], *each[1]})})
        return cls(*counted)

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of indices in each column."""
        return 2 * HIGHEST + 1, 2 * HIGHEST + 1

    def encode(self, words: Sequence[str], own: int | None = None) -> np.ndarray:
        """Return the indices of a sentence's words and of the pairs that end with them, ``[T, 2]`` int64.

        Index 0 means no evidence, 1 to 12 are quarters of a nat for the second class, and 24 down to 13 are the same
        weights against it.

        Args:
            words: of the sentence.
            own: class of a training sentence, which is then left out of the counts; default None, for a sentence that
                was not counted.
        """
        rows = [
            [_number(self.words.get(word, (0, 0)), own), _number(self.pairs.get(pair, (0, 0)), own)]
            for word, pair in _grams(words)
        ]
        return np.array(rows, dtype=np.int64).reshape(len(words), 2)

    def to_json(self) -> dict[str, dict[str, Counts]]:
        """Return plain data for JSON."""
        return {"words": dict(self.words), "pairs": dict(self.pairs)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Mapping[str, Sequence[Any]]]) -> "Evidence":
        """Return the evidence from the data of :meth:`to_json`.

        Raises:
            ValueError: if a count is negative or not a number.
        """
        tables = []
        for name in ("words", "pairs"):
            table = {gram: (int(first), int(second)) for gram, (first, second) in plain[name].items()}
            if any(min(counts) < 0 for counts in table.values()):
                raise ValueError(f"counts of {name} must be at least 0")
            tables.append(table)
        return cls(*tables)


def _grams(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each word with the pair that it ends; the first word has an empty pair."""
    return zip((word.lower() for word in words), ("", *pairs(words)), strict=False)


def _number(counts: Counts, own: int | None) -> int:
    against, of = (n - (own == label and n > 0) for label, n in enumerate(counts))
    weight = round(math.log((of + 1) / (against + 1)) / STEP)
    return max(-HIGHEST, min(HIGHEST, weight)) % (2 * HIGHEST + 1)
