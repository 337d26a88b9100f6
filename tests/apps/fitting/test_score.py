"""Scores: the mean, its bootstrap interval, and differences on the same records."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.apps.fitting.score import Score

values = st.lists(st.floats(-10, 10), min_size=1, max_size=30)


@given(values, st.data())
def test_a_weighted_mean_lies_in_its_interval(found, data):
    weights = data.draw(st.lists(st.integers(1, 9), min_size=len(found), max_size=len(found)))
    score = Score("x", found, weights)
    assert score.value == pytest.approx(sum(v * w for v, w in zip(found, weights, strict=True)) / sum(weights))
    low, high = score.interval()
    assert min(found) - 1e-9 <= low <= high <= max(found) + 1e-9
    assert score.interval() == (low, high), "the same records give the same interval"


def test_the_interval_is_that_of_a_mean():
    """Of many independent values the bootstrap gives the normal interval, 1.96 standard errors to either side."""
    found = np.random.default_rng(1).normal(size=4000)
    low, high = Score("x", found.tolist()).interval()
    error = found.std() / math.sqrt(len(found))
    assert (low, high) == pytest.approx((found.mean() - 1.96 * error, found.mean() + 1.96 * error), abs=0.15 * error)


@pytest.mark.parametrize("higher", [True, False])
def test_better_worse_and_undecided(higher):
    def score(found):
        return Score("x", found, higher_is_better=higher)

    ones, zeros = score([1.0] * 20), score([0.0] * 20)
    assert ones.over(zeros).verdict == ("better" if higher else "worse")
    assert zeros.over(ones).value == (-1.0 if higher else 1.0)
    assert score([0.0, 1.0] * 10).over(score([1.0, 0.0] * 10)).verdict == "undecided"


@pytest.mark.parametrize(("found", "weights"), [([], None), ([1.0], [1.0, 2.0])])
def test_no_values_or_other_weights_are_refused(found, weights):
    with pytest.raises(ValueError, match="a score needs at least one value"):
        Score("x", found, weights)


def test_scores_of_other_records_do_not_compare():
    with pytest.raises(ValueError, match="same records"):
        Score("x", [1.0]).over(Score("x", [1.0, 2.0]))
