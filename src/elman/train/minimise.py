"""Training to the end, for its losses alone."""

from collections.abc import Callable

from torch import Tensor, nn

from elman.train.loop import train
from elman.train.schedules import Schedule

__all__ = ["minimise"]


def minimise(
    model: nn.Module,
    loss: Callable[[int], Tensor],
    updates: int,
    *,
    learning_rate: float,
    schedule: Schedule | None = None,
    clip_norm: float = 1.0,
    each: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train with Adam at a rate that falls linearly to a tenth, by :func:`~elman.train.loop.train`.

    Args:
        model: what to train; it is put in training mode.
        loss: gives the loss of each update, a scalar, from the number of updates done.
        updates: steps of the optimiser.
        learning_rate: its first value.
        schedule: factor of the rate by update; default a straight line to a tenth.
        clip_norm: the gradient's norm is clipped to this.
        each: called with the number of updates done and the last loss.

    Returns:
        The loss of every update.

    Raises:
        LossNotFinite: with the update at which it happened.

    Example:
        >>> import torch
        >>> model = nn.Linear(1, 1)
        >>> losses = minimise(model, lambda update: model(torch.ones(8, 1)).square().mean(), 50, learning_rate=0.1)
        >>> losses[-1] < losses[0]
        True
    """
    losses: list[float] = []
    made = train(model, loss, updates, learning_rate=learning_rate, schedule=schedule, clip_norm=clip_norm)
    for update in made:
        losses.append(update.loss)
        if each is not None:
            each(update.number, update.loss)
    return losses
