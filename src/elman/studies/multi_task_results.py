"""What study 15.34 shows: each task's accuracy, by network and by the number of sentences."""

import math
from collections.abc import Sequence

from elman.lab.findings import Curves, Series, Table
from elman.lab.judge import interval
from elman.lab.seeds import SHARE, spread
from elman.lab.study import Record
from elman.lab.wording import percent

__all__ = ["ALONE", "FORWARDS", "READERS", "SHUFFLED", "SINGLE", "TAGGERS", "TOGETHER", "WORDS", "Arms", "sized"]

ALONE, WORDS, FORWARDS = TAGGERS = ("tags alone", "tags alone, words only", "tags alone, forwards only")
SINGLE, TOGETHER, SHUFFLED = READERS = ("sentiment alone", "together", "together with shuffled tags")


def sized(how: str, size: int) -> str:
    """Name of an arm that learns from so many sentences, all if 0.

    Example:
        >>> sized("together", 500), sized("together", 0)
        ('together, 500 sentences', 'together, all sentences')
    """
    return f"{how}, {size or 'all'} sentences"


class Arms:
    """The records by arm and seed.

    Args:
        records: of finished trials.
        sizes: numbers of sentences, 0 for all.
    """

    def __init__(self, records: Sequence[Record], sizes: Sequence[int]):
        self.sizes = sizes
        self.names = next((record.texts for record in records), {"tags": "the tags", "sentiment": "the sentiment"})
        self._found: dict[str, dict[int, Record]] = {}
        for record in records:
            assert record.trial is not None
            self._found.setdefault(record.trial.variant, {})[record.trial.seed] = record

    def values(self, arm: str, name: str) -> dict[int, float]:
        """A number by seed; empty where no trial of the arm has it."""
        found = self._found.get(arm, {})
        return {seed: found[seed].numbers[name] for seed in sorted(found) if name in found[seed].numbers}

    def less(self, name: str, one: str, other: str) -> list[float]:
        """What one arm has more than another, for every seed that both have."""
        a, b = self.values(one, name), self.values(other, name)
        return [a[seed] - b[seed] for seed in a if seed in b]

    def told(self, arm: str, name: str) -> str | None:
        """Mean and 95 % interval; None where there is nothing."""
        return spread(list(self.values(arm, name).values()), 4, SHARE)

    def share(self, arm: str, name: str) -> str:
        """The mean as a percentage, for a sentence."""
        values = list(self.values(arm, name).values())
        return percent(interval(values)[0]) if values else "no share"

    def tables(self) -> list[Table]:
        """Words tagged rightly, and sentences decided rightly."""
        tagged = [[arm, self.told(arm, "tags")] for arm in (*TAGGERS, *(sized(TOGETHER, n) for n in self.sizes))]
        frequent = self.told(ALONE, "most frequent")
        decided = [
            [f"{n or 'all'} sentences", *(self.told(sized(how, n), "sentiment") for how in READERS)]
            for n in self.sizes
        ]
        return [
            Table(f"Share of the words of {self.names['tags']} tagged rightly", ["network", "accuracy"],
                  [["every word's most frequent tag", frequent], *tagged], "Means with 95 % intervals over seeds."),
            Table(f"Share of the sentences of {self.names['sentiment']} decided rightly", ["learned from", *READERS],
                  decided, "The same sentences for every network, others for every seed."),
        ]  # fmt: skip

    def figures(self) -> list[Curves]:
        """Sentiment by the number of sentences, if there is any."""
        lines = []
        for how in READERS:
            points = []
            for arm in (sized(how, size) for size in self.sizes):
                shares = list(self.values(arm, "sentiment").values())
                if shares:
                    points.append((max(self.values(arm, "sentences").values()), *interval(shares)))
            if points:
                x, mean, low, high = (list(column) for column in zip(*sorted(points), strict=True))
                wide = all(map(math.isfinite, low))
                lines.append(Series(how, x, mean, low if wide else None, high if wide else None))
        if len(self.sizes) < 2 or not lines:
            return []
        return [
            Curves("Sentiment by the number of sentences", "sentences with a sentiment learned from",
                   "share decided rightly", lines, log_x=True, caption="Means with 95 % intervals over seeds.")
        ]  # fmt: skip
