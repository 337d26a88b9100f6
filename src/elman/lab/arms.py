"""The records of a study by arm and seed, and what one arm has more than another on the same seeds."""

import math
from collections.abc import Iterator, Sequence

from elman.lab.over_seeds import ANYTHING, Within, spread
from elman.lab.study import Record

__all__ = ["Arms"]


class Arms:
    """Records by arm, as a study calls its trials' variants, in the order of their seeds.

    Args:
        records: of finished trials; an arm whose trials all failed is not there, one may lack seeds.

    Example:
        >>> from elman.lab.study import Trial
        >>> arms = Arms([Record({"accuracy": a}, trial=Trial(v, s)) for v, s, a in
        ...              [("GRU", 0, 0.5), ("GRU", 1, 0.75), ("LSTM", 1, 0.5)]])
        >>> list(arms), arms.numbers("GRU", "accuracy"), arms.less("GRU", "LSTM", "accuracy"), arms["RNN"]
        (['GRU', 'LSTM'], [0.5, 0.75], [0.25], [])
    """

    def __init__(self, records: Sequence[Record]):
        found: dict[str, dict[int, Record]] = {}
        for record in records:
            assert record.trial is not None
            found.setdefault(record.trial.variant, {})[record.trial.seed] = record
        self._found = {arm: {seed: of[seed] for seed in sorted(of)} for arm, of in found.items()}

    def __iter__(self) -> Iterator[str]:
        """The arms' names, in the order in which the study has them."""
        return iter(self._found)

    def __contains__(self, arm: str) -> bool:
        return arm in self._found

    def __getitem__(self, arm: str) -> list[Record]:
        """The arm's records by seed; none where there is no such arm."""
        return list(self.by_seed(arm).values())

    def by_seed(self, arm: str) -> dict[int, Record]:
        """The arm's records, each under its seed."""
        return self._found.get(arm, {})

    def numbers(self, arm: str, name: str) -> list[float]:
        """One number of each of the arm's records that has it."""
        return [record.numbers[name] for record in self[arm] if name in record.numbers]

    def mean(self, arm: str, name: str) -> float:
        """The mean of a number over seeds; NaN if there is none."""
        values = self.numbers(arm, name)
        return sum(values) / len(values) if values else math.nan

    def told(self, arm: str, name: str, within: Within = ANYTHING, decimals: int = 3) -> str | None:
        """The mean with its 95 % interval, for a table's cell."""
        return spread(self.numbers(arm, name), decimals, within)

    def together(self, *asked: tuple[str, str]) -> list[tuple[float, ...]]:
        """Numbers side by side, on each seed that has them all.

        Args:
            asked: arm and name of each number.
        """
        found = [
            {seed: record.numbers[name] for seed, record in self.by_seed(arm).items() if name in record.numbers}
            for arm, name in asked
        ]
        return [tuple(of[seed] for of in found) for seed in found[0] if all(seed in of for of in found)]

    def less(self, one: str, other: str, name: str, than: str | None = None) -> list[float]:
        """What a number of one arm is above that of another, on each seed that has both.

        Args:
            one: arm.
            other: arm it is compared with, possibly the same.
            name: of the number.
            than: name of the other arm's number; default the same.
        """
        return [a - b for a, b in self.together((one, name), (other, than or name))]
