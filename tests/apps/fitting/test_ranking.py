"""Average precision against scikit-learn, and its interval over blocks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from elman.apps.fitting.ranking import average_precision
from elman.apps.fitting.score import Score


@given(st.integers(2, 60), st.integers(1, 6), st.integers(0, 99))
def test_it_is_that_of_scikit_learn(count, blocks, seed):
    random = np.random.default_rng(seed)
    scores, labels = random.integers(0, 9, count) / 4, random.random(count) < 0.4
    labels[0] = True
    of = np.arange(count) * blocks // count
    score = average_precision(scores, labels, of)
    assert score.value == pytest.approx(average_precision_score(labels, scores))
    counts = random.integers(0, 3, len(set(of)))
    weights = counts[np.unique(of, return_inverse=True)[1]]
    measured = score.measure(counts)
    if (weights * labels).any():
        assert measured == pytest.approx(average_precision_score(labels, scores, sample_weight=weights))
    else:
        assert math.isnan(measured)


def test_the_interval_holds_the_score_and_differences_are_of_the_same_blocks():
    random = np.random.default_rng(0)
    labels = np.repeat(random.random(40) < 0.3, 20)
    good, blind = labels + random.normal(size=800) / 2, random.normal(size=800)
    blocks = np.arange(800) // 20
    ours, other = average_precision(good, labels, blocks), average_precision(blind, labels, blocks)
    low, high = ours.interval()
    assert low < ours.value < high
    assert len(ours.values) == 40
    assert ours.over(other).verdict == "better"
    assert ours.over(ours).verdict == "undecided"
    with pytest.raises(ValueError, match="none among 3"):
        average_precision(np.ones(3), np.zeros(3, bool), np.arange(3))


def test_a_mean_as_a_measure_is_the_mean():
    values = np.random.default_rng(1).normal(size=50)
    plain = Score("x", values.tolist())
    other = Score("x", [0.0] * 50, measure=lambda counts: float(counts @ values / counts.sum()))
    assert other.value == pytest.approx(plain.value)
    assert other.interval() == pytest.approx(plain.interval(), abs=0.05)
    assert other.over(plain).high == pytest.approx(0)
