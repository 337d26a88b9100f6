"""Tables and figures of study 15.34: each task's accuracy, by network and by number of sentences."""

from collections.abc import Mapping, Sequence

from elman.lab.arms import Arms
from elman.lab.findings import Curves, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across

__all__ = [
    "ALONE", "FORWARDS", "READERS", "SHUFFLED", "SINGLE", "TAGGERS", "TOGETHER", "WORDS", "figures", "share",
    "tables",
]  # fmt: skip

ALONE, WORDS, FORWARDS = TAGGERS = ("tags alone", "tags alone, words only", "tags alone, forwards only")
SINGLE, TOGETHER, SHUFFLED = READERS = ("sentiment alone", "together", "together with shuffled tags")


def share(arms: Arms, arm: str, name: str) -> str:
    """Return the mean as a percentage, to be used in a sentence."""
    return percent(arms.mean(arm, name)) if arms.numbers(arm, name) else "no share"


def tables(arms: Arms, sizes: Sequence[int], names: Mapping[str, str]) -> list[Table]:
    """Return the tables of tagging and of sentiment accuracy.

    Args:
        arms: the records.
        sizes: numbers of sentences; 0 means all.
        names: each task's data set.
    """

    def shown(among: Arms, arm: str, name: str) -> str | None:
        return among.formatted(arm, name, SHARE, 4)

    by_size = {f"{n or 'all'} sentences": arms.on(sentences=n) for n in sizes}
    tagged = [[arm, shown(arms, arm, "tags")] for arm in TAGGERS]
    tagged += [[f"{TOGETHER}, {size}", shown(among, TOGETHER, "tags")] for size, among in by_size.items()]
    decided = [[size, *(shown(among, how, "sentiment") for how in READERS)] for size, among in by_size.items()]
    return [
        Table(f"Tagging accuracy on the words of {names['tags']}", ["network", "accuracy"],
              [["every word's most frequent tag", shown(arms, ALONE, "most frequent")], *tagged],
              "Means with 95 % intervals over seeds."),
        Table(f"Accuracy on the sentences of {names['sentiment']}", ["trained on", *READERS],
              decided, "Every network is trained on the same sentences; they differ between seeds."),
    ]  # fmt: skip


def figures(arms: Arms, sizes: Sequence[int]) -> list[Curves]:
    """Draw sentiment accuracy by the number of training sentences, if there are several numbers."""
    lines = []
    for how in READERS:
        points = sorted(
            (max(there.numbers(how, "sentences")), there.numbers(how, "sentiment"))
            for there in (arms.on(sentences=size) for size in sizes) if there.numbers(how, "sentiment")
        )  # fmt: skip
        if points:
            seeds = [list(one) for one in zip(*(shares for _, shares in points), strict=False)]
            lines.append(across(how, [x for x, _ in points], seeds, SHARE))
    if len(sizes) < 2 or not lines:
        return []
    return [
        Curves("Sentiment by the number of sentences", "training sentences with a sentiment",
               "accuracy", lines, log_x=True)
    ]  # fmt: skip
