"""Passes over a set: padding, stopping, going on, answers in order."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from elman.cells import GRUCell
from elman.nn.classifier import SequenceClassifier, StepClassifier
from elman.train.epochs import NOTHING, Labelled, fit, logits_of, nats


def data(count, steps=False, seed=0):
    """The class is whether more steps are positive than not; or, at every step, whether that one is."""
    random = torch.Generator().manual_seed(seed)
    inputs = [torch.randn(int(n), 1, generator=random) for n in torch.randint(1, 8, (count,), generator=random)]
    each = [(x[:, 0] > 0).long() for x in inputs]
    return Labelled(inputs, each if steps else [int(e.sum() * 2 > len(e)) for e in each])


def model(steps=False, seed=0):
    torch.manual_seed(seed)
    return (StepClassifier if steps else SequenceClassifier)(GRUCell(1, 8), 2)


@pytest.mark.parametrize("steps", [False, True])
def test_it_learns_and_the_loss_is_that_of_each_sequence_alone(steps):
    net, some = model(steps), data(60, steps)
    made = list(fit(net, some, data(40, steps, 1), 12, learning_rate=2e-2, batch_size=8))
    assert made[-1].loss < 0.5 * made[0].loss
    net.double()
    exact = Labelled([x.double() for x in some.inputs], some.targets)
    alone = [net(x[:, None]) for x in exact.inputs]
    for found, expected in zip(logits_of(net, exact, batch_size=7), alone, strict=True):
        torch.testing.assert_close(found, expected[:, 0] if steps else expected[0])
    flat = torch.cat([one.reshape(-1, 2) for one in alone])
    answers = torch.cat([torch.as_tensor(t).reshape(-1) for t in some.targets])
    assert nats(net, exact) == pytest.approx(cross_entropy(flat, answers).item(), rel=1e-12)


def test_the_best_pass_is_kept():
    net, held_out = model(), data(20, seed=1)
    made = list(fit(net, data(8), held_out, 60, learning_rate=0.1, patience=4, batch_size=4))
    scores = [epoch.validation for epoch in made]
    assert len(made) < 60
    assert len(made) == scores.index(min(scores)) + 1 + 4, "four passes did not better it"
    assert nats(net, held_out) == min(scores)
    assert [epoch.best for epoch in made] == [score == min(scores[: k + 1]) for k, score in enumerate(scores)]


def test_without_data_held_out_the_last_pass_stays():
    net = model()
    made = list(fit(net, data(8), None, 3, learning_rate=0.01, batch_size=4))
    assert [math.isnan(epoch.validation) for epoch in made] == [True] * 3
    assert [len(epoch.norms) for epoch in made] == [2] * 3


def test_it_goes_on_bit_for_bit(tmp_path):
    def run(path, seed=0):
        net = model(seed=seed)
        made = fit(net, data(10), data(9, seed=1), 30, learning_rate=0.1, patience=3, batch_size=4,
                          checkpoint=path)  # fmt: skip
        return net, made

    whole, made = run(tmp_path / "whole")
    expected = list(made)
    _, first = run(tmp_path / "cut")
    assert len(expected) > 4
    for epoch in first:
        if epoch.number == 3:  # the checkpoint of the third pass is not yet written: it goes on from the second
            break
    first.close()
    net, again = run(tmp_path / "cut", seed=7)
    assert list(again) == expected
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), whole.parameters(), strict=True))


def test_targets_are_padded_with_nothing():
    some = Labelled([torch.ones(2, 1), torch.ones(1, 1)], [torch.tensor([1, 0]), torch.tensor([1])])
    assert some[np.array([0, 1])][2].tolist() == [[1, 1], [0, NOTHING]]


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([], [], "got 0 and 0"),
        ([torch.ones(1, 1)], [], "got 1 and 0"),
        ([torch.ones(0, 1)], [1], "length 0"),
    ],
)
def test_what_cannot_be_learned_from(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        Labelled(inputs, targets)


def test_any_module_will_do():
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(1, 2)

        def forward(self, x, lengths):
            return self.head(x.sum(0) / lengths[:, None])

    made = list(fit(Mean(), data(60), None, 20, learning_rate=0.2))
    assert made[-1].loss < made[0].loss
