"""Sampling with a temperature (Ackley, Hinton & Sejnowski, 1985, section 2)."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["sample"]

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]


def sample(
    step: Step,
    prompt: Tensor,
    length: int,
    *,
    temperature: float = 1.0,
    state: Any = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""Continue prompts token by token, each drawn from :math:`p_i^{1/\tau} / \sum_j p_j^{1/\tau}`.

    Args:
        step: ``step(tokens [B], state) -> (log_probs [B, V], state)``.
        prompt: tokens to start from, ``[B, P]`` with P at least 1.
        length: tokens to draw.
        temperature: :math:`\tau`; 1 follows the model, below 1 sharpens, and 0 takes the likeliest token.
        state: the state before the prompt.
        generator: source of the random numbers; default torch's own.

    Returns:
        The drawn tokens ``[B, length]``, without the prompt.

    Raises:
        ValueError: if the temperature is negative or not finite, the prompt empty or the length negative.

    Example:
        >>> table = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).log()  # 0 is followed by 1, and 1 by 0
        >>> sample(lambda tokens, state: (table[tokens], state), torch.tensor([[0]]), 4)
        tensor([[1, 0, 1, 0]])
    """
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be 0 (greedy) or a positive number, got {temperature}")
    if prompt.dim() != 2 or prompt.shape[1] == 0:
        raise ValueError(f"prompt must be [B, P] with at least one token, got {list(prompt.shape)}")
    if length < 0:
        raise ValueError(f"length must not be negative, got {length}")
    log_probs = None
    for tokens in prompt.unbind(1):
        log_probs, state = step(tokens, state)
    drawn = []
    while len(drawn) < length:
        assert log_probs is not None
        if temperature == 0:
            tokens = log_probs.argmax(-1)
        else:
            # divided after taking the maximum away, a tiny temperature cannot overflow
            scaled = (log_probs - log_probs.max(-1, keepdim=True).values) / temperature
            tokens = torch.multinomial(scaled.softmax(-1), 1, generator=generator)[:, 0]
        drawn.append(tokens)
        if len(drawn) < length:
            log_probs, state = step(tokens, state)
    return torch.stack(drawn, 1) if drawn else prompt[:, :0]
