"""The classifier: it learns what can be learned, and what it says is counted right."""

import pytest
import torch

from elman.cells import GRUCell
from elman.data.tasks import Recall
from elman.nn.classifier import SequenceClassifier
from elman.train import LossNotFinite, accuracy, class_loss, losses, train


def test_it_learns_to_recall_and_padding_does_not_matter():
    torch.manual_seed(0)
    task, generator = Recall(4, symbols=3, distractors=2), torch.Generator().manual_seed(0)
    model = SequenceClassifier(GRUCell(task.input_size, 12), 3)

    def draw(update):
        x, y = task.draw(32, generator)
        return x, None, y

    made = losses(train(model, lambda update: class_loss(model, draw(update)), 150, learning_rate=1e-2))
    assert len(made) == 150
    x, y = task.draw(200, generator)
    assert accuracy(model, (x, None, y)) == 1.0
    padded = torch.cat([x, torch.full((3, *x.shape[1:]), float("nan"))])
    assert accuracy(model, (padded, [4] * 200, y)) == 1.0
    assert accuracy(model, (x, None, (y + 1) % 3)) == 0.0
    assert model.training


def test_a_loss_that_is_not_finite_stops():
    model = SequenceClassifier(GRUCell(2, 3), 2)
    batch = torch.full((2, 1, 2), float("nan")), None, torch.tensor([0])
    with pytest.raises(LossNotFinite, match="at update 0"):
        losses(train(model, lambda _: class_loss(model, batch), 3, learning_rate=1.0))
