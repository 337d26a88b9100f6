"""Means over seeds, their bands, and the stretches of a run, beside NumPy and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from elman.lab.over_seeds import POINTS, POSITIVE, SHARE, across, middles, spread, stretches

SEEDS = [[1.0, 4.0, 9.0], [2.0, 8.0, 3.0], [4.0, 2.0, 1.0], [3.0, 5.0, 2.0], [2.5, 6.0, 9.5]]


def students(columns):
    """Mean and 95 % interval of each column."""
    values = np.array(columns)
    half = t.ppf(0.975, len(values) - 1) * values.std(0, ddof=1) / np.sqrt(len(values))
    return values.mean(0), values.mean(0) - half, values.mean(0) + half


def test_a_line_is_the_mean_and_its_band_the_interval():
    line = across("a", [1, 2, 3], SEEDS)
    for found, expected in zip((line.y, line.low, line.high), students(SEEDS), strict=True):
        assert found == pytest.approx(list(expected))


def test_on_a_logarithmic_axis_the_mean_is_the_geometric_one():
    line = across("a", [1, 2, 3], SEEDS, logarithmic=True)
    for found, expected in zip((line.y, line.low, line.high), students(np.log(SEEDS)), strict=True):
        assert found == pytest.approx(list(np.exp(expected)))


def test_a_band_is_clipped_to_the_range():
    _, low, high = students(SEEDS)
    line = across("a", [1, 2, 3], SEEDS, within=(1.5, 7.0))
    assert line.low == pytest.approx(list(low.clip(1.5)))
    assert line.high == pytest.approx(list(high.clip(max=7.0)))
    assert min(across("a", [1, 2, 3], SEEDS, within=POSITIVE).low) == 0
    assert max(across("a", [1, 2, 3], SEEDS, within=POSITIVE).high) == pytest.approx(high.max())


def test_fewer_than_five_seeds_are_thin_lines_and_one_is_the_line():
    few = across("a", [1, 2, 3], SEEDS[:4])
    assert few.y == pytest.approx(list(students(SEEDS[:4])[0]))
    assert (few.low, few.high, few.seeds) == (None, None, SEEDS[:4])
    alone = across("a", [1, 2, 3], SEEDS[:1])
    assert (alone.y, alone.low, alone.high) == (SEEDS[0], None, None)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_line_ends_where_x_or_a_seed_ends(length):
    line = across("a", range(length), SEEDS)
    short = min(length, 3)
    assert line.x == list(range(short))
    assert line.low is not None
    assert line.high is not None
    assert len(line.y) == len(line.low) == len(line.high) == short


def test_a_mean_as_text():
    assert spread([1.0, 2.0, 3.0], 3) == "2.000 (−0.484 to 4.484)"
    assert spread([1.0, 2.0, 3.0], 1, within=(0.0, 4.0)) == "2.0 (0.0 to 4.0)"
    assert spread([0.9, 1.0], 2, within=SHARE) == "0.95 (0.31 to 1.00)"
    assert spread([0.0, math.log(4)], 2, shown_as=math.exp, within=(0.0, math.log(8))) == "2.00 (1.00 to 8.00)"


@given(st.lists(st.floats(-1e6, 1e6), max_size=180), st.integers(1, 60))
def test_stretches_are_parts_of_nearly_equal_length_that_cover_the_run(values, points):
    means, centres = stretches(values, points), middles(len(values), points)
    assert len(means) == len(centres) == min(points, len(values))
    assert [round(2 * c) for c in centres] == sorted({round(2 * c) for c in centres})
    if values:
        edges = [0.0]
        for centre in centres:
            edges.append(2 * centre - edges[-1])
        sizes = np.diff(edges)
        assert edges[-1] == len(values)
        assert max(sizes) - min(sizes) <= 1
        assert np.dot(means, sizes) == pytest.approx(sum(values), abs=1e-3)


def test_a_learning_curve_has_fifty_points():
    assert POINTS == len(stretches([1.0] * 120)) == len(middles(120)) == 50
