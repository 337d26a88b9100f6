"""Batches against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.batches import Batches

lengths = st.lists(st.integers(1, 50), min_size=1, max_size=60)


@given(lengths, st.integers(1, 9), st.integers(0, 5), st.integers(1, 4), st.integers(0, 3))
def test_every_pass_takes_every_sequence_once(lengths, size, seed, pool, which):
    batches = Batches(lengths, size, seed, pool)
    taken = [batches[which * len(batches) + k] for k in range(len(batches))]
    assert sorted(np.concatenate(taken)) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in taken)
    again = Batches(list(lengths), size, seed, pool)
    assert all(np.array_equal(a, again[which * len(batches) + k]) for k, a in enumerate(taken))


def test_pools_keep_padding_small_and_passes_differ():
    lengths = list(range(1, 201))
    sorted_, loose = Batches(lengths, 10, pool=20), Batches(lengths, 10, pool=1)

    def padding(batches):
        return sum(len(batches[k]) * (batches[k].max() + 1) - (batches[k] + 1).sum() for k in range(len(batches)))

    assert padding(sorted_) == 20 * 45, "all in one pool: ten neighbours each"
    assert padding(loose) > 4 * padding(sorted_)
    assert [sorted_[k].tolist() for k in range(20)] != [sorted_[20 + k].tolist() for k in range(20)]


@pytest.mark.parametrize(("lengths", "size"), [([], 3), ([1], 0)])
def test_nothing_to_make_batches_of(lengths, size):
    with pytest.raises(ValueError, match=r"at least one sequence|at least 1, got"):
        Batches(lengths, size)
