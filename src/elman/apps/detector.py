"""An anomaly detector: fitted once to normal values, then fed one value at a time."""

from collections import deque
from collections.abc import Callable

import numpy as np

from elman.apps.autoencoding import fit_autoencoder
from elman.nn.autoencoder import SequenceAutoencoder
from elman.probe.anomaly import Profile, newest, reconstruction_errors

__all__ = ["Detector"]


class Detector:
    """An autoencoder of a series' deviations from its usual course, with a threshold on the newest error.

    A value's score is its reconstruction error in the window that ends with the value. The score is available
    immediately and depends only on the last ``window`` values, so a stream may be arbitrarily long.

    Args:
        profile: the usual course.
        model: reconstructs windows.
        window: steps per window.
        threshold: a score above the threshold is an alarm.

    Example:
        >>> usual = 5 + np.sin(np.arange(400) * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=400) / 20
        >>> detector = Detector.fit(usual, period=24, window=12, updates=20)
        >>> scores = [detector.feed(value) for value in (4.1, 4.0, 9.0)]
        >>> [score > detector.threshold for score in scores]
        [False, False, True]
    """

    def __init__(self, profile: Profile, model: SequenceAutoencoder, window: int, threshold: float):
        self.profile, self.model, self.window, self.threshold = profile, model, window, threshold
        self._last: deque[float] = deque(maxlen=window)
        self._next = 0

    @classmethod
    def fit(
        cls,
        values: np.ndarray,
        *,
        period: int = 1,
        window: int = 24,
        quantile: float = 0.995,
        updates: int = 400,
        hidden_size: int = 16,
        seed: int = 0,
        each: Callable[[int, float], None] | None = None,
    ) -> "Detector":
        """Fit to values without anomalies; the stream then continues after the last value.

        Args:
            values: ``[N]``; the first 70 % train the model, the rest set the threshold.
            period: period of the usual course in steps, such as 168 for the hours of a week; default 1, no period.
            window: steps per window; default 24.
            quantile: the threshold is this quantile of the held-out values' scores; default 0.995.
            updates: training steps; default 400.
            hidden_size: of the autoencoder; default 16.
            seed: of the training; default 0.
            each: called with the number of updates done and the last loss.

        Raises:
            ValueError: if there are too few values for two periods and ten windows, the training values are all
                equal, or the quantile is not in (0, 1).
        """
        cut = len(values) * 7 // 10
        if cut < max(2 * period, 10 * window):
            least = -(-max(2 * period, 10 * window) * 10 // 7)
            raise ValueError(
                f"a period of {period} and windows of {window} steps need {least} normal values to learn from, "
                f"got {len(values)}"
            )
        if not 0 < quantile < 1:
            raise ValueError(f"the quantile must be between 0 and 1, got {quantile}")
        if not np.ptp(values[:cut]):
            raise ValueError(f"the first {cut} values are all {values[0]:g}: there is nothing to learn from them")
        profile = Profile.fit(values[:cut], period)
        unusual = profile.z(values)
        model = fit_autoencoder(
            unusual[:cut], window, hidden_size=hidden_size, updates=updates, seed=seed, each=each
        )  # fmt: skip
        score = newest(reconstruction_errors(model, unusual, window))
        detector = cls(profile, model, window, float(np.quantile(score[cut:], quantile)))
        detector._last.extend(unusual[-window:])
        detector._next = len(values)
        return detector

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Return the scores ``[N]`` of the next values, the same as :meth:`feed` returns one by one.

        Raises:
            ValueError: if a value is not finite; the detector's state does not change.
        """
        if not np.isfinite(values).all():
            raise ValueError(f"values must be finite numbers, got {values[~np.isfinite(values)][0]}")
        if not len(values):
            return np.zeros(0)
        unusual = np.concatenate([np.array(self._last)[1:], self.profile.z(values, self._next)])
        self._last.extend(unusual[-self.window :].tolist())
        self._next = (self._next + len(values)) % len(self.profile.mean)
        return reconstruction_errors(self.model, unusual, self.window)[-1]

    def feed(self, value: float) -> float:
        """Return the score of the next value.

        Raises:
            ValueError: as :meth:`scores` does.
        """
        return float(self.scores(np.array([value]))[0])
