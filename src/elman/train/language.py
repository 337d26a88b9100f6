"""Training a language model on one long text by truncated backpropagation through time."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elman.train.loop import train
from elman.train.schedules import cosine
from elman.train.step import adam
from elman.train.streams import Streams
from elman.train.truncated import Truncated

__all__ = ["evaluate", "fit"]


def fit(
    model: nn.Module,
    streams: Streams,
    updates: int,
    *,
    learning_rate: float,
    warmup: int = 100,
    clip_norm: float = 1.0,
    weight_decay: float = 0.0,
    checkpoint: Path | None = None,
    checkpoint_every: int = 200,
    each: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train with AdamW, a linear warm-up and a cosine decay to a tenth; the state is carried from window to
    window, detached, and starts anew with each pass over the text.

    Args:
        model: ``model(tokens [T, B], state) -> (logits [T, B, V], state)``.
        streams: the training text.
        updates: steps of the optimiser in all.
        learning_rate: its highest value.
        warmup: updates until it is reached.
        clip_norm: the gradient's norm is clipped to this.
        weight_decay: of AdamW.
        checkpoint: file to go on from, and to write; it is left in place at the end.
        checkpoint_every: updates between checkpoints.
        each: called with the number of updates done and the last loss.

    Returns:
        The loss of every update, nats a token.

    Raises:
        LossNotFinite: with the update at which it happened.
        ValueError: if the checkpoint is damaged or of another model.
        OSError: if the checkpoint cannot be written.
    """
    made = train(
        model,
        Truncated(model, streams),
        updates,
        optimizer=adam(model, learning_rate, weight_decay),
        schedule=cosine(warmup=warmup),
        clip_norm=clip_norm,
        shared=True,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
    )
    losses: list[float] = []
    for update in made:
        losses.append(update.loss)
        if each is not None and not update.restored:
            each(update.number, update.loss)
    return losses


@torch.no_grad()
def evaluate(model: nn.Module, tokens: Tensor, steps: int = 1000) -> float:
    """Return the mean loss over a text read once from end to end as one stream, the state carried all along.

    Args:
        model: as for :func:`fit`.
        tokens: the text, ``[N]``, N at least 2.
        steps: time steps handed to the model at once; it does not change the result.

    Returns:
        Nats a token, over the N - 1 tokens that have one before them.

    Raises:
        ValueError: if there are fewer than two tokens.
    """
    if len(tokens) < 2:
        raise ValueError(f"evaluation needs at least 2 tokens, got {len(tokens)}")
    training = model.training
    model.eval()
    total, state = 0.0, None
    for inputs, targets in zip(tokens[:-1].split(steps), tokens[1:].split(steps), strict=True):
        logits, state = model(inputs[:, None], state)
        total += cross_entropy(logits[:, 0], targets, reduction="sum").item()
    model.train(training)
    return total / (len(tokens) - 1)
