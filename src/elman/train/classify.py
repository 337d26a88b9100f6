"""Training a classifier on batches drawn one after another."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elman.train.minimise import minimise

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
    """Train on batches drawn one after another; see :func:`elman.train.minimise.minimise`.

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

    def loss(update: int) -> Tensor:
        x, lengths, classes = draw(update)
        return cross_entropy(model(x, lengths), classes)

    return minimise(model, loss, updates, learning_rate=learning_rate, clip_norm=clip_norm, each=each)


@torch.no_grad()
def accuracy(model: nn.Module, batch: Batch) -> float:
    """Share of a batch that the model puts in the right class."""
    training = model.training
    model.eval()
    x, lengths, classes = batch
    right = model(x, lengths).argmax(-1) == classes
    model.train(training)
    return right.float().mean().item()
