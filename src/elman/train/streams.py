"""One long sequence as B parallel streams, cut into windows for truncated backpropagation through time."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.data.tasks import NOTHING

__all__ = ["Streams"]


@dataclass(frozen=True)
class Streams:
    """A sequence of tokens laid out as B streams that are read in parallel.

    Window k of every stream continues where window k - 1 ended, so the state can be carried from one to the
    next. Tokens at the end that do not fill a step of all streams are left out of training.

    Args:
        tokens: the sequence, ``[N]``.
        batch_size: number of streams B.
        steps: time steps T of one window.
        asked: which tokens are to be predicted, booleans ``[N]``; the target of the others is -100. Default all.

    Raises:
        ValueError: if the sequence is too short for one window, or ``asked`` has another length.

    Example:
        >>> streams = Streams(torch.arange(9), batch_size=2, steps=2)
        >>> inputs, targets = streams.window(1)
        >>> inputs.tolist(), targets.tolist()
        ([[2, 6], [3, 7]], [[3, 7], [4, 8]])
    """

    tokens: Tensor
    batch_size: int
    steps: int
    asked: Tensor | None = None

    def __post_init__(self) -> None:
        if self.asked is not None and self.asked.shape != self.tokens.shape:
            raise ValueError(
                f"asked must have the shape of tokens, {list(self.tokens.shape)}, got {list(self.asked.shape)}"
            )
        if min(self.batch_size, self.steps) < 1:
            raise ValueError(f"batch_size and steps must be at least 1, got {self.batch_size} and {self.steps}")
        if len(self) == 0:
            raise ValueError(
                f"{len(self.tokens)} tokens are too few for one window of {self.steps} steps in "
                f"{self.batch_size} streams, which needs {self.batch_size * self.steps + 1}"
            )

    def __len__(self) -> int:
        return (len(self.tokens) - 1) // self.batch_size // self.steps

    def window(self, k: int) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of window ``k``, each ``[T, B]``; targets are the inputs shifted by one step."""
        rows = (len(self.tokens) - 1) // self.batch_size
        start = k * self.steps
        index = torch.arange(start, start + self.steps)[:, None] + torch.arange(self.batch_size) * rows
        targets = self.tokens[index + 1]
        if self.asked is not None:
            targets = targets.masked_fill(~self.asked[index + 1], NOTHING)
        return self.tokens[index], targets


def detached(state: Any) -> Any:
    """Return a state, a tensor or a nest of tuples, detached from its graph."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.detach()
    return type(state)(*map(detached, state)) if hasattr(state, "_fields") else tuple(map(detached, state))
