"""Minutes as a number of updates, so that the same number gives the same model again."""

import time

import torch

from elman.apps.fitting.contract import Learner
from elman.train.checkpoint import RandomState

__all__ = ["updates_within"]

WARM, TIMED = 2, 8  # updates not timed, since they compile the cell, and timed ones
TRAINING = 0.8  # share of the time; the rest validates, scores and saves
FEWEST = 20
CHECKS = 20  # validations in a run, at most, and at most one in every pass


def updates_within(learner: Learner, minutes: float) -> int:
    """Return how many updates fit in some minutes on this machine, at most as many as the task wants.

    A few updates are timed without a change of the weights or of the random numbers.

    Raises:
        ValueError: if the minutes are not positive.
    """
    if not minutes > 0:
        raise ValueError(f"minutes must be more than 0, got {minutes:g}")
    held, carried = RandomState().state_dict(), getattr(learner.loss, "state", None)
    learner.module.train()
    began = time.perf_counter()
    for update in range(WARM + TIMED):
        if update == WARM:
            began = time.perf_counter()
        learner.loss(update * max(1, learner.batches // (WARM + TIMED))).backward()  # batches of all lengths
        learner.module.zero_grad(set_to_none=True)
    seconds = (time.perf_counter() - began) / TIMED
    RandomState().load_state_dict(held)
    if hasattr(learner.loss, "state"):
        learner.loss.state = carried  # pyright: ignore[reportFunctionMemberAccess]
    time_left = minutes * 60 * TRAINING
    validation = _validation(learner)
    if validation < 0.2 * time_left:  # the first one also compiles the cell, which would count in every pass
        validation = _validation(learner)
    fit = time_left / (seconds + validation / learner.batches)  # one validation in every pass
    if fit > CHECKS * learner.batches:
        fit = (time_left - CHECKS * validation) / seconds
    return max(FEWEST, min(learner.most, int(fit)))


def _validation(learner: Learner) -> float:
    """Return the seconds of a validation."""
    with torch.no_grad():
        began = time.perf_counter()
        learner.validate()
        return time.perf_counter() - began
