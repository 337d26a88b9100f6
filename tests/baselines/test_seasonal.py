"""The season is found where there is one, and repeated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.baselines.seasonal import Seasonal, period_of


@given(st.integers(3, 40), st.integers(0, 3), st.floats(-2, 2))
def test_a_season_is_found_under_noise_and_trend(period, seed, trend):
    random = np.random.default_rng(seed)
    season = random.normal(size=period)
    season[0] += 5  # a peak, so that no shorter season fits
    values = np.tile(season, 8) + 0.1 * random.normal(size=8 * period) + trend * np.arange(8 * period) / period
    assert period_of(values) == period


@pytest.mark.parametrize("values", [np.zeros(100), np.arange(100.0), np.ones(3), np.zeros(0)])
def test_no_season(values):
    assert period_of(values) == 1


def test_noise_has_no_season():
    assert [period_of(np.random.default_rng(seed).normal(size=500)) for seed in range(5)] == [1] * 5


@given(st.integers(1, 9), st.integers(1, 20), st.integers(0, 20))
def test_the_last_season_is_repeated(period, horizon, more):
    known = np.arange(float(2 * (period + more))).reshape(-1, 2)
    found = Seasonal(period).forecast(known, horizon)
    expected = [known[len(known) - period + step % period].tolist() for step in range(horizon)]
    assert found.tolist() == expected


def test_too_few_values():
    with pytest.raises(ValueError, match="a season of 3 steps"):
        Seasonal(3).forecast(np.zeros((2, 1)), 1)
    with pytest.raises(ValueError, match="at least 1"):
        Seasonal(0)
