"""Loss and accuracy of a classifier on one batch."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["accuracy", "class_loss"]

Batch = tuple[Tensor, Any, Tensor]  # inputs [T, B, I], lengths or None, classes [B]


def class_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross-entropy of a batch, nats.

    Args:
        model: ``model(x, lengths) -> logits``.
        batch: inputs ``[T, B, I]``, lengths ``[B]`` or None, classes ``[B]``.
    """
    x, lengths, classes = batch
    return cross_entropy(model(x, lengths), classes)


@torch.no_grad()
def accuracy(model: nn.Module, batch: Batch) -> float:
    """Return the share of a batch that the model classifies correctly."""
    training = model.training
    model.eval()
    x, lengths, classes = batch
    right = model(x, lengths).argmax(-1) == classes
    model.train(training)
    return right.float().mean().item()
