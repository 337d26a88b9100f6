"""The plain loop: draw a loss, take a step, at a rate that falls."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.train.step import descend

__all__ = ["minimise"]


def minimise(
    model: nn.Module,
    loss: Callable[[int], Tensor],
    updates: int,
    *,
    learning_rate: float,
    clip_norm: float = 1.0,
    each: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train with Adam (Kingma & Ba, 2015) at a rate that falls linearly to a tenth.

    Args:
        model: what to train; it is put in training mode.
        loss: gives the loss of each update, a scalar, from the number of updates done.
        updates: steps of the optimiser.
        learning_rate: its first value.
        clip_norm: the gradient's norm is clipped to this.
        each: called with the number of updates done and the last loss.

    Returns:
        The loss of every update.

    Raises:
        LossNotFinite: with the update at which it happened.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> losses = minimise(model, lambda update: model(torch.ones(8, 1)).square().mean(), 50, learning_rate=0.1)
        >>> losses[-1] < losses[0]
        True
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses: list[float] = []
    model.train()
    for update in range(updates):
        rate = learning_rate * (1 - 0.9 * update / updates)
        losses.append(descend(model, optimizer, loss(update), update, rate, clip_norm))
        if each is not None:
            each(len(losses), losses[-1])
    return losses
