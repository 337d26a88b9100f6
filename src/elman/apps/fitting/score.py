"""Scores on held-out records, with intervals for the drawing of other records."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Difference", "Score"]

RESAMPLES = 2000
MEASURED = 500  # samples of a measure that is not a mean
LARGEST = 1_000_000  # numbers drawn at once


@dataclass(frozen=True)
class Score:
    """The mean of one value per record, or another measure of the records.

    Args:
        name: what is measured, such as ``"accuracy"``.
        values: one value for each independent record.
        weights: how much each record counts, such as its number of words; default equally.
        higher_is_better: whether a larger score is better; default True.
        measure: the score as a function of how often each record counts, ``[N]``, where it is not the mean; NaN
            where it is undefined. ``values`` then holds one number for each record, and only their number is used.

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
    measure: Callable[[np.ndarray], float] | None = None

    def __post_init__(self) -> None:
        if not len(self.values) or (self.weights is not None and len(self.weights) != len(self.values)):
            given = "none" if self.weights is None else len(self.weights)
            raise ValueError(f"a score needs at least one value and as many weights, got {len(self.values)}, {given}")

    @property
    def value(self) -> float:
        """The weighted mean, or the measure of all records."""
        if self.measure is not None:
            return self.measure(np.ones(len(self.values)))
        return float(np.average(self.values, weights=self.weights))

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a bootstrap over the records (Efron, 1979), always the same one."""
        found = self._resampled()
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
        if self.measure is not None or other.measure is not None:
            found = self._resampled(other)
        else:
            found = _means(np.asarray(self.values, float) - np.asarray(other.values, float), self.weights)
        low, high = sorted((sign * float(np.quantile(found, 0.025)), sign * float(np.quantile(found, 0.975))))
        return Difference(sign * (self.value - other.value), low, high)

    def _resampled(self, other: "Score | None" = None) -> np.ndarray:
        """Return the scores of bootstrap samples, or the differences from another score of the same samples."""
        if self.measure is None and other is None:
            return _means(np.asarray(self.values, float), self.weights)
        found = [
            self._counted(counts) - (0.0 if other is None else other._counted(counts))
            for chunk in _counts(len(self.values), MEASURED)
            for counts in chunk
        ]
        defined = np.array(found)[~np.isnan(found)]
        return defined if len(defined) else np.array([self.value - (0.0 if other is None else other.value)])

    def _counted(self, counts: np.ndarray) -> float:
        if self.measure is not None:
            return self.measure(counts)
        shares = counts if self.weights is None else counts * np.asarray(self.weights, float)
        return float(shares @ np.asarray(self.values, float) / shares.sum()) if shares.sum() else np.nan


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


def _means(values: np.ndarray, weights: Sequence[float] | None) -> np.ndarray:
    """Return the weighted means of bootstrap samples."""
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    means = []
    for chunk in _counts(len(values), RESAMPLES):
        counts = chunk * shares
        total = counts.sum(1)
        means.append((counts @ values)[total > 0] / total[total > 0])
    return np.concatenate(means)


def _counts(records: int, samples: int) -> Iterator[np.ndarray]:
    """Yield how often each record occurs in bootstrap samples, ``[R, N]``, drawn with a fixed seed."""
    random = np.random.default_rng(0)
    chunk = max(1, LARGEST // records)  # samples at once: all would take 16 GB for a million records
    for start in range(0, samples, chunk):
        rows = min(chunk, samples - start)
        drawn = random.integers(records, size=(rows, records)) + records * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * records).reshape(rows, -1)
