"""The function that decoding needs of a model: ``step(tokens [B], state) -> (log_probs [B, V], state)``."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Step", "checked", "read_prompt"]

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]

SLACK = 1e-3  # how far rounding can lift a log-probability above 0 (half precision included)


def read_prompt(step: Step, prompt: Tensor, state: Any) -> tuple[Tensor, Any]:
    """Feed a prompt ``[B, P]``; return the log-probabilities ``[B, V]`` of the token after it, and the state.

    Raises:
        ValueError: if the prompt is not ``[B, P]`` integers with B and P at least 1; see also :func:`checked`.
    """
    if prompt.dim() != 2 or not prompt.numel() or prompt.is_floating_point():
        raise ValueError(
            "prompt must be [B, P] integers with at least one row and at least one token, "
            f"got {list(prompt.shape)} {prompt.dtype}"
        )
    log_probs = None
    for tokens in prompt.unbind(1):
        log_probs, state = step(tokens, state)
    return checked(log_probs, len(prompt), 0), state


def checked(log_probs: Any, rows: int, step: int, ignore: Tensor | None = None) -> Tensor:
    """Check that a step returned log-probabilities; return them in at least single precision.

    Args:
        log_probs: the step's result, expected ``[rows, V]``.
        rows: number of tokens passed to the step.
        step: number of the step, for the message: step t predicts the token after t written ones.
        ignore: rows that have ended, ``[rows]``: they may hold anything and are returned as 0.

    Raises:
        ValueError: if shape or dtype is wrong, or if there is NaN, a value above 0, or a row without a possible
            token.

    Example:
        >>> checked(torch.tensor([[0.0, float("nan")]]), 1, step=4)
        Traceback (most recent call last):
        ValueError: step 4: row 0 of the log-probabilities holds NaN
    """
    if not isinstance(log_probs, Tensor) or log_probs.dim() != 2 or len(log_probs) != rows:
        shape = list(log_probs.shape) if isinstance(log_probs, Tensor) else type(log_probs).__name__
        raise ValueError(f"step {step}: expected log-probabilities [{rows}, V] for {rows} tokens, got {shape}")
    if not log_probs.is_floating_point() or log_probs.shape[1] == 0:
        raise ValueError(
            f"step {step}: expected log-probabilities, got {log_probs.dtype} with {log_probs.shape[1]} tokens"
        )
    if log_probs.dtype not in (torch.float32, torch.float64):
        log_probs = log_probs.float()
    if ignore is not None:
        log_probs = log_probs.masked_fill(ignore[:, None], 0)
    most = log_probs.amax(-1)  # NaN if any value is NaN
    if bool(((most <= 0) & (most > -torch.inf)).all()):
        return log_probs
    for wrong, said in (
        (most.isnan(), "holds NaN"),
        (most == -torch.inf, "is -inf for every token, so no token may follow"),
        (most > SLACK, "goes above 0: are these logits? Apply log_softmax"),
    ):
        if bool(wrong.any()):
            raise ValueError(f"step {step}: row {int(wrong.int().argmax())} of the log-probabilities {said}")
    return log_probs.clamp_max(0)
