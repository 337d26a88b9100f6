"""Train a cell on batches of a generated task and test it on a separate batch."""

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
    """A task with a class to predict at some steps, such as the tasks of :mod:`elman.data.tasks`."""

    @property
    def input_size(self) -> int:
        """Features of an input step."""
        ...

    @property
    def classes(self) -> int:
        """Number of classes."""
        ...

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, I]`` and target classes ``[T, B]``, -100 at steps without a target."""
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
        task: the task to learn.
        cell: the cell to train, in place.
        updates: steps of Adam; the learning rate falls linearly to a tenth.
        seed: of the batches; test sequences are drawn from a separate generator.
        batch_size: sequences per update; default 64.
        test_size: sequences of the test; default 1000.
        learning_rate: initial learning rate; default 3e-3.
        tested: the task to test on, for example with longer sequences; default ``task``.
        each: called with the number of updates done and the last loss.

    Returns:
        Accuracy on the test sequences, and the loss of every update in nats per answer.

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
