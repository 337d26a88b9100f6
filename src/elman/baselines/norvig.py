r"""The noisy channel: choose the dictionary word that a typo most probably means.

:math:`\hat w = \arg\max_w P(\text{typo} \mid w) P(w)` (Kernighan, Church & Gale, COLING 1990).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["Candidates", "character_accuracy", "norvig"]


class Candidates:
    """Find the dictionary words within a few edits of a given word.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours (Damerau, 1964).

    Args:
        counts: how often each word was seen, at least 1.

    Raises:
        ValueError: if there are no words.

    Example:
        >>> Candidates({"the": 9, "then": 5, "teeth": 1, "hat": 1}).near(["teh"])
        [[('the', 1), ('teeth', 2), ('then', 2)]]
    """

    def __init__(self, counts: Mapping[str, int]):
        if not counts:
            raise ValueError("a dictionary needs at least one word")
        self.words = sorted(counts)
        self.counts = dict(counts)

    def near(self, typos: Sequence[str], edits: int = 2, most: int | None = None) -> list[list[tuple[str, int]]]:
        """Return each typo's nearby words with their distances, nearest first, then alphabetically.

        Args:
            typos: any words.
            edits: largest distance; default 2.
            most: words to keep per typo, the more frequent first at equal distance; default all.

        Raises:
            ValueError: for a negative distance.
            RuntimeError: if rapidfuzz is not installed.
        """
        if edits < 0:
            raise ValueError(f"edits must be 0 or more, got {edits}")
        if not typos:
            return []
        distance, process = _rapidfuzz()
        # the fast OSA distance rejects almost all words; the bound is looser because Damerau's may be smaller
        bound = edits + edits // 2
        rough = process.cdist(typos, self.words, scorer=distance.OSA.distance, score_cutoff=bound, dtype=np.uint8)
        found = []
        for typo, row in zip(typos, rough, strict=True):
            here = [self.words[k] for k in np.flatnonzero(row <= bound)]
            exact = [(word, distance.DamerauLevenshtein.distance(typo, word, score_cutoff=edits)) for word in here]
            near = sorted(
                (pair for pair in exact if pair[1] <= edits), key=lambda p: (p[1], -self.counts[p[0]], p[0])
            )
            found.append(sorted(near[:most], key=lambda pair: (pair[1], pair[0])))
        return found


def norvig(typo: str, near: Sequence[tuple[str, int]], counts: Mapping[str, int]) -> str:
    """Correct a word as Norvig (2007): the word itself if known, else the most frequent word one edit away, else two.

    Args:
        typo: the word as written.
        near: the dictionary's words within two edits and their distances.
        counts: how often each was seen.

    Returns:
        The correction, or the typo itself if no word is near it; ties go to the alphabetically first word.

    Example:
        >>> norvig("teh", [("the", 1), ("tea", 1), ("then", 2)], {"the": 9, "tea": 2, "then": 50})
        'the'
    """
    best = sorted((distance, -counts[word], word) for word, distance in near if distance <= 2)
    return best[0][2] if best else typo


def character_accuracy(written: Sequence[str], right: Sequence[str]) -> float:
    """Return the character accuracy: 1 minus the remaining edits divided by the length of the longer word.

    Edits are Levenshtein edits; edits and lengths are summed over all words before dividing.

    Raises:
        ValueError: if there are no words, or the two lists differ in length.
        RuntimeError: if rapidfuzz is not installed.

    Example:
        >>> character_accuracy(["abc", "de"], ["abd", "de"])
        0.8
    """
    if not right or len(written) != len(right):
        raise ValueError(
            f"got {len(written)} written and {len(right)} right words, expected equal numbers, at least one"
        )
    distance, _ = _rapidfuzz()
    edits = sum(distance.Levenshtein.distance(a, b) for a, b in zip(written, right, strict=True))
    return 1 - edits / sum(max(len(a), len(b)) for a, b in zip(written, right, strict=True))


def _rapidfuzz() -> tuple[Any, Any]:
    try:
        from rapidfuzz import distance, process
    except ImportError:
        raise RuntimeError("distances between words need rapidfuzz: pip install 'elman[lab]'") from None
    return distance, process
