"""Constraints of a search: blocked n-grams, a minimum length, a prefix, allowed tokens; and which to lift."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Rules", "block_repeats"]

Allowed = Callable[[Tensor, Tensor], Tensor]


def block_repeats(log_probs: Tensor, history: Tensor, n: int) -> Tensor:
    """Forbid tokens that would repeat an n-gram (Paulus, Xiong & Socher, 2018, section 2.5).

    Args:
        log_probs: log-probability of each next token, ``[N, V]``.
        history: tokens read and written so far, ``[N, T]``.
        n: size of the n-gram; 1 forbids every token of the history.

    Returns:
        A copy of the log-probabilities, -inf where a token would complete an n-gram of the history.

    Example:
        >>> block_repeats(torch.zeros(1, 4), torch.tensor([[2, 3, 1, 2]]), 2)  # 2 was followed by 3
        tensor([[0., 0., 0., -inf]])
    """
    log_probs = log_probs.clone()
    if history.shape[1] < n:
        return log_probs
    windows = history.unfold(1, n, 1)  # [N, T - n + 1, n]
    latest = history[:, history.shape[1] - n + 1 :]
    row, at = (windows[..., :-1] == latest[:, None]).all(-1).nonzero(as_tuple=True)
    log_probs[row, windows[row, at, -1]] = -torch.inf
    return log_probs


@dataclass(frozen=True)
class Rules:
    """The constraints of a search, applied to all hypotheses at once.

    Attributes:
        eos: the token that ends a sequence, or None.
        min_length: fewest tokens of a sequence that ends, the end token included.
        no_repeat_ngram: size of the n-grams that may not occur twice; 0 allows all.
        prefix: tokens that each sentence must begin with, ``[B, M]``, padded with -1; or None.
        allowed: ``allowed(tokens [N, t], sentence [N]) -> bool [N, V]``, or None.
    """

    eos: int | None
    min_length: int
    no_repeat_ngram: int
    prefix: Tensor | None
    allowed: Allowed | None

    def back_offs(self, written: int) -> list[int]:
        """Return how many constraints to lift, in turn, at a dead end: 1 lifts n-grams, 2 ``min_length`` too."""
        early = self.eos is not None and written + 1 < self.min_length
        return [*([1] if self.no_repeat_ngram else []), *([2] if early else [])]

    def apply(self, log_probs: Tensor, history: Tensor, sentence: Tensor, written: int, lifted: int = 0) -> Tensor:
        """Return log-probabilities ``[N, V]`` with -inf for what may not follow; the same tensor if no rule applies.

        Args:
            log_probs: log-probability of each next token, ``[N, V]``.
            history: the prompt and the tokens written after it, ``[N, P + written]``.
            sentence: the sentence of each hypothesis, ``[N]``.
            written: number of tokens written so far.
            lifted: number of lifted constraints, see :meth:`back_offs`.

        Raises:
            ValueError: if ``allowed`` does not return such a mask, or the model gives a forced token probability 0.
        """
        values = log_probs
        if self.no_repeat_ngram and lifted < 1:
            values = block_repeats(values, history, self.no_repeat_ngram)
        if self.eos is not None and written + 1 < self.min_length and lifted < 2:
            values = values.clone() if values is log_probs else values
            values[:, self.eos] = -torch.inf
        if self.allowed is not None:
            mask = self.allowed(history[:, history.shape[1] - written :], sentence)
            if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.shape != log_probs.shape:
                got = f"{mask.dtype} {list(mask.shape)}" if isinstance(mask, Tensor) else type(mask).__name__
                raise ValueError(f"allowed must return a bool mask {list(log_probs.shape)}, got {got}")
            values = values.masked_fill(~mask, -torch.inf)
        if self.prefix is not None and written < self.prefix.shape[1]:
            values = self._forced(log_probs, values, self.prefix[sentence, written], sentence, written)
        return values

    def _forced(self, log_probs: Tensor, values: Tensor, token: Tensor, sentence: Tensor, written: int) -> Tensor:
        """Allow only the forced token where the prefix has one; it overrules the other constraints."""
        forced, column = token >= 0, token.clamp_min(0)[:, None]
        chance = log_probs.gather(1, column)
        impossible = forced & (chance[:, 0] == -torch.inf)
        if bool(impossible.any()):
            row = int(impossible.int().argmax())
            raise ValueError(
                f"step {written}: the model gives token {int(token[row])}, forced by the prefix of sentence "
                f"{int(sentence[row])}, probability 0"
            )
        only = torch.full_like(log_probs, -torch.inf).scatter(1, column, chance)
        return torch.where(forced[:, None], only, values)
