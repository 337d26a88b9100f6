"""The records of a study by arm and seed, and paired differences between arms."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from elman.lab.over_seeds import ANYTHING, Within, spread

if TYPE_CHECKING:
    from elman.lab.study import Given, Record

__all__ = ["Arms"]


class Arms:
    """Records by arm, ordered by seed. If arms ran on several tasks or sizes, select one with :meth:`on`.

    Args:
        records: records of finished trials. An arm whose trials all failed is missing; others may lack seeds.

    Example:
        >>> from elman.lab.study import Record, Trial
        >>> arms = Arms([Record({"accuracy": a}, trial=Trial(arm, seed, {"task": "copy"})) for arm, seed, a in
        ...              [("GRU", 0, 0.5), ("GRU", 1, 0.75), ("LSTM", 1, 0.5)]])
        >>> list(arms), arms.numbers("GRU", "accuracy"), arms.less("GRU", "LSTM", "accuracy"), arms["RNN"]
        (['GRU', 'LSTM'], [0.5, 0.75], [0.25], [])
        >>> list(arms.on(task="copy")), list(arms.on(task="timing"))
        (['GRU', 'LSTM'], [])
    """

    def __init__(self, records: "Sequence[Record]"):
        self.records = list(records)
        self._found: dict[str, list[Record]] = {}
        for record in self.records:
            assert record.trial is not None
            self._found.setdefault(record.trial.arm, []).append(record)

    def on(self, **given: "Given") -> "Arms":
        """Select the records of trials with these settings, such as ``task="copy"``."""
        return Arms([r for r in self.records if r.trial and given.items() <= r.trial.on.items()])

    def reading(self, name: str) -> "Arms":
        """Select the records of trials that read the data set of this name."""
        return Arms([record for record in self.records if record.trial and name in record.trial.inputs])

    def __iter__(self) -> Iterator[str]:
        """The arms' names, in the study's order."""
        return iter(self._found)

    def __contains__(self, arm: str) -> bool:
        return arm in self._found

    def __getitem__(self, arm: str) -> "list[Record]":
        """Return the arm's records ordered by seed; empty if the arm is missing."""
        return list(self.by_seed(arm).values())

    def by_seed(self, arm: str) -> "dict[int | None, Record]":
        """Return the arm's records by seed.

        Raises:
            ValueError: if the arm has two records of one seed because it ran on several settings.
        """
        records = self._found.get(arm, [])
        found = {record.trial.seed: record for record in records if record.trial}
        if len(found) < len(records):
            raise ValueError(f"{arm!r} ran on several settings; select one with on(...), such as on(task='copy')")
        return {seed: found[seed] for seed in sorted(found, key=lambda seed: -1 if seed is None else seed)}

    def numbers(self, arm: str, name: str) -> list[float]:
        """Return a number from each of the arm's records that has it."""
        return [record.numbers[name] for record in self[arm] if name in record.numbers]

    def exact(self, arm: str, name: str) -> float | list[float]:
        """Return a number that the arm computes once, without spread; an empty list if it is missing."""
        values = self.numbers(arm, name)
        return values[0] if values else []

    def mean(self, arm: str, name: str) -> float:
        """Return the mean of a number over seeds; NaN without values."""
        values = self.numbers(arm, name)
        return sum(values) / len(values) if values else math.nan

    def formatted(self, arm: str, name: str, within: Within = ANYTHING, decimals: int = 3) -> str | None:
        """Format the mean with its 95 % interval, for a table's cell."""
        return spread(self.numbers(arm, name), decimals, within)

    def together(self, *asked: tuple[str, str], among: "Sequence[Arms]" = ()) -> list[tuple[float, ...]]:
        """Return tuples of numbers, one for each seed that has all of them; an arm without seeds matches every seed.

        Args:
            asked: arm and name of each number.
            among: the records in which each number is looked up; default these.
        """
        found = [
            {seed: record.numbers[name] for seed, record in arms.by_seed(arm).items() if name in record.numbers}
            for arms, (arm, name) in zip(among or [self] * len(asked), asked, strict=True)
        ]
        seeded = [of for of in found if None not in of] or found
        seeds = [seed for seed in seeded[0] if all(seed in of for of in seeded)]
        return [tuple(of[None] if None in of else of[seed] for of in found) for seed in seeds]

    def less(
        self, one: str, other: str, name: str, than: str | None = None, among: "Arms | None" = None
    ) -> list[float]:
        """Return the difference of a number between two arms (one minus other), for each seed that has both.

        Args:
            one: first arm.
            other: arm to subtract, possibly the same.
            name: name of the number.
            than: name of the other arm's number; default the same name.
            among: the records in which the other arm is looked up; default these.
        """
        found = self.together((one, name), (other, than or name), among=(self, among or self))
        return [a - b for a, b in found]
