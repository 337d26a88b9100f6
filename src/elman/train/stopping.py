"""Early stopping: keep the weights that did best on data held out, and stop when they are not bettered."""

import copy
import math
from typing import Any

from torch import nn

__all__ = ["Best"]


class Best:
    """The best weights so far, by a score of which less is better, such as the validation loss.

    It can be kept in a checkpoint.

    Args:
        model: whose weights are kept.
        patience: scores in a row that may fail to better the best; default no limit.

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
        """Take note of a score of the weights as they now are; say whether to stop. NaN betters nothing."""
        self.seen += 1
        if score < self.score:
            self.score, self.failures = score, 0
            self.weights = copy.deepcopy(self.model.state_dict())
        else:
            self.failures += 1
        return self.failures >= self.patience

    def restore(self) -> None:
        """Put the best weights back into the model; where no score was ever a number, leave it as it is."""
        if self.weights:
            self.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {name: getattr(self, name) for name in ("score", "seen", "failures", "weights")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        for name in ("score", "seen", "failures", "weights"):
            setattr(self, name, state_dict[name])
