"""N-grams over sequences that begin and end, the baseline of every model of tunes and names: notes, letters."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

__all__ = ["END", "SequenceGram"]

END = "end"


class SequenceGram:
    """An interpolated n-gram with Witten-Bell smoothing over sequences that begin and end.

    The alphabet is given beforehand. The recursion is that of :class:`~elman.baselines.ngram.NGram`.

    Args:
        sequences: training sequences of any hashable tokens.
        order: tokens of a gram, the predicted one included, at least 1.
        alphabet: how many different tokens there can be, the end of a sequence included.
        told: what is known of each token, and of the end, before it comes, such as its place in the bar; it stands in
            the history nearest to the token, and is dropped last. Default nothing.

    Raises:
        ValueError: if the order is below 1, the sequences hold more tokens than the alphabet, or what is told is not
            one more than the tokens of each.

    Example:
        >>> model = SequenceGram(["ab", "ab"], order=2, alphabet=3)
        >>> [round(math.exp(-nats), 3) for nats in model.nats(["ab"])]
        [0.778, 0.778, 0.778]
    """

    def __init__(
        self, sequences: Sequence[Sequence[Hashable]], order: int, alphabet: int,
        told: Sequence[Sequence[Hashable]] | None = None,
    ):  # fmt: skip
        if order < 1:
            raise ValueError(f"an order is at least 1, got {order}")
        self.order, self.alphabet = order, alphabet
        self._counts: defaultdict[tuple[Hashable, ...], Counter[Hashable]] = defaultdict(Counter)
        for history, token in self._events(sequences, told):
            for n in range(len(history) + 1):
                self._counts[history[n:]][token] += 1
        self._totals = {history: counts.total() for history, counts in self._counts.items()}
        if len(self._counts[()]) > alphabet:
            found = len(self._counts[()])
            raise ValueError(f"the sequences hold {found} tokens, more than the alphabet's {alphabet}")

    def nats(
        self, sequences: Sequence[Sequence[Hashable]], told: Sequence[Sequence[Hashable]] | None = None
    ) -> list[float]:
        """Return the negative log-likelihood of each token of each sequence, and of its end, in nats."""
        return [-math.log(self._probability(history, token)) for history, token in self._events(sequences, told)]

    def nats_a_token(
        self, sequences: Sequence[Sequence[Hashable]], told: Sequence[Sequence[Hashable]] | None = None
    ) -> float:
        """Return the mean over all tokens and ends of several sequences.

        Raises:
            ValueError: if there is none.
        """
        every = self.nats(sequences, told)
        if not every:
            raise ValueError("a score needs at least one sequence, got none")
        return math.fsum(every) / len(every)

    def _events(
        self, sequences: Sequence[Sequence[Hashable]], told: Sequence[Sequence[Hashable]] | None
    ) -> Iterator[tuple[tuple[Hashable, ...], Hashable]]:
        """Each token and end, with the history before it; a history that reaches the beginning says so."""
        for place, sequence in enumerate(sequences):
            whole = ("begin", *sequence, END)
            known: list[tuple[Hashable, ...]] = [()] * (len(whole) - 1)
            if told is not None:
                known = [(one,) for one in told[place]]
            for k, before in zip(range(1, len(whole)), known, strict=True):
                yield (*whole[max(0, k - self.order + 1) : k], *before), whole[k]

    def _probability(self, history: tuple[Hashable, ...], token: Hashable) -> float:
        p = 1 / self.alphabet
        for n in range(len(history), -1, -1):
            counts = self._counts.get(history[n:])
            if counts:
                total = self._totals[history[n:]]
                p = (counts[token] + len(counts) * p) / (total + len(counts))
        return p
