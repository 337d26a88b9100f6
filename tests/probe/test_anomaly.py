"""Scores of anomalies against plain loops; alarms against counting by hand; the stream against the whole."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.apps.autoencoding import fit_autoencoder
from elman.apps.detector import Detector
from elman.nn.autoencoder import SequenceAutoencoder
from elman.probe.anomaly import (
    Profile,
    alarm_report,
    around,
    clock,
    covering,
    isolation_score,
    moving_z,
    newest,
    reconstruction_errors,
    runs,
    usual_error,
)

DAYS = np.sin(np.arange(480) * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=480) / 10


@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 99))
def test_scores_are_those_of_plain_loops(width, count, seed):
    errors = np.random.default_rng(seed).uniform(size=(width, count))
    n = width + count - 1
    held = [[errors[t - w, w] for w in range(count) if 0 <= t - w < width] for t in range(n)]
    np.testing.assert_allclose(covering(errors), [np.mean(part) for part in held])
    np.testing.assert_allclose(newest(errors), [part[0] for part in held])
    score = errors[:, 0]
    for wide in (1, 2, 3, 4):
        behind = wide // 2
        parts = [score[max(0, k - behind) : k - behind + wide] for k in range(width)]
        np.testing.assert_allclose(around(score, wide), [part.mean() for part in parts])


def test_errors_are_of_each_window():
    model, values = SequenceAutoencoder(hidden_size=3).eval(), np.arange(7.0)
    errors = reconstruction_errors(model, values, 4)
    window = torch.arange(2.0, 6.0)[:, None, None]
    torch.testing.assert_close(torch.tensor(errors[:, 2]), (model(window) - window).abs()[:, 0, 0].detach())


def test_what_is_known_is_told_and_not_reconstructed():
    model, values = SequenceAutoencoder(hidden_size=3, known_size=2).eval(), np.arange(7.0)
    known = clock(0, 7, [5])
    errors = reconstruction_errors(model, values, 4, known)
    window, reported = torch.arange(2.0, 6.0)[:, None, None], torch.tensor(known[2:6, None], dtype=torch.float32)
    torch.testing.assert_close(torch.tensor(errors[:, 2]), (model(window, reported) - window).abs()[:, 0, 0].detach())
    assert not np.allclose(errors, reconstruction_errors(model, values, 4, clock(2, 7, [5])))
    with pytest.raises(ValueError, match=r"known of shape \(4, 1, 2\), got \(4, 1, 0\)"):
        model(window)


def test_training_lowers_the_error_and_knows_the_time():
    days = clock(0, len(DAYS), [24])
    made = [fit_autoencoder(DAYS[:360], 24, known=days[:360], updates=updates) for updates in (0, 200)]
    untrained, trained = (reconstruction_errors(model, DAYS, 24, days)[:, 360:].mean() for model in made)
    assert trained < untrained / 2


def test_a_forest_sets_a_strange_window_apart():
    changed = DAYS.copy()
    changed[430:436] += 5
    score = isolation_score(changed, 240, 12, 0)
    assert 419 <= score.argmax() <= 446
    assert len(score) == len(DAYS)


def test_usual_errors():
    np.testing.assert_allclose(usual_error(np.array([1.0, 2, 3, 6, 5]), 2), [3 + 0.34, 4 + 0.34])


@given(st.lists(st.booleans(), max_size=12))
def test_runs_cover_what_is_true(flags):
    found = runs(np.array(flags, bool))
    assert sorted(k for a, b in found for k in range(a, b)) == [k for k, flag in enumerate(flags) if flag]
    assert all(b < c for (_, b), (c, _) in pairwise(found))


def test_alarms_by_hand():
    labels = np.array([0, 1, 1, 1, 0, 0, 1, 0, 0, 0], bool)
    score = np.array([5, 5, 0, 0, 0, 5, 0, 0, 5, 5.0])
    report = alarm_report(score, labels, threshold=1, day=5)
    assert report["precision"] == 1 / 5
    assert report["recall"] == 1 / 4
    assert report["f1"] == pytest.approx(2 / 9)
    assert report["events"] == 1 / 2
    assert report["false"] == 2 * 5 / 10  # the first run touches an event; two do not


def test_what_is_usual():
    profile = Profile.fit(DAYS, 24)
    np.testing.assert_allclose(profile.mean, DAYS.reshape(-1, 24).mean(0))
    np.testing.assert_allclose(profile.z(DAYS[30:40], first=30), profile.z(DAYS)[30:40])
    with pytest.raises(ValueError, match="a profile of 300 steps needs at least 600 values, got 480"):
        Profile.fit(DAYS, 300)


def test_a_moving_z_knows_only_the_past():
    score = moving_z(DAYS, 24)
    changed = DAYS.copy()
    changed[100:] = 50
    np.testing.assert_array_equal(moving_z(changed, 24)[:100], score[:100])
    assert score[60] == pytest.approx(abs(DAYS[60] - DAYS[36:60].mean()) / (DAYS[36:60].std() + 1e-9))


def test_one_by_one_as_at_once_and_never_growing():
    detector, other = (Detector.fit(DAYS[:400], period=24, window=12, updates=3, seed=1) for _ in range(2))
    whole = detector.scores(DAYS[400:])
    single = [other.feed(value) for value in DAYS[400:].tolist()]
    np.testing.assert_allclose(whole, single, rtol=1e-5, atol=1e-6)
    assert len(other._last) == 12
    assert other._next < 24
    with pytest.raises(ValueError, match="finite"):
        other.feed(float("nan"))
    assert other.feed(1.0) == pytest.approx(detector.feed(1.0), rel=1e-5)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"period": 200}, "need 572 normal values"),
        ({"window": 40}, "need 572"),
        ({"quantile": 1.0}, "between 0 and 1"),
    ],
)
def test_too_little_to_learn_from(asked, said):
    with pytest.raises(ValueError, match=said):
        Detector.fit(DAYS, **{"period": 1, "window": 12, "updates": 1} | asked)


def test_nothing_can_be_learned_from_one_value():
    with pytest.raises(ValueError, match="the first 336 values are all 5"):
        Detector.fit(np.concatenate([np.full(400, 5.0), DAYS[:80]]), window=12)


def test_the_threshold_comes_from_values_that_were_not_learned():
    detector = Detector.fit(DAYS, period=24, window=12, updates=3, quantile=0.9)
    again = newest(reconstruction_errors(detector.model, detector.profile.z(DAYS), 12))[len(DAYS) * 7 // 10 :]
    assert detector.threshold == pytest.approx(np.quantile(again, 0.9))
