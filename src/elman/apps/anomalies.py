"""How unusual each value of a series is: three surprises, made comparable and added.

An autoencoder finds windows of an unusual course, but reconstructs a window that is merely high or low; the deviation
from the usual value at the same hour, and from the mean, find those. Each is turned into its surprise, minus the log
of the probability of so large a value on normal data; their sum is averaged over the last steps, since an anomaly
lasts longer than a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.probe.anomaly import Profile

__all__ = ["Tail", "Unusual", "newest_errors", "smoothed", "usual_period"]

BODY = 0.9  # share of the values below the tail


@dataclass(frozen=True)
class Tail:
    """The distribution of a score on normal data: its smaller values, and an exponential tail above them.

    Args:
        body: quantiles of the score, in even steps of probability from 0 to 0.9.
        scale: mean excess over the last of them.
    """

    body: tuple[float, ...]
    scale: float

    @classmethod
    def fit(cls, values: np.ndarray) -> "Tail":
        """Fit to the scores ``[N]`` of normal values."""
        body = np.quantile(values, np.linspace(0, BODY, 91))
        over = values[values > body[-1]] - body[-1]
        least = 1e-9 * (1 + abs(body[-1]))
        return cls(tuple(body.tolist()), float(over.mean() if len(over) else 0.0) + least)

    def surprise(self, values: np.ndarray) -> np.ndarray:
        """Return minus the log of the probability that a normal value scores at least as high, nats.

        Example:
            >>> tail = Tail.fit(np.random.default_rng(0).exponential(size=10_000))
            >>> tail.surprise(np.array([0.5, 6.0])).round(1).tolist()
            [0.5, 6.0]
        """
        body = np.array(self.body)
        below = np.interp(values, body, np.linspace(0, BODY, len(body)))
        return np.where(values > body[-1], -np.log(1 - BODY) + (values - body[-1]) / self.scale, -np.log1p(-below))


@dataclass(frozen=True)
class Unusual:
    """Deviations of values with D columns: from the usual course of a period, and from the mean.

    Args:
        usual: the usual course of each column.
        mean: mean and spread of each column.
    """

    usual: tuple[Profile, ...]
    mean: tuple[Profile, ...]

    @classmethod
    def fit(cls, values: np.ndarray, period: int, first: int = 0) -> "Unusual":
        """Fit to normal values ``[N, D]``, of which the first is at step ``first`` of the period.

        Raises:
            ValueError: if the values are fewer than two periods.
        """
        turned = np.roll(np.arange(period), first)
        usual = []
        for column in values.T:
            profile = Profile.fit(column, period)
            usual.append(Profile(profile.mean[turned], profile.spread[turned]))
        return cls(tuple(usual), tuple(Profile.fit(column, 1) for column in values.T))

    def deviations(self, values: np.ndarray, first: int = 0) -> np.ndarray:
        """Return the deviations from the usual course in spreads, ``[N, D]``; ``first`` is the first value's step."""
        return np.stack([one.z(column, first) for one, column in zip(self.usual, values.T, strict=True)], 1)

    def largest(self, values: np.ndarray, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the largest absolute deviation of any column from the usual course, and from the mean, ``[N]``."""
        level = np.stack([one.z(column) for one, column in zip(self.mean, values.T, strict=True)], 1)
        return abs(self.deviations(values, first)).max(1), abs(level).max(1)


def newest_errors(model: Any, values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean absolute error of each step's D values in the window that ends with the step, ``[N]``.

    Args:
        model: an autoencoder of windows.
        values: ``[N, D]``, N at least the window; the steps of the first window have that window's errors.
        window: steps of a window.
    """
    steps = torch.from_numpy(values).float()
    windows = steps.unfold(0, window, 1).permute(2, 0, 1)  # [T, N - T + 1, D]
    found = []
    with torch.inference_mode():
        for part in windows.split(2048, 1):
            found.append((model(part) - part).abs().mean(-1))
    errors = torch.cat(found, 1).double().numpy()
    return np.concatenate([errors[:-1, 0], errors[-1]])


def smoothed(values: np.ndarray, steps: int, before: float | None = None) -> np.ndarray:
    """Return the exponential moving average of about ``steps`` values; it begins at ``before``, or the first value.

    Example:
        >>> smoothed(np.array([0.0, 3.0, 3.0]), 2).round(2).tolist()
        [0.0, 2.0, 2.67]
    """
    found, now = np.empty(len(values)), before
    for k, value in enumerate(values.tolist()):
        now = value if now is None else now + (value - now) * 2 / (steps + 1)
        found[k] = now
    return found


def usual_period(learned: int, day: int) -> int:
    """Return the steps of a week if the normal values cover three weeks, of a day if they cover three days, else 1.

    Args:
        learned: number of normal values.
        day: steps of a day.

    Example:
        >>> usual_period(600, 24), usual_period(100, 24), usual_period(50, 24)
        (168, 24, 1)
    """
    return next((steps for steps in (7 * day, day) if steps > 1 and learned >= 3 * steps), 1)


def as_columns(profiles: Sequence[Profile]) -> list[dict[str, list[float]]]:
    """Return profiles as plain data."""
    return [{"mean": one.mean.tolist(), "spread": one.spread.tolist()} for one in profiles]


def from_columns(plain: Sequence[Any]) -> tuple[Profile, ...]:
    """Return the profiles that :func:`as_columns` gave."""
    return tuple(Profile(np.array(one["mean"], float), np.array(one["spread"], float)) for one in plain)
