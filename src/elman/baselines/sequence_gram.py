"""N-grams over sequences that begin and end: the baseline of the models of tunes and of names."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

__all__ = ["END", "SequenceGram"]

END = "end"


class SequenceGram:
    """An interpolated n-gram with Witten-Bell smoothing over sequences that begin and end.

    The size of the alphabet is an argument. The recursion is that of :class:`~elman.baselines.ngram.NGram`.

    Args:
        sequences: training sequences of any hashable tokens.
        order: tokens per gram, the predicted one included, at least 1.
        alphabet: number of possible tokens, the end of a sequence included.
        known: for each sequence, a condition for each token and for the end, such as the token's position in the bar.
            The condition is the last part of the history, so backing off drops it last. Default None.

    Raises:
        ValueError: if the order is below 1, the sequences have more distinct tokens than the alphabet, or ``known``
            does not have one condition per token and one for the end.

    Example:
        >>> model = SequenceGram(["ab", "ab"], order=2, alphabet=3)
        >>> [round(math.exp(-nats), 3) for nats in model.nats(["ab"])]
        [0.778, 0.778, 0.778]
    """

    def __init__(
        self, sequences: Sequence[Sequence[Hashable]], order: int, alphabet: int,
        known: Sequence[Sequence[Hashable]] | None = None,
    ):  # fmt: skip
        if order < 1:
            raise ValueError(f"order must be at least 1, got {order}")
        self.order, self.alphabet = order, alphabet
        self._counts: defaultdict[tuple[Hashable, ...], Counter[Hashable]] = defaultdict(Counter)
        for history, token in self._events(sequences, known):
            for n in range(len(history) + 1):
                self._counts[history[n:]][token] += 1
        self._totals = {history: counts.total() for history, counts in self._counts.items()}
        if len(self._counts[()]) > alphabet:
            found = len(self._counts[()])
            raise ValueError(f"got {found} distinct tokens, expected at most the alphabet's {alphabet}")

    def nats(
        self, sequences: Sequence[Sequence[Hashable]], known: Sequence[Sequence[Hashable]] | None = None
    ) -> list[float]:
        """Return the negative log-likelihood of each token of each sequence, and of its end, in nats."""
        return [-math.log(self._probability(history, token)) for history, token in self._events(sequences, known)]

    def nats_per_token(
        self, sequences: Sequence[Sequence[Hashable]], known: Sequence[Sequence[Hashable]] | None = None
    ) -> float:
        """Return the mean negative log-likelihood over all tokens and ends, in nats.

        Raises:
            ValueError: if there are no sequences.
        """
        every = self.nats(sequences, known)
        if not every:
            raise ValueError("a score needs at least one sequence, got none")
        return math.fsum(every) / len(every)

    def _events(
        self, sequences: Sequence[Sequence[Hashable]], known: Sequence[Sequence[Hashable]] | None
    ) -> Iterator[tuple[tuple[Hashable, ...], Hashable]]:
        """Yield every event's history and token; a history that reaches the beginning starts with "begin"."""
        for place, sequence in enumerate(sequences):
            whole = ("begin", *sequence, END)
            conditions: list[tuple[Hashable, ...]] = [()] * (len(whole) - 1)
            if known is not None:
                conditions = [(one,) for one in known[place]]
            for k, condition in zip(range(1, len(whole)), conditions, strict=True):
                yield (*whole[max(0, k - self.order + 1) : k], *condition), whole[k]

    def _probability(self, history: tuple[Hashable, ...], token: Hashable) -> float:
        p = 1 / self.alphabet
        for n in range(len(history), -1, -1):
            counts = self._counts.get(history[n:])
            if counts:
                total = self._totals[history[n:]]
                p = (counts[token] + len(counts) * p) / (total + len(counts))
        return p
