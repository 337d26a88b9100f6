"""Naive Bayes on words and pairs of words: the baseline of a text classifier."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.baselines.naive_bayes import pairs

__all__ = ["NaiveBayes"]

LARGEST = 1_000_000  # words and pairs kept, the most frequent ones


@dataclass(frozen=True)
class NaiveBayes:
    """Multinomial naive Bayes with binary counts (Wang & Manning, 2012) and one added to every count.

    Args:
        classes: the classes.
        documents: number of training texts of each class.
        counts: for each word and pair in lower case, the number of training texts of each class that contain it.

    Example:
        >>> bayes = NaiveBayes.of([["a", "good", "film"], ["a", "bad", "film"]], ["yes", "no"])
        >>> bayes.classes, int(bayes.log_probabilities(["good"]).argmax())
        (('no', 'yes'), 1)
    """

    classes: tuple[str, ...]
    documents: tuple[int, ...]
    counts: Mapping[str, Sequence[int]]

    def __post_init__(self) -> None:
        totals = np.array(list(self.counts.values()) or [[0] * len(self.classes)], dtype=np.int64).sum(0)
        object.__setattr__(self, "_totals", totals + len(self.counts))
        object.__setattr__(self, "_prior", np.log(np.array(self.documents) / sum(self.documents)))

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], labels: Sequence[str], largest: int = LARGEST) -> "NaiveBayes":
        """Count the words and pairs of training texts.

        Args:
            texts: lists of words.
            labels: the class of each text.
            largest: number of words and pairs to keep, the most frequent ones; default a million.

        Raises:
            ValueError: if there are no texts, or not as many labels.
        """
        if not texts or len(texts) != len(labels):
            raise ValueError(f"naive Bayes needs texts and as many labels, got {len(texts)} and {len(labels)}")
        classes = tuple(sorted(set(labels)))
        place = {label: k for k, label in enumerate(classes)}
        counts: dict[str, list[int]] = {}
        for words, label in zip(texts, labels, strict=True):
            for gram in _grams(words):
                if gram not in counts:
                    counts[gram] = [0] * len(classes)
                counts[gram][place[label]] += 1
            if len(counts) > 4 * largest:
                counts = _commonest(counts, 2 * largest)  # a rare pair that comes again is counted from 0
        counted = Counter(labels)
        return cls(classes, tuple(counted[c] for c in classes), dict(sorted(_commonest(counts, largest).items())))

    def log_probabilities(self, words: Sequence[str]) -> np.ndarray:
        """Return the log-probability of each class given a text, nats."""
        found: Any = self._prior.copy()  # type: ignore[attr-defined]
        totals: Any = self._totals  # type: ignore[attr-defined]
        for gram in _grams(words):
            if gram in self.counts:
                found += np.log((np.asarray(self.counts[gram]) + 1) / totals)
        return found - found.max() - math.log(np.exp(found - found.max()).sum())

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"classes": list(self.classes), "documents": list(self.documents), "counts": dict(self.counts)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "NaiveBayes":
        """Return the classifier from the data of :meth:`to_json`.

        Raises:
            ValueError: if a count is negative or missing.
        """
        classes = tuple(map(str, plain["classes"]))
        counts = {str(gram): [int(n) for n in each] for gram, each in plain["counts"].items()}
        documents = tuple(int(n) for n in plain["documents"])
        rows = [documents, *counts.values()]
        if any(len(row) != len(classes) or min(row, default=0) < 0 for row in rows) or not sum(documents):
            raise ValueError("the counts of naive Bayes must be one for each class, at least 0")
        return cls(classes, documents, counts)


def _grams(words: Sequence[str]) -> list[str]:
    """Return the different words and pairs of a text, in lower case."""
    return list(dict.fromkeys([*(word.lower() for word in words), *pairs(words)]))


def _commonest(counts: dict[str, list[int]], most: int) -> dict[str, list[int]]:
    """Return the most frequent words and pairs, the first ones if they are equally frequent."""
    if len(counts) <= most:
        return counts
    return dict(sorted(counts.items(), key=lambda pair: -sum(pair[1]))[:most])
