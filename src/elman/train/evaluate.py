"""How well a language model predicts one long text."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["evaluate"]


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
