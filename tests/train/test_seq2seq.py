"""Teacher forcing, scheduled sampling, and learning to reverse."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from elman.data.pairs import Pairs
from elman.decode import greedy
from elman.nn.seq2seq import Seq2Seq
from elman.train import forcing
from elman.train.loop import losses, train
from elman.train.seq2seq import sequence_loss, token_loss

END, BEGIN = 4, 5


def reversals(count, generator, longest=4):
    lengths = torch.randint(1, longest + 1, (count,), generator=generator)
    source = torch.randint(0, 4, (longest, count), generator=generator)
    target = torch.full((longest + 2, count), END)
    target[0] = BEGIN
    for row, n in enumerate(lengths.tolist()):
        target[1 : n + 1, row] = source[:n, row].flip(0)
    return Pairs(source, lengths, target, lengths + 2)


def model():
    torch.manual_seed(0)
    return Seq2Seq(4, 6, embedding_size=8, hidden_size=16)


def test_loss_counts_real_tokens_alone():
    log_probs = torch.randn(3, 2, 5, dtype=torch.float64).log_softmax(-1)
    target = torch.tensor([[0, 0], [1, 4], [2, 0], [3, 0]])
    expected = -(log_probs[0, 0, 1] + log_probs[1, 0, 2] + log_probs[2, 0, 3] + log_probs[0, 1, 4]) / 4
    assert_close(token_loss(log_probs, target, torch.tensor([4, 2])), expected)


def test_full_forcing_reads_the_truth_and_none_does_not():
    net, batch = model().double(), reversals(64, torch.Generator().manual_seed(0))
    whole = sequence_loss(net, batch)
    nearly = sequence_loss(net, batch, 1 - 1e-12, torch.Generator().manual_seed(0))  # by single steps
    assert_close(nearly, whole, rtol=1e-10, atol=1e-10)
    free = sequence_loss(net, batch, 0.0, torch.Generator().manual_seed(0))
    assert abs(free.item() - whole.item()) > 1e-6
    with pytest.raises(ValueError, match=r"forcing must be a probability, got 1\.5"):
        sequence_loss(net, batch, 1.5)


def test_it_learns_to_reverse():
    net, draw = model(), torch.Generator().manual_seed(1)
    made = losses(train(net, lambda _: sequence_loss(net, reversals(64, draw)), 250, learning_rate=2e-2))
    assert made[-1] < 0.1 < made[0]
    test = reversals(50, torch.Generator().manual_seed(2))
    net.eval()
    with torch.no_grad():
        written = greedy(net.step, torch.full((50, 1), BEGIN), 6, eos=END, state=net.encode(*test[:2]))
    right = 0
    for row, n in enumerate(test.lengths.tolist()):
        right += written[row, :n].tolist() == test.source[:n, row].flip(0).tolist()
    assert right >= 48


@given(st.integers(0, 10**7), st.floats(1, 1e4))
def test_inverse_sigmoid_is_the_papers(i, k):
    power = i / k
    expected = k / (k + math.exp(power)) if power < 700 else 0.0
    assert forcing.inverse_sigmoid(k)(i) == pytest.approx(expected, rel=1e-9, abs=1e-290)


@pytest.mark.parametrize(
    "schedule", [forcing.always, forcing.linear(0.01, 0.2), forcing.exponential(0.99), forcing.inverse_sigmoid(50)]
)
def test_schedules_are_probabilities_that_never_rise(schedule):
    values = [schedule(i) for i in range(0, 100_000, 37)]
    assert all(0 <= b <= a <= 1 for a, b in itertools.pairwise(values))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: forcing.linear(0), "slope must be positive, got 0"),
        (lambda: forcing.linear(1, 2), "floor must be from 0 to 1, got 2"),
        (lambda: forcing.exponential(1), "k must be between 0 and 1, got 1"),
        (lambda: forcing.inverse_sigmoid(math.nan), "k must be at least 1, got nan"),
    ],
)
def test_schedules_refuse_nonsense(make, said):
    with pytest.raises(ValueError, match=said):
        make()
