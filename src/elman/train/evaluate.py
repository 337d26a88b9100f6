"""How well a language model predicts one long text."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["evaluate", "nats_of_each"]


@torch.no_grad()
def evaluate(model: nn.Module, tokens: Tensor, steps: int = 1000) -> float:
    """Return the mean loss over a text, read as one stream with the state carried from end to end.

    Args:
        model: ``model(tokens [T, B], state) -> (logits [T, B, V], state)``.
        tokens: the text, ``[N]``, N at least 2.
        steps: time steps per call of the model; does not change the result.

    Returns:
        Nats per token, over the N - 1 tokens after the first.

    Raises:
        ValueError: if there are fewer than two tokens.
    """
    return float(nats_of_each(model, tokens, steps).double().mean())


@torch.no_grad()
def nats_of_each(model: nn.Module, tokens: Tensor, steps: int = 1000) -> Tensor:
    """Return the loss of each token of a text after the first, ``[N - 1]``, nats.

    Args:
        model: as for :func:`evaluate`.
        tokens: the text, ``[N]``, N at least 2.
        steps: time steps per call of the model; does not change the result.

    Raises:
        ValueError: if there are fewer than two tokens.
    """
    if len(tokens) < 2:
        raise ValueError(f"evaluation needs at least 2 tokens, got {len(tokens)}")
    training = model.training
    model.eval()
    found, state = [], None
    for inputs, targets in zip(tokens[:-1].split(steps), tokens[1:].split(steps), strict=True):
        logits, state = model(inputs[:, None], state)
        found.append(cross_entropy(logits[:, 0], targets, reduction="none"))
    model.train(training)
    return torch.cat(found)
