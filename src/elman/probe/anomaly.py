"""Anomaly scores, and the evaluation of alarms raised from them, without point adjustment."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from elman.nn.autoencoder import SequenceAutoencoder

__all__ = [
    "Profile",
    "alarm_report",
    "around",
    "clock",
    "covering",
    "isolation_score",
    "moving_z",
    "newest",
    "reconstruction_errors",
    "runs",
    "usual_error",
]


@dataclass(frozen=True)
class Profile:
    """Mean and standard deviation at each step of a period, such as every hour of a week.

    Args:
        mean: mean of each step, ``[P]``.
        spread: standard deviation of each step plus a tenth of the overall one, so that no value is near zero.
    """

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, period: int) -> "Profile":
        """Fit to the beginning of a series; a period of 1 gives one mean and one spread.

        Raises:
            ValueError: if the series is shorter than two periods.

        Example:
            >>> Profile.fit(np.array([1.0, 5.0, 1.0, 5.0, 1.0]), 2).mean
            array([1., 5.])
        """
        if len(values) < 2 * period:
            raise ValueError(f"a profile of {period} steps needs at least {2 * period} values, got {len(values)}")
        parts = [values[step::period] for step in range(period)]
        mean = np.array([part.mean() for part in parts])
        left = values - mean[np.arange(len(values)) % period]
        spread = np.array([part.std() for part in parts]) + 0.1 * left.std() + 1e-12
        return cls(mean, spread)

    def z(self, values: np.ndarray, first: int = 0) -> np.ndarray:
        """Return how many spreads each value deviates from its step's mean; the first value is step ``first``."""
        step = np.arange(first, first + len(values)) % len(self.mean)
        return (values - self.mean[step]) / self.spread[step]


def clock(first: int, count: int, periods: Sequence[int]) -> np.ndarray:
    """Return the phase of ``count`` steps from ``first`` in each period, as sine and cosine, ``[count, 2 P]``.

    Example:
        >>> clock(3, 2, [4]).round(1) + 0
        array([[-1.,  0.],
               [ 0.,  1.]])
    """
    angle = 2 * np.pi * (np.arange(first, first + count)[:, None] / np.array(periods))
    return np.concatenate([np.sin(angle), np.cos(angle)], 1)


def moving_z(values: np.ndarray, width: int) -> np.ndarray:
    """Return how many standard deviations each value deviates from the ``width`` values before it; 0 for the first
    two."""
    score = np.zeros(len(values))
    for k in range(2, len(values)):
        before = values[max(0, k - width) : k]
        score[k] = abs(values[k] - before.mean()) / (before.std() + 1e-9)
    return score


def isolation_score(values: np.ndarray, training: int, width: int, seed: int) -> np.ndarray:
    """Return the mean score of an isolation forest (Liu et al., 2008) over the windows that contain each value."""
    from sklearn.ensemble import IsolationForest

    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    forest = IsolationForest(random_state=seed).fit(windows[: training - width + 1])
    score = -forest.score_samples(windows)
    return covering(np.broadcast_to(score, (width, len(score))))


def reconstruction_errors(
    model: "SequenceAutoencoder", values: np.ndarray, width: int, known: np.ndarray | None = None
) -> np.ndarray:
    """Return the absolute error of every step of every window, ``[width, N - width + 1]``; known is ``[N, K]``."""
    import torch

    steps = torch.tensor(values if known is None else np.column_stack([values, known]), dtype=torch.float32)
    windows = steps.reshape(len(values), -1).unfold(0, width, 1).permute(2, 0, 1)
    with torch.no_grad():
        parts = [
            (model(part[..., :1], part[..., 1:]) - part[..., :1]).abs()[..., 0] for part in windows.split(2048, 1)
        ]
    return torch.cat(parts, 1).numpy()


def usual_error(errors: np.ndarray, period: int) -> np.ndarray:
    """Return the mean error at each step of a period, ``[P]``, plus a tenth of the overall mean, so that no value is
    near zero.

    Example:
        >>> usual_error(np.array([1.0, 5.0, 1.0, 5.0, 1.0, 5.0]), 2)
        array([1.3, 5.3])
    """
    return np.array([errors[step::period].mean() for step in range(period)]) + 0.1 * errors.mean() + 1e-12


def covering(errors: np.ndarray) -> np.ndarray:
    """Return the mean error of each value over all windows that contain it, ``[N]``.

    Example:
        >>> covering(np.array([[1.0, 2.0], [3.0, 4.0]]))
        array([1. , 2.5, 4. ])
    """
    width, count = errors.shape
    total, held = np.zeros(count + width - 1), np.zeros(count + width - 1)
    for k in range(width):
        total[k : k + count] += errors[k]
        held[k : k + count] += 1
    return total / held


def newest(errors: np.ndarray) -> np.ndarray:
    """Return the error of each value in the window that ends with it; values of the first window have that window's.

    Example:
        >>> newest(np.array([[1.0, 2.0], [3.0, 4.0]]))
        array([1., 3., 4.])
    """
    return np.concatenate([errors[:-1, 0], errors[-1]])


def around(score: np.ndarray, width: int) -> np.ndarray:
    """Return the moving average of ``width`` scores centred on each one, shorter at both ends.

    An even width takes one more score before than after.

    Example:
        >>> around(np.array([2.0, 4.0, 6.0]), 3)
        array([3., 4., 5.])
    """
    total = np.concatenate([[0.0], score.cumsum()])
    at = np.arange(len(score))
    first, end = np.maximum(0, at - width // 2), np.minimum(len(score), at + (width + 1) // 2)
    return (total[end] - total[first]) / (end - first)


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return the runs of True as (first index, index after the last).

    Example:
        >>> runs(np.array([0, 1, 1, 0, 1], bool))
        [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(a, b) for k, (a, b) in enumerate(pairwise(edges.tolist())) if k % 2 == 0]


def alarm_report(score: np.ndarray, labels: np.ndarray, threshold: float, day: int) -> dict[str, float]:
    """Evaluate the alarms that a threshold on the score raises.

    Every value is counted by itself. Counting a whole event as found because one of its values was found ("point
    adjustment") makes random scores look good (Kim et al., 2022).

    Args:
        score: score of each value, ``[N]``.
        labels: which values belong to an event, ``[N]``.
        threshold: threshold, chosen on other data.
        day: values per day.

    Returns:
        ``auroc``, ``auprc`` (average precision), ``precision``, ``recall`` and ``f1`` of values; ``events``, the
        share of events that contain an alarm; ``false``, runs of alarms per day that touch no event.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    alarm = score > threshold
    hit = float((alarm & labels).sum())
    precision = hit / max(1, int(alarm.sum()))
    recall = hit / max(1, int(labels.sum()))
    events, raised = runs(labels), runs(alarm)
    return {
        "auroc": float(roc_auc_score(labels, score)),
        "auprc": float(average_precision_score(labels, score)),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if hit else 0.0,
        "events": sum(bool(alarm[a:b].any()) for a, b in events) / max(1, len(events)),
        "false": sum(not labels[a:b].any() for a, b in raised) * day / len(score),
    }
