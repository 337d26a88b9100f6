"""Calibration and tests for pairs, against other implementations and by hand."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.probe.calibration import brier, calibration_error, nll, perfect_error, reliability, temperature
from elman.probe.paired import holm, mcnemar, paired_permutation


def drawn(count, classes, seed):
    random = np.random.default_rng(seed)
    return random.dirichlet(np.ones(classes), count), random.integers(classes, size=count)


@given(st.integers(1, 80), st.integers(2, 4), st.integers(0, 99))
def test_calibration_error_is_torchmetrics(count, classes, seed):
    torchmetrics = pytest.importorskip("torchmetrics.functional.classification")
    import torch

    probabilities, answers = drawn(count, classes, seed)
    expected = torchmetrics.multiclass_calibration_error(
        torch.tensor(probabilities), torch.tensor(answers), num_classes=classes, n_bins=15, norm="l1"
    )
    assert calibration_error(probabilities, answers) == pytest.approx(float(expected), abs=1e-6)


@given(st.integers(1, 60), st.integers(2, 4), st.integers(0, 99), st.integers(1, 9))
def test_adaptive_bins_hold_as_many_each(count, classes, seed, bins):
    found = reliability(*drawn(count, classes, seed), bins, adaptive=True)
    assert found.count.sum() == count
    assert found.count.max() - found.count.min() <= 1


def test_by_hand():
    probabilities, answers = np.array([[0.8, 0.2], [0.3, 0.7], [1.0, 0.0]]), np.array([0, 0, 0])
    assert nll(probabilities, answers) == pytest.approx(-(np.log(0.8) + np.log(0.3)) / 3)
    assert brier(probabilities, answers) == pytest.approx((0.08 + 0.98 + 0) / 3)
    assert calibration_error(probabilities, answers) == pytest.approx((0.2 + 0.7 + 0) / 3)


def test_one_that_says_the_truth_is_at_the_floor():
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(2), 1821)
    answers = (random.random(1821) > probabilities[:, 0]).astype(int)
    floor = perfect_error(probabilities)
    assert calibration_error(probabilities, answers) < 2 * floor
    assert 0.005 < floor < 0.03
    wrong = np.stack([probabilities[:, 0] ** 3, probabilities[:, 1] ** 3], 1)
    wrong /= wrong.sum(1, keepdims=True)
    assert calibration_error(wrong, answers) > 4 * floor


@given(st.floats(0.3, 3.0), st.integers(0, 20))
def test_temperature_undoes_what_was_done_to_logits(factor, seed):
    random = np.random.default_rng(seed)
    logits, answers = random.normal(size=(200, 3)), random.integers(3, size=200)
    logits[np.arange(200), answers] += 1.5
    assert temperature(logits * factor, answers) == pytest.approx(temperature(logits, answers) * factor, rel=1e-3)


@pytest.mark.parametrize(
    ("probabilities", "answers", "message"),
    [(np.ones((0, 2)), [], "at least 1"), ([[0.5, 0.5]], [0, 1], "expected"), ([[0.9, 0.9]], [0], "distribution"),
     ([[np.nan, 0.5]], [0], "distribution"), ([[-0.1, 1.1]], [0], "distribution")],
)  # fmt: skip
def test_what_is_no_distribution(probabilities, answers, message):
    with pytest.raises(ValueError, match=message):
        reliability(np.array(probabilities), np.array(answers))


def test_mcnemar_by_hand():
    a, b = [True] * 9 + [False] * 3, [True] * 2 + [False] * 7 + [True] + [False] * 2
    assert mcnemar(a, b) == pytest.approx(2 * (1 + 8) / 2**8)  # 7 against 1
    assert mcnemar(a, a) == 1.0
    with pytest.raises(ValueError, match="of the same length"):
        mcnemar([True], [])
    with pytest.raises(ValueError, match="N at least 1"):
        mcnemar([], [])
    with pytest.raises(ValueError, match=r"got \(1, 2\)"):
        mcnemar([[True, False]], [[True, False]])


def test_permutation_of_few_pairs_is_exact():
    assert paired_permutation([1, 2, 3, 4], [0, 0, 0, 0]) == pytest.approx(2 / 16)
    assert paired_permutation([1.0, -1.0], [0, 0]) == pytest.approx(1.0)


@cache  # importorskip is slow, even for what is there
def multitest():
    return pytest.importorskip("statsmodels.stats.multitest")


@settings(max_examples=20)
@given(st.dictionaries(st.text(max_size=2), st.floats(0, 1), max_size=6))
def test_holm(p_values):
    statsmodels = multitest()
    found = holm(p_values)
    assert list(found) == list(p_values)
    if p_values:
        expected = statsmodels.multipletests(list(p_values.values()), method="holm")[1]
        assert list(found.values()) == pytest.approx(list(expected))
