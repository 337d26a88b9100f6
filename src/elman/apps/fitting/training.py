"""Train a learner for a number of updates, keep its best weights, and draw its learning curve."""

import math
from pathlib import Path
from typing import Protocol

from elman.apps.fitting.budget import CHECKS
from elman.apps.fitting.contract import Learner
from elman.train.loop import train
from elman.train.stopping import Best

__all__ = ["Point", "Silent", "Watch", "trained"]

PATIENCE = 5  # validations in a row without a lower loss
Point = tuple[int, float, float]  # updates done, training loss since the last point, validation loss


class Watch(Protocol):
    """Sees what happens during a fit."""

    def said(self, sentence: str) -> None:
        """See one sentence on the files, the split or the training."""

    def progress(self, done: int, total: int, loss: float, validation: float) -> None:
        """See the updates done, their total, the last training loss, and the last validation loss or NaN."""


class Silent(Watch):
    """Shows nothing."""


def trained(learner: Learner, total: int, checkpoint: Path, watch: Watch) -> list[Point]:
    """Train a learner, and return the learning curve; the module keeps the weights of the lowest validation loss.

    Training ends early after five validations in a row without a lower loss.

    Args:
        learner: what is trained.
        total: number of updates.
        checkpoint: file to resume from and to write.
        watch: sees every update.

    Raises:
        LossNotFinite: if the loss becomes NaN or infinite.
        OSError: if the checkpoint cannot be written.
    """
    best, curve = Best(learner.module, PATIENCE), _Curve()
    every = max(1, min(learner.batches, total), total // CHECKS)
    run = train(
        learner.module, learner.loss, total, learning_rate=learner.learning_rate, schedule=learner.schedule,
        checkpoint=checkpoint, checkpoint_every=every, keep={"best": best, "curve": curve},
    )  # fmt: skip
    recent: list[float] = []
    validation = math.nan
    for update in run:
        recent.append(update.loss)
        if update.restored:
            if update.number % every == 0:
                recent.clear()
            continue
        if update.number % every == 0 or update.number == total:
            validation = learner.validate()
            stop = best.saw(validation)
            curve.points.append((update.number, sum(recent) / len(recent), validation))
            recent.clear()
            if stop:
                watch.progress(update.number, total, update.loss, validation)
                break
        watch.progress(update.number, total, update.loss, validation)
    best.restore()
    learner.module.eval()
    return curve.points


class _Curve:
    """The points of the learning curve, kept in the checkpoint."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def state_dict(self) -> list[Point]:
        return self.points

    def load_state_dict(self, state_dict: list[Point]) -> None:
        self.points = list(state_dict)
