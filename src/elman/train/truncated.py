"""Truncated backpropagation through time (Williams & Peng, 1990): the state is carried, the gradient is cut."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elman.data.tasks import NOTHING
from elman.train import parallel
from elman.train.streams import Streams, detached

__all__ = ["Truncated"]


class Truncated:
    """The loss of a language model on successive windows of a text.

    The state is carried from window to window and reset at the beginning of each epoch. Gradients stop at the
    window's first step, and after every ``steps`` steps inside it.

    Args:
        model: ``model(tokens [T, B], state) -> (logits [T, B, V], state)``, for any recurrent state.
        streams: the text; each update reads one window.
        steps: time steps k after which the gradient is cut; default the whole window.
        carry: whether the state is carried; if not, it is reset after every k steps.

    Raises:
        ValueError: if ``steps`` is not from 1 to the window's length.
    """

    def __init__(self, model: nn.Module, streams: Streams, steps: int | None = None, carry: bool = True):
        self.model, self.streams, self.carry = model, streams, carry
        self.steps = streams.steps if steps is None else steps
        if not 1 <= self.steps <= streams.steps:
            raise ValueError(f"steps must be from 1 to the window's {streams.steps}, got {steps}")
        self.state: Any = None

    def __call__(self, update: int) -> Tensor:
        """Return the mean loss of the update's window, nats per predicted token; with several processes, this one's
        share."""
        k = update % len(self.streams)
        mine = parallel.rows(self.streams.batch_size)
        inputs, targets = (part[:, mine] for part in self.streams.window(k))
        total = torch.zeros((), device=inputs.device)
        state = self.state if k and self.carry else None
        for some, wanted in zip(inputs.split(self.steps), targets.split(self.steps), strict=True):
            logits, state = self.model(some, detached(state) if self.carry else None)
            total = total + cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
        self.state = detached(state) if self.carry else None
        return parallel.mean(total, int((targets != NOTHING).sum()))
