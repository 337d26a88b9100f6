"""Scores on held-out records, with intervals for the drawing of other records."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Difference", "Score"]

RESAMPLES = 2000
LARGEST = 1_000_000  # numbers drawn at once


@dataclass(frozen=True)
class Score:
    """The mean of one value per record.

    Args:
        name: what is measured, such as ``"accuracy"``.
        values: one value for each independent record.
        weights: how much each record counts, such as its number of words; default equally.
        higher_is_better: whether a larger score is better; default True.

    Raises:
        ValueError: if there are no values, or not as many weights.

    Example:
        >>> score = Score("accuracy", [1.0, 0.0, 1.0, 1.0])
        >>> score.value
        0.75
    """

    name: str
    values: Sequence[float]
    weights: Sequence[float] | None = None
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        if not len(self.values) or (self.weights is not None and len(self.weights) != len(self.values)):
            given = "none" if self.weights is None else len(self.weights)
            raise ValueError(f"a score needs at least one value and as many weights, got {len(self.values)}, {given}")

    @property
    def value(self) -> float:
        """The weighted mean."""
        return float(np.average(self.values, weights=self.weights))

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a bootstrap over the records (Efron, 1979), always the same one."""
        found = _resampled(np.asarray(self.values, float), self.weights)
        return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))

    def over(self, other: "Score") -> "Difference":
        """Return by how much this score is better than another one on the same records.

        Raises:
            ValueError: if the scores are not of the same records.
        """
        if (self.name, len(self.values)) != (other.name, len(other.values)):
            raise ValueError(
                f"only scores of the same records compare, got {self.name} of {len(self.values)} and {other.name} of "
                f"{len(other.values)}"
            )
        sign = 1.0 if self.higher_is_better else -1.0
        found = _resampled(np.asarray(self.values, float) - np.asarray(other.values, float), self.weights)
        low, high = sorted((sign * float(np.quantile(found, 0.025)), sign * float(np.quantile(found, 0.975))))
        return Difference(sign * (self.value - other.value), low, high)


@dataclass(frozen=True)
class Difference:
    """By how much one score is better than another, with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``"better"``, ``"worse"``, or ``"undecided"`` if the interval contains 0."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "undecided"


def _resampled(values: np.ndarray, weights: Sequence[float] | None) -> np.ndarray:
    """Return the weighted means of bootstrap samples, drawn with a fixed seed."""
    random = np.random.default_rng(0)
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    chunk = max(1, LARGEST // len(values))  # samples at once: all would take 16 GB for a million records
    means = []
    for start in range(0, RESAMPLES, chunk):
        rows = min(chunk, RESAMPLES - start)
        drawn = random.integers(len(values), size=(rows, len(values))) + len(values) * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * len(values)).reshape(rows, -1) * shares
        total = counts.sum(1)
        means.append((counts @ values)[total > 0] / total[total > 0])
    return np.concatenate(means)
