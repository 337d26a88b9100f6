"""Early stopping: keep the weights with the best score on held-out data, and stop when the score stops improving."""

import copy
import math
from typing import Any

from torch import nn

__all__ = ["Best"]


class Best:
    """The best weights so far, by a score where lower is better, such as the validation loss.

    A checkpoint can save it.

    Args:
        model: the model whose weights are kept.
        patience: scores in a row that may fail to improve on the best; default no limit.

    Example:
        >>> import torch
        >>> model = nn.Linear(1, 1)
        >>> best = Best(model, patience=2)
        >>> stop = []
        >>> for score in (3.0, 1.0, 2.0, 1.5):
        ...     _ = nn.init.constant_(model.weight, score)
        ...     stop.append(best.saw(score))
        >>> stop, best.score
        ([False, False, False, True], 1.0)
        >>> best.restore()
        >>> model.weight.item()
        1.0
    """

    def __init__(self, model: nn.Module, patience: float = math.inf):
        self.model, self.patience = model, patience
        self.score, self.seen, self.failures = math.inf, 0, 0
        self.weights: dict[str, Any] = {}

    def saw(self, score: float) -> bool:
        """Record the score of the current weights, and return whether to stop. NaN never counts as better."""
        self.seen += 1
        if score < self.score:
            self.score, self.failures = score, 0
            self.weights = copy.deepcopy(self.model.state_dict())
        else:
            self.failures += 1
        return self.failures >= self.patience

    def restore(self) -> None:
        """Restore the best weights into the model; do nothing if every score was NaN."""
        if self.weights:
            self.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {name: getattr(self, name) for name in ("score", "seen", "failures", "weights")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        for name in ("score", "seen", "failures", "weights"):
            setattr(self, name, state_dict[name])
