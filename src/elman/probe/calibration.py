"""Calibration: whether a model's confidence equals its accuracy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

__all__ = ["Reliability", "brier", "calibration_error", "nll", "perfect_error", "reliability", "temperature"]


@dataclass(frozen=True)
class Reliability:
    """Mean confidence, accuracy and count of each non-empty bin of confidence."""

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray

    @property
    def error(self) -> float:
        """Return the mean gap between confidence and accuracy, weighted by the count."""
        return float((self.count * np.abs(self.accuracy - self.confidence)).sum() / self.count.sum())


def reliability(
    probabilities: np.ndarray, answers: np.ndarray, bins: int = 15, adaptive: bool = False
) -> Reliability:
    """Bin predictions by the probability of the predicted class (Guo et al., 2017).

    Args:
        probabilities: ``[N, C]``, rows of sum 1.
        answers: the true classes ``[N]``.
        bins: number of bins.
        adaptive: bins of equal count (Nixon et al., 2019) instead of equal width between 0 and 1.

    Raises:
        ValueError: if the shapes do not fit, N is 0, or a row is not a probability distribution.

    Example:
        >>> bins = reliability(np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 1, 1]))
        >>> bins.confidence.tolist(), bins.accuracy.tolist(), bins.count.tolist()
        ([0.6, 0.9], [1.0, 0.5], [1, 2])
    """
    probabilities, answers = np.asarray(probabilities, dtype=np.float64), np.asarray(answers)
    if probabilities.ndim != 2 or answers.shape != probabilities.shape[:1] or not len(answers):
        raise ValueError(f"expected [N, C] and [N], N at least 1, got {probabilities.shape} and {answers.shape}")
    if not np.allclose(probabilities.sum(1), 1, atol=1e-4) or (probabilities < 0).any():
        raise ValueError("every row must be a probability distribution: numbers of at least 0 that sum to 1")
    sure, right = probabilities.max(1), probabilities.argmax(1) == answers
    if adaptive:
        where = np.empty(len(sure), dtype=np.int64)
        where[np.argsort(sure, kind="stable")] = np.arange(len(sure)) * bins // len(sure)
    else:
        where = np.minimum((sure * bins).astype(np.int64), bins - 1)
    some = [where == k for k in np.unique(where)]
    return Reliability(
        np.array([sure[k].mean() for k in some]),
        np.array([right[k].mean() for k in some]),
        np.array([k.sum() for k in some]),
    )


def calibration_error(
    probabilities: np.ndarray, answers: np.ndarray, bins: int = 15, adaptive: bool = False
) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy over the bins.

    Takes the arguments and raises the errors of :func:`reliability`.
    """
    return reliability(probabilities, answers, bins, adaptive).error


def perfect_error(probabilities: np.ndarray, draws: int = 200, seed: int = 0, bins: int = 15) -> float:
    """Return the expected calibration error of a perfectly calibrated model with these probabilities.

    The answers are drawn from the probabilities, ``draws`` times; the mean error is the floor set by the sample size.
    """
    random = np.random.default_rng(seed)
    edges = probabilities.cumsum(1)
    errors = []
    for _ in range(draws):
        answers = (random.random((len(probabilities), 1)) > edges[:, :-1]).sum(1)
        errors.append(calibration_error(probabilities, answers, bins))
    return float(np.mean(errors))


def nll(probabilities: np.ndarray, answers: np.ndarray) -> float:
    """Return the mean negative log-probability of the true class, nats."""
    from sklearn.metrics import log_loss

    return float(log_loss(answers, probabilities, labels=np.arange(np.shape(probabilities)[1])))


def brier(probabilities: np.ndarray, answers: np.ndarray) -> float:
    """Return the mean squared distance from the one-hot truth, summed over classes (Brier, 1950): from 0 to 2."""
    truth = np.eye(np.shape(probabilities)[1])[np.asarray(answers)]
    return float(np.square(np.asarray(probabilities) - truth).sum(1).mean())


def temperature(logits: np.ndarray, answers: np.ndarray) -> float:
    """Return the temperature, the divisor of the logits that minimises the held-out loss (Guo et al., 2017).

    Example:
        >>> logits = np.array([[2.0, 0.0]] * 4)
        >>> round(temperature(logits, np.array([0, 0, 0, 1])), 3)  # 2 / log 3
        1.82
    """
    logits, answers = np.asarray(logits, dtype=np.float64), np.asarray(answers)

    def loss(log_t: float) -> float:
        return -log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(answers)), answers].mean()

    found: Any = minimize_scalar(loss, bounds=(-4, 4), method="bounded")
    return float(np.exp(found.x))
