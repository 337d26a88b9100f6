"""Verdicts against scipy's interval and the definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from elman.lab.arms import Arms
from elman.lab.findings import Claim
from elman.lab.study import Record, Trial
from elman.lab.verdicts import Estimate, crossed, interval, judge, judge_all

numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=2, max_size=20))
def test_interval_is_students(values):
    mean, low, high = interval(values)
    assert low <= mean + 1e-9
    assert mean <= high + 1e-9
    if len(set(values)) > 1:
        expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert low == pytest.approx(expected.low, rel=1e-6, abs=1e-3)
        assert high == pytest.approx(expected.high, rel=1e-6, abs=1e-3)


def test_one_value_has_no_interval_and_none_is_an_error():
    assert interval([3.0]) == (3.0, -math.inf, math.inf)
    with pytest.raises(ValueError, match="at least one value"):
        interval([])


@given(st.lists(numbers, max_size=8), numbers, numbers)
def test_a_verdict_follows_from_its_interval(values, a, b):
    claim = Claim("k", "s", "s", at_least=min(a, b), at_most=max(a, b))
    verdict = judge(claim, values)
    inside = claim.at_least <= verdict.low and verdict.high <= claim.at_most
    outside = verdict.high < claim.at_least or verdict.low > claim.at_most
    assert verdict.verdict == ("holds" if inside else "does not hold" if outside else "undecided")
    if len(values) < 2:
        assert verdict.verdict == "undecided"


@pytest.mark.parametrize(
    ("value", "verdict"), [(2.0, "holds"), (2.0000001, "does not hold"), (math.nan, "undecided")]
)
def test_exact_numbers_have_no_spread(value, verdict):
    assert judge(Claim("k", "s", "s", at_least=2.0, at_most=2.0), value).verdict == verdict


def test_nan_among_the_values_decides_nothing():
    assert judge(Claim("k", "s", "s", at_most=1.0), [0.0, math.nan]).verdict == "undecided"


def test_each_claim_is_judged_by_its_own_measure():
    claims = [
        Claim("mean", "s", "s", at_most=1.0, measure=lambda arms: arms.numbers("GRU", "loss")),
        Claim("exact", "s", "s", at_least=2.0, measure=lambda arms: float(len(arms.records))),
        Claim("absent", "s", "s", at_least=2.0, measure=lambda arms: arms.exact("LSTM", "loss")),
    ]
    records = [Record({"loss": 0.5 + 0.01 * seed}, trial=Trial("GRU", seed)) for seed in range(3)]
    found = judge_all(claims, Arms(records))
    assert [(v.claim, v.verdict, v.n, v.exact) for v in found] == [
        (claims[0], "holds", 3, False), (claims[1], "holds", 1, True), (claims[2], "undecided", 0, False),
    ]  # fmt: skip


def test_seeds_and_items_that_both_vary_give_a_wider_interval_than_either():
    rng = np.random.default_rng(0)
    values = (rng.normal(0, 1, (5, 1)) + rng.normal(0, 3, (1, 40))).tolist()
    both = crossed(values)
    ends = [interval(np.mean(values, axis).tolist()) for axis in (1, 0)]
    assert all(both.low < low and high < both.high for _, low, high in ends)
    assert both.mean == pytest.approx(np.mean(values))


def test_the_interval_of_seeds_and_items_covers_as_often_as_it_says():
    """Drawn many times, with a true mean of zero: at least about 95 % of the intervals contain it."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(400):
        drawn = rng.normal(0, 0.5, (4, 1)) + rng.normal(0, 1, (1, 30)) + rng.normal(0, 1, (4, 30))
        estimate = crossed(drawn.tolist())
        found.append(estimate.low <= 0 <= estimate.high)
    assert sum(found) / len(found) > 0.93


def test_an_estimate_is_judged_by_its_own_interval():
    claim = Claim("k", "s", "s", at_least=0.0)
    found = [judge(claim, Estimate(mean, mean - 1, mean + 1, 3)) for mean in (2.0, 0.5, -2.0)]
    assert [v.verdict for v in found] == ["holds", "undecided", "does not hold"]
    assert {(v.n, v.exact) for v in found} == {(3, False)}


def test_a_claim_that_was_saved_has_no_measure():
    with pytest.raises(ValueError, match="the claim 'k' has no measure"):
        judge_all([Claim("k", "s", "s")], Arms([]))
