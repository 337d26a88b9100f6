"""The seasonal forecast: what was, one season ago."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Seasonal", "period_of"]

LEAST = 0.3  # autocorrelation of a season
MOST = 5000  # steps of a season


@dataclass(frozen=True)
class Seasonal:
    """Repeat the last season, or the last value (Hyndman & Athanasopoulos, 2021, section 5.2).

    Args:
        period: steps of a season; 1 repeats the last value.

    Raises:
        ValueError: if the period is less than 1.

    Example:
        >>> Seasonal(2).forecast(np.array([[1.0], [2.0], [3.0]]), 3).ravel().tolist()
        [2.0, 3.0, 2.0]
    """

    period: int

    def __post_init__(self) -> None:
        if self.period < 1:
            raise ValueError(f"the period must be at least 1, got {self.period}")

    @property
    def name(self) -> str:
        """The name of the baseline."""
        return "the last value" if self.period == 1 else f"the last season ({self.period} steps)"

    def forecast(self, known: np.ndarray, horizon: int) -> np.ndarray:
        """Return the forecast ``[H, D]`` after the known values ``[T, D]``.

        Raises:
            ValueError: if there are fewer values than one season.
        """
        if len(known) < self.period:
            raise ValueError(f"a season of {self.period} steps needs as many values, got {len(known)}")
        return known[len(known) - self.period + np.arange(horizon) % self.period]


def period_of(values: np.ndarray) -> int:
    """Return the steps of a series' season: the lag of the highest autocorrelation, 1 if none is above 0.3.

    Args:
        values: ``[N]``; a linear trend is taken away. A season must fit three times.

    Example:
        >>> period_of(np.sin(np.arange(200) * 2 * np.pi / 12)), period_of(np.arange(50.0))
        (12, 1)
    """
    steps = np.arange(len(values))
    if len(values) < 8 or not np.ptp(values):
        return 1
    level = values - np.polyval(np.polyfit(steps, values, 1), steps)
    if level.std() < 1e-9 * abs(values).max():
        return 1
    power = abs(np.fft.rfft(level, 2 * len(level))) ** 2
    sums = np.fft.irfft(power)[: len(level)]
    correlation = sums / (len(level) - steps) / (sums[0] / len(level))  # each lag by its own number of products
    lags = np.arange(2, min(len(values) // 3, MOST))
    peaks = [
        k
        for k in lags.tolist()
        if correlation[k] > max(LEAST, correlation[k - 1]) and correlation[k] >= correlation[k + 1]
    ]
    if not peaks:
        return 1
    best = max(correlation[k] for k in peaks)
    return next(k for k in peaks if correlation[k] > 0.95 * best)  # a multiple of the season is as high
