"""Paired tests: whether two models that answered the same questions differ."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import binomtest, permutation_test

__all__ = ["holm", "mcnemar", "paired_permutation"]


def mcnemar(a: Sequence[bool] | np.ndarray, b: Sequence[bool] | np.ndarray) -> float:
    """Return the two-sided p-value of McNemar's exact test (1947) that both models are equally often right.

    Args:
        a: whether the first model was right, for each question.
        b: whether the second model was right, for each question.

    Raises:
        ValueError: if ``a`` and ``b`` differ in length.

    Example:
        >>> mcnemar([1, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0])  # 2 * 0.5**6
        0.03125
    """
    first, second = _pairs(a, b)
    first, second = first.astype(bool), second.astype(bool)
    alone = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binomtest(alone[0], sum(alone)).pvalue) if sum(alone) else 1.0


def paired_permutation(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, seed: int = 0) -> float:
    """Return the two-sided p-value of a paired permutation test that the mean difference is zero (exact up to 2^13
    exchanges).

    Raises:
        ValueError: if the two differ in length.
    """
    first, second = _pairs(a, b)

    def difference(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return (x - y).mean(axis=axis)

    found = permutation_test(
        (first, second), difference, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(seed)
    )
    return float(found.pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected for multiple tests (Holm, 1979).

    Example:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
        {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    corrected: dict[str, float] = {}
    highest = 0.0
    for k, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - k) * p_values[name]))
        corrected[name] = highest
    return {name: corrected[name] for name in p_values}


def _pairs(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(
            f"pairs need two arrays [N] of the same length, N at least 1, got {first.shape} and {second.shape}"
        )
    return first, second
