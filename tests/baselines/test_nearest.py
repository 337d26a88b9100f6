"""The nearest neighbour against a search by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.baselines.nearest import NearestNeighbour, stretched


@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 5))
def test_it_is_the_least_distance(known, wanted, seed):
    random = np.random.default_rng(seed)
    some = [random.normal(size=(random.integers(1, 9), 2)) for _ in range(known)]
    others = [random.normal(size=(random.integers(1, 9), 2)) for _ in range(wanted)]
    steps = max(map(len, some))
    distance = [[((stretched(a, steps) - stretched(b, steps)) ** 2).sum() for b in some] for a in others]
    expected = [str(np.argmin(row)) for row in distance]
    assert NearestNeighbour(some, [str(k) for k in range(known)]).classes(others) == expected


def test_a_stretched_sequence_keeps_its_ends_and_its_lines():
    line = np.arange(7.0)[:, None] * [1, -2]
    np.testing.assert_allclose(stretched(line, 13), np.arange(13)[:, None] / 2 * [1, -2])
    np.testing.assert_array_equal(stretched(line, 7), line)
    np.testing.assert_array_equal(stretched(line[:1], 3), np.zeros((3, 2)))


def test_labels_are_needed():
    with pytest.raises(ValueError, match="as many labels, got 1 and 0"):
        NearestNeighbour([np.zeros((1, 1))], [])
