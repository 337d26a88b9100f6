"""What a fit found: the score beside the baseline's, the learning curve, the worst mistakes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from elman.apps.fitting.contract import Mistake
from elman.apps.fitting.score import Score

__all__ = ["Report", "Scored", "compared"]


@dataclass(frozen=True)
class Scored:
    """A score in numbers: name, value, ends of the 95 % interval, number of records."""

    of: str
    measure: str
    value: float
    low: float
    high: float
    records: int


@dataclass(frozen=True)
class Report:
    """What a fit found.

    Args:
        task: name of the task.
        said: what was understood of the files, and how they were split.
        scores: the model's score, then the baseline's if there is one; and in words how they compare.
        more: what else is to be said of the model, in sentences.
        curve: updates done, training loss since the last point, validation loss.
        mistakes: the worst mistakes on the test records.
        seconds: time of the training.
    """

    task: str
    said: tuple[str, ...]
    scores: tuple[tuple[Scored, ...], str]
    more: tuple[str, ...]
    curve: tuple[tuple[int, float, float], ...]
    mistakes: tuple[Mistake, ...]
    seconds: float

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Return the report that :meth:`to_json` wrote.

        Raises:
            ValueError: if the text is not such a report.
        """
        try:
            held: Mapping[str, Any] = json.loads(text)
            scored, words = held["scores"]
            return cls(
                held["task"], tuple(held["said"]), (tuple(Scored(**one) for one in scored), words),
                tuple(held["more"]),
                tuple((int(n), a, b) for n, a, b in held["curve"]),
                tuple(Mistake(**one) for one in held["mistakes"]), held["seconds"],
            )  # fmt: skip
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"not a report of `elman fit`: {error}") from None


def compared(
    name: str, score: Score, other_name: str = "", other: Score | None = None
) -> tuple[tuple[Scored, ...], str]:
    """Return a score, and the baseline's if there is one, and a sentence that compares them.

    Example:
        >>> ours = Score("accuracy", [1.0] * 30)
        >>> compared("the model", ours, "the most frequent class", Score("accuracy", [0.0] * 30))[1]
        'the model is better than the most frequent class'
    """
    scored = [_numbers(name, score)]
    if other is None:
        return tuple(scored), ""
    scored.append(_numbers(other_name, other))
    difference = score.over(other)
    words = {
        "better": f"{name} is better than {other_name}",
        "worse": f"{name} is worse than {other_name}: use {other_name}, or give the model more data or time",
        "undecided": f"whether {name} is better than {other_name} is undecided: the interval of their difference "
        f"is {difference.low:.3g} to {difference.high:.3g}",
    }
    return tuple(scored), words[difference.verdict]


def _numbers(name: str, score: Score) -> Scored:
    return Scored(name, score.name, score.value, *score.interval(), len(score.values))
