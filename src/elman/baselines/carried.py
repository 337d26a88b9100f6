"""The last value carried forward."""

import numpy as np

__all__ = ["carried"]


def carried(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the last measured value before each observation but the first, ``[n - 1, D]``.

    Args:
        values: ``[n, D]``, NaN where a quantity was not measured.
        first: ``[D]``, the values to take before a quantity was measured.

    Example:
        >>> carried(np.array([[1.0, np.nan], [np.nan, 2.0], [3.0, 4.0]]), np.zeros(2)).tolist()
        [[1.0, 0.0], [1.0, 2.0]]
    """
    now, found = first, []
    for row in values[:-1]:
        now = np.where(np.isnan(row), now, row)
        found.append(now)
    return np.array(found).reshape(-1, values.shape[1])
