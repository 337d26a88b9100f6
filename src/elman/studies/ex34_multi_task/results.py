"""What study 15.34 shows: each task's accuracy, by network and by the number of sentences."""

import math
from collections.abc import Mapping, Sequence

from elman.lab.arms import Arms
from elman.lab.findings import Curves, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE
from elman.lab.verdicts import interval

__all__ = [
    "ALONE", "FORWARDS", "READERS", "SHUFFLED", "SINGLE", "TAGGERS", "TOGETHER", "WORDS", "figures", "share",
    "tables",
]  # fmt: skip

ALONE, WORDS, FORWARDS = TAGGERS = ("tags alone", "tags alone, words only", "tags alone, forwards only")
SINGLE, TOGETHER, SHUFFLED = READERS = ("sentiment alone", "together", "together with shuffled tags")


def share(arms: Arms, arm: str, name: str) -> str:
    """The mean as a percentage, for a sentence."""
    return percent(arms.mean(arm, name)) if arms.numbers(arm, name) else "no share"


def tables(arms: Arms, sizes: Sequence[int], names: Mapping[str, str]) -> list[Table]:
    """Words tagged rightly, and sentences decided rightly.

    Args:
        arms: the records.
        sizes: numbers of sentences, 0 for all.
        names: of the data of each task.
    """

    def told(among: Arms, arm: str, name: str) -> str | None:
        return among.formatted(arm, name, SHARE, 4)

    by_size = {f"{n or 'all'} sentences": arms.on(sentences=n) for n in sizes}
    tagged = [[arm, told(arms, arm, "tags")] for arm in TAGGERS]
    tagged += [[f"{TOGETHER}, {size}", told(among, TOGETHER, "tags")] for size, among in by_size.items()]
    decided = [[size, *(told(among, how, "sentiment") for how in READERS)] for size, among in by_size.items()]
    return [
        Table(f"Share of the words of {names['tags']} tagged rightly", ["network", "accuracy"],
              [["every word's most frequent tag", told(arms, ALONE, "most frequent")], *tagged],
              "Means with 95 % intervals over seeds."),
        Table(f"Share of the sentences of {names['sentiment']} decided rightly", ["learned from", *READERS],
              decided, "The same sentences for every network, others for every seed."),
    ]  # fmt: skip


def figures(arms: Arms, sizes: Sequence[int]) -> list[Curves]:
    """Sentiment by the number of sentences, if there is any."""
    lines = []
    for how in READERS:
        points = []
        for there in (arms.on(sentences=size) for size in sizes):
            shares = there.numbers(how, "sentiment")
            if shares:
                points.append((max(there.numbers(how, "sentences")), *interval(shares)))
        if points:
            x, mean, low, high = (list(column) for column in zip(*sorted(points), strict=True))
            wide = all(map(math.isfinite, low))
            lines.append(Series(how, x, mean, low if wide else None, high if wide else None))
    if len(sizes) < 2 or not lines:
        return []
    return [
        Curves("Sentiment by the number of sentences", "sentences with a sentiment learned from",
               "share decided rightly", lines, log_x=True, caption="Means with 95 % intervals over seeds.")
    ]  # fmt: skip
