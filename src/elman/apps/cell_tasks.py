"""Learning a generated task: fresh batches to train on, one drawn apart to test on."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.cell import Cell
from elman.nn.classifier import StepClassifier
from elman.train.loop import losses, train

__all__ = ["Task", "learn"]


class Task(Protocol):
    """A task that asks for a class at some steps; those of :mod:`elman.data.tasks` do."""

    @property
    def input_size(self) -> int:
        """Width of an input."""
        ...

    @property
    def classes(self) -> int:
        """Answers there are."""
        ...

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, I]`` and answers ``[T, B]``, -100 where nothing is asked."""
        ...


def learn(
    task: Task,
    cell: Cell,
    updates: int,
    *,
    seed: int,
    batch_size: int = 64,
    test_size: int = 1000,
    learning_rate: float = 3e-3,
    tested: Task | None = None,
    each: Callable[[int, float], None] | None = None,
) -> tuple[float, list[float]]:
    """Train a cell, with a linear head at every step, and test it once.

    Args:
        task: what to learn.
        cell: is trained in place.
        updates: steps of Adam, at a rate that falls linearly to a tenth.
        seed: of the batches; test sequences are drawn from another generator than those trained on.
        batch_size: sequences of an update; default 64.
        test_size: sequences of the test; default 1000.
        learning_rate: its first value; default 3e-3.
        tested: the task to test on, a longer one say; default the one that is learned.
        each: called with the number of updates done and the last loss.

    Returns:
        Share of right answers on the test sequences, and the loss of every update, nats an answer.

    Raises:
        LossNotFinite: with the update at which it happened.

    Example:
        >>> from elman.cells import GRUCell
        >>> from elman.data.tasks import Timing
        >>> accuracy, losses = learn(Timing(1, 2, spikes=3), GRUCell(1, 8), 150, seed=0, learning_rate=2e-2)
        >>> accuracy > 0.9, len(losses)
        (True, 150)
    """
    drawn, test = (torch.Generator().manual_seed(2 * seed + part) for part in (0, 1))
    model = StepClassifier(cell, task.classes)

    def loss(update: int) -> Tensor:
        x, answers = task.draw(batch_size, drawn)
        return cross_entropy(model(x).flatten(0, 1), answers.flatten())

    found = losses(train(model, loss, updates, learning_rate=learning_rate), each)
    model.eval()
    with torch.no_grad():
        x, answers = (tested or task).draw(test_size, test)
        asked = answers >= 0
        right = (model(x).argmax(-1) == answers)[asked].float().mean().item()
    return right, found
