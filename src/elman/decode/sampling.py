"""Decode token by token, greedily or by sampling."""

import math
from typing import Any

import torch
from torch import Tensor

from elman.decode.step import Step, checked, read_prompt
from elman.errors import check_positive

__all__ = ["greedy", "sample", "truncate"]


def truncate(log_probs: Tensor, top_k: int | None = None, top_p: float | None = None) -> Tensor:
    """Exclude all but the most likely tokens.

    Args:
        log_probs: log-probability of each token, ``[B, V]``; need not be normalised.
        top_k: keep the k most likely tokens, and ties with the last of them (Fan, Lewis & Dauphin, 2018).
        top_p: of those, keep the fewest whose probabilities sum to p or more (Holtzman et al., 2020, section 3.1).

    Returns:
        The values ``[B, V]``, -inf for excluded tokens. At least one token of each row remains.

    Raises:
        ValueError: if ``top_k`` is not a positive integer or ``top_p`` not in (0, 1].

    Example:
        >>> truncate(torch.tensor([[0.5, 0.3, 0.2]]).log(), top_p=0.7).exp()
        tensor([[0.5000, 0.3000, 0.0000]])
    """
    if top_k is not None:
        (top_k,) = check_positive(top_k=top_k)
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
    if top_k is not None and top_k < log_probs.shape[1]:
        least = log_probs.topk(top_k).values[:, -1:]
        log_probs = log_probs.masked_fill(log_probs < least, -torch.inf)
    if top_p is not None and top_p < 1:
        ordered, order = log_probs.sort(descending=True, stable=True)
        shares = ordered.softmax(-1)
        enough = shares.cumsum(-1) - shares >= top_p  # more likely tokens already sum to p
        enough[:, 0] = False
        log_probs = log_probs.masked_fill(torch.zeros_like(enough).scatter(1, order, enough), -torch.inf)
    return log_probs


@torch.no_grad()
def sample(
    step: Step,
    prompt: Tensor,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    eos: int | None = None,
    state: Any = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""Continue prompts token by token, each drawn from :math:`p_i^{1/\tau} / \sum_j p_j^{1/\tau}`.

    The temperature is that of Ackley, Hinton & Sejnowski (1985, section 2). The resulting distribution is truncated
    to ``top_k``, then to ``top_p``. All rows draw from one generator, so the tokens a row draws depend on the batch;
    its distribution does not.

    Args:
        step: ``step(tokens [B], state) -> (log_probs [B, V], state)``.
        prompt: tokens to start from, ``[B, P]`` with P at least 1.
        length: number of tokens to draw.
        temperature: :math:`\tau`; 1 samples from the model, below 1 sharpens, and 0 takes the most likely token.
        top_k: draw only from the k most likely tokens; default all.
        top_p: draw only from the most likely tokens that together have probability p; default all.
        eos: the token that ends a row; default None, all rows have ``length`` tokens.
        state: the state before the prompt.
        generator: source of the random numbers; default torch's global generator.

    Returns:
        The drawn tokens ``[B, length]``, without the prompt; a row that has ended is filled with the end token.

    Raises:
        ValueError: if the temperature is negative or not finite, the prompt empty, the length negative,
            ``top_k`` or ``top_p`` out of range (see :func:`truncate`), ``eos`` not in the vocabulary, or ``step``
            returns anything but log-probabilities.

    Example:
        >>> table = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).log()  # 0 is followed by 1, and 1 by 0
        >>> sample(lambda tokens, state: (table[tokens], state), torch.tensor([[0]]), 4)
        tensor([[1, 0, 1, 0]])
    """
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be 0 (greedy) or a positive number, got {temperature}")
    if length < 0:
        raise ValueError(f"length must not be negative, got {length}")
    log_probs, state = read_prompt(step, prompt, state)
    if eos is not None and not 0 <= eos < log_probs.shape[1]:
        raise ValueError(f"eos must be a token from 0 to {log_probs.shape[1] - 1}, got {eos}")
    truncate(log_probs[:1], top_k, top_p)  # raises for values out of range even if length is 0
    drawn = prompt.new_full((len(prompt), length), 0 if eos is None else eos)
    ended = torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    for at in range(length):
        if temperature == 0:
            tokens = log_probs.argmax(-1)
        else:
            # subtract the maximum first, so that dividing by a tiny temperature cannot overflow
            scaled = log_probs - log_probs.max(-1, keepdim=True).values
            scaled = scaled / max(temperature, torch.finfo(scaled.dtype).tiny)
            chances = truncate(scaled, top_k, top_p).softmax(-1)
            tokens = torch.multinomial(chances, 1, generator=generator)[:, 0]
        if eos is not None:
            tokens = tokens.masked_fill(ended, eos)
            ended |= tokens == eos
        drawn[:, at] = tokens
        if at + 1 == length or (eos is not None and bool(ended.all())):
            break
        log_probs, state = step(tokens, state)
        log_probs = checked(log_probs, len(tokens), at + 1, ignore=None if eos is None else ended)
    return drawn


def greedy(step: Step, prompt: Tensor, length: int, *, eos: int | None = None, state: Any = None) -> Tensor:
    """Continue prompts with the most likely token at each step: :func:`sample` at temperature 0.

    Args:
        step: ``step(tokens [B], state) -> (log_probs [B, V], state)``.
        prompt: tokens to start from, ``[B, P]`` with P at least 1.
        length: number of tokens to write.
        eos: the token that ends a row; default None.
        state: the state before the prompt.

    Returns:
        The tokens ``[B, length]``, without the prompt; a row that has ended is filled with the end token.

    Raises:
        ValueError: see :func:`sample`.

    Example:
        >>> table = torch.tensor([[0.1, 0.9, 0.0], [0.2, 0.0, 0.8], [0.4, 0.3, 0.3]]).log()
        >>> greedy(lambda tokens, state: (table[tokens], state), torch.tensor([[0], [2]]), 4, eos=2)
        tensor([[1, 2, 2, 2],
                [0, 1, 2, 2]])
    """
    return sample(step, prompt, length, temperature=0, eos=eos, state=state)
