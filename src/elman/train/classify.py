"""Training a classifier on batches drawn one after another."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elman.train.step import descend

__all__ = ["accuracy", "fit_classifier"]

Batch = tuple[Tensor, Any, Tensor]  # inputs [T, B, I], lengths or None, classes [B]


def fit_classifier(
    model: nn.Module,
    draw: Callable[[int], Batch],
    updates: int,
    *,
    learning_rate: float,
    clip_norm: float = 1.0,
    each: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train with Adam at a rate that falls linearly to a tenth.

    Args:
        model: ``model(x, lengths) -> logits``.
        draw: gives the batch of each update: inputs, lengths (or None) and classes.
        updates: steps of the optimiser.
        learning_rate: its first value.
        clip_norm: the gradient's norm is clipped to this.
        each: called with the number of updates done and the last loss.

    Returns:
        The loss of every update, nats.

    Raises:
        LossNotFinite: with the update at which it happened.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses: list[float] = []
    model.train()
    for update in range(updates):
        x, lengths, classes = draw(update)
        loss = cross_entropy(model(x, lengths), classes)
        rate = learning_rate * (1 - 0.9 * update / updates)
        losses.append(descend(model, optimizer, loss, update, rate, clip_norm))
        if each is not None:
            each(len(losses), losses[-1])
    return losses


@torch.no_grad()
def accuracy(model: nn.Module, batch: Batch) -> float:
    """Share of a batch that the model puts in the right class."""
    training = model.training
    model.eval()
    x, lengths, classes = batch
    right = model(x, lengths).argmax(-1) == classes
    model.train(training)
    return right.float().mean().item()
