"""Generated tasks with known answers: what a network must remember, for how long, and what chance is."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Recall"]


@dataclass(frozen=True)
class Recall:
    """Say at the end which symbol came first, with distractors in between.

    The first input is one of K symbols, one-hot; every later one is one of D distractors, so nothing but the
    first step tells the answer. Guessing is right once in K times.

    Args:
        steps: length T of a sequence, the number of steps the answer must be kept.
        symbols: K, the classes.
        distractors: D.

    Example:
        >>> x, y = Recall(steps=5).draw(3, torch.Generator().manual_seed(0))
        >>> x.shape, y.shape, torch.equal(x[0].argmax(-1), y)
        (torch.Size([5, 3, 12]), torch.Size([3]), True)
    """

    steps: int
    symbols: int = 8
    distractors: int = 4

    @property
    def input_size(self) -> int:
        """Width of an input."""
        return self.symbols + self.distractors

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1 / self.symbols

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, K + D]`` and answers ``[B]``."""
        answers = torch.randint(self.symbols, (batch_size,), generator=generator)
        rest = torch.randint(self.symbols, self.input_size, (self.steps - 1, batch_size), generator=generator)
        tokens = torch.cat([answers[None], rest])
        return torch.nn.functional.one_hot(tokens, self.input_size).float(), answers
