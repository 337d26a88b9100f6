"""Learning a generated task: what is counted as right, and what decides which data are drawn."""

import pytest
import torch
from torch import nn

from elman import Cell, State
from elman.apps.cell_tasks import learn
from elman.cells import GRUCell
from elman.data.tasks import NOTHING, Copy, StoreRecall
from elman.nn.classifier import StepClassifier


class Parrot:
    """Asks for the symbol of this very step, at every second step."""

    input_size, classes = 3, 3

    def draw(self, batch_size, generator):
        answers = torch.randint(3, (6, batch_size), generator=generator)
        x = nn.functional.one_hot(answers, 3).float()
        answers[::2] = NOTHING
        return x, answers


class Passer(Cell):
    """Hands on its input, weighted."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Parameter(torch.eye(hidden_size, input_size))

    def step(self, drive, state):
        return State(drive @ self.weight.T + 0 * state.h)


def test_accuracy_is_the_share_of_the_questions_answered_right():
    task, size = StoreRecall(rounds=3, gap=2, symbols=4), 50
    torch.manual_seed(0)
    right, losses = learn(task, GRUCell(task.input_size, 5), 0, seed=7, test_size=size)
    assert losses == []
    torch.manual_seed(0)
    model = StepClassifier(GRUCell(task.input_size, 5), 4)
    x, answers = task.draw(size, torch.Generator().manual_seed(15))
    with torch.no_grad():
        said = model(x).argmax(-1)
    asked = [(t, b) for t in range(12) for b in range(size) if answers[t, b] != NOTHING]
    assert len(asked) == 3 * size
    assert right == pytest.approx(sum(bool(said[t, b] == answers[t, b]) for t, b in asked) / len(asked))


def test_what_is_in_plain_sight_is_learned_in_full_and_steps_that_ask_nothing_do_not_count():
    torch.manual_seed(0)
    right, losses = learn(Parrot(), Passer(3, 3), 200, seed=0, test_size=100, learning_rate=5e-2)
    assert right == 1.0
    assert losses[-1] < 0.1 < losses[0]


def test_batches_are_the_seeds_and_not_those_of_the_cell():
    drawn = []

    class Watched(Copy):
        def draw(self, batch_size, generator):
            drawn.append(super().draw(batch_size, generator)[1])
            return super().draw(batch_size, generator)

    for seed, hidden_size in ((1, 3), (1, 9), (2, 3)):
        learn(Watched(2, 2), GRUCell(10, hidden_size), 2, seed=seed, batch_size=8, test_size=8)
    small, large, other = (torch.stack(drawn[k : k + 3]) for k in (0, 3, 6))
    assert torch.equal(small, large)
    assert not torch.equal(small, other)
    assert len({tuple(batch.flatten().tolist()) for batch in drawn}) == 6, "the test is drawn apart"


def test_it_tells_how_far_it_is():
    reported = []
    _, losses = learn(
        Copy(1, 1), GRUCell(10, 3), 3, seed=0, each=lambda update, loss: reported.append((update, loss))
    )
    assert reported == list(zip((1, 2, 3), losses, strict=True))
