"""Character n-grams: the baseline that every language model must beat."""

from dataclasses import dataclass

import numpy as np

from elman.data.vocabulary import Vocabulary

__all__ = ["NGram"]


@dataclass(frozen=True)
class _Counts:
    """Counts of what follows each history of one length."""

    grams: np.ndarray  # sorted codes of histories with their next character
    times: np.ndarray  # count of each gram
    histories: np.ndarray  # sorted codes of histories
    totals: np.ndarray  # characters seen after each
    distinct: np.ndarray  # different characters seen after each


class NGram:
    r"""An interpolated n-gram with Witten-Bell smoothing (Witten & Bell, 1991; Chen & Goodman, 1999, eq. 16).

    .. math:: p(c \mid h) = \frac{N(hc) + T(h)\, p(c \mid h')}{N(h) + T(h)}

    ``N`` counts in the training text, ``T(h)`` is the number of different characters seen after history
    ``h``, and ``h'`` is the history without its oldest character. The unigram is interpolated with the uniform
    distribution over the training text's characters.

    Example:
        >>> model = NGram.fit("abababab", order=2)
        >>> model.probabilities("a").round(3).tolist()
        [0.1, 0.9]
    """

    def __init__(self, vocabulary: Vocabulary, counts: list[_Counts]):
        self.vocabulary = vocabulary
        self._counts = counts

    @classmethod
    def fit(cls, text: str, order: int) -> "NGram":
        """Count a training text.

        Args:
            text: at least one character.
            order: characters per gram, the predicted one included: 1 to 5.

        Raises:
            ValueError: if the text is empty, the order out of range, or the alphabet too large for int64 codes.
        """
        if not 1 <= order <= 5:
            raise ValueError(f"order must be from 1 to 5, got {order}")
        vocabulary = Vocabulary.from_text(text)
        if len(vocabulary) ** order >= 2**63:
            raise ValueError(f"{len(vocabulary)} distinct characters are too many for an n-gram of order {order}")
        tokens = vocabulary.encode(text)
        counts = []
        for n in range(1, order + 1):
            grams, times = np.unique(_codes(tokens, n, len(vocabulary)), return_counts=True)
            histories, first = np.unique(grams // len(vocabulary), return_index=True)
            totals = np.add.reduceat(times, first) if len(times) else times
            counts.append(_Counts(grams, times, histories, totals, np.diff(first, append=len(grams))))
        return cls(vocabulary, counts)

    def nats_per_character(self, text: str) -> float:
        """Return the mean negative log-likelihood of a text in nats, without its first character.

        Characters that the training text lacks are skipped.

        Raises:
            ValueError: if fewer than two characters are left.
        """
        return float(self.nats_of_each(text).mean())

    def nats_of_each(self, text: str) -> np.ndarray:
        """Return the negative log-likelihood of each known character of a text after the first, ``[N - 1]``, nats.

        Raises:
            ValueError: if there are fewer than two known characters.
        """
        tokens = self.vocabulary.encode(text, unknown="skip")
        if len(tokens) < 2:
            raise ValueError(f"a score needs at least 2 known characters, got {len(tokens)}")
        return -np.log(self._probability(tokens)[1:])

    def probabilities(self, history: str) -> np.ndarray:
        """Return the distribution ``[V]`` of the character after ``history``."""
        before = self.vocabulary.encode(history, unknown="skip")
        return np.array([self._probability(np.append(before, c))[-1] for c in range(len(self.vocabulary))])

    def _probability(self, tokens: np.ndarray) -> np.ndarray:
        """Return the probability of each token given the tokens before it."""
        size = len(self.vocabulary)
        p = np.full(len(tokens), 1 / size)
        for n, counts in enumerate(self._counts, start=1):
            if len(tokens) < n:
                break
            codes = _codes(tokens, n, size)
            times = _look_up(counts.grams, counts.times, codes)
            totals = _look_up(counts.histories, counts.totals, codes // size)
            distinct = _look_up(counts.histories, counts.distinct, codes // size)
            shorter = p[n - 1 :]
            seen = totals > 0
            p[n - 1 :] = np.where(seen, (times + distinct * shorter) / np.where(seen, totals + distinct, 1), shorter)
        return p


def _codes(tokens: np.ndarray, n: int, size: int) -> np.ndarray:
    """Encode every n-gram of a text as an integer whose digits are its characters, oldest first."""
    codes = np.zeros(max(0, len(tokens) - n + 1), dtype=np.int64)
    for k in range(n):
        codes = codes * size + tokens[k : k + len(codes)]
    return codes


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the values at the wanted keys, 0 where a key is missing."""
    if not len(keys):
        return np.zeros(len(wanted))
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
