"""What a melody is like, by hand and by properties."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.music.folk import write_tune
from elman.data.music.melody import REST, TONICS, Melody
from elman.probe.melody import (
    KRUMHANSL,
    bars_filled,
    best_key,
    durations,
    in_scale,
    intervals,
    kl,
    nearest_distance,
    pooled,
    shuffled,
)


@pytest.mark.parametrize(("tonic", "minor"), list(product(range(12), (False, True))))
def test_a_profile_is_its_own_key(tonic, minor):
    tune = Melody(tuple((60 + (tonic + k) % 12, round(100 * v)) for k, v in enumerate(KRUMHANSL[minor])))
    key = best_key(tune)
    assert (key.tonic, key.minor, key.name) == (tonic, minor, TONICS[tonic] + "m" * minor)
    assert key.correlation == pytest.approx(1)


def test_the_correlation_by_hand():
    heard = np.array([6, 0, 2, 0, 4, 0, 0, 4, 0, 0, 0, 0], float)
    tune = Melody(((60, 3), (REST, 9), (72, 3), (62, 2), (64, 4), (55, 4)))
    assert best_key(tune).correlation == pytest.approx(np.corrcoef(heard, KRUMHANSL[False])[0, 1])
    with pytest.raises(ValueError, match="all twelve"):
        best_key(Melody(tuple((60 + k, 2) for k in range(12))))


@given(st.integers(0, 300), st.integers(-11, 11))
def test_a_transposition_moves_the_key_alone(seed, semitones):
    tune = write_tune(seed)
    moved = tune.transposed(semitones)
    before, after = best_key(tune), best_key(moved)
    assert after.correlation == pytest.approx(before.correlation)
    assert intervals([moved]) == intervals([tune])
    assert in_scale(moved, moved.tonic, moved.minor) == 1
    assert nearest_distance([moved], [write_tune(seed + 1), tune]) == [0]


@given(st.integers(0, 300))
def test_shuffling_keeps_the_key(seed):
    tune = write_tune(seed)
    mixed = shuffled(tune, seed)
    assert sorted(mixed.notes) == sorted(tune.notes)
    assert best_key(mixed) == best_key(tune)
    assert durations([mixed]) == durations([tune])
    assert bars_filled(tune) == 1 or tune.pickup


def test_pooled_notes_are_dealt_once():
    collection = [write_tune(seed) for seed in range(6)]
    dealt = pooled(collection, 1)
    assert [len(tune.notes) for tune in dealt] == [len(tune.notes) for tune in collection]
    assert sorted(n for t in dealt for n in t.notes) == sorted(n for t in collection for n in t.notes)
    assert dealt == pooled(collection, 1) != pooled(collection, 2)


def test_bars():
    assert bars_filled(Melody(((60, 4), (62, 16), (64, 16)), pickup=4)) == 1
    assert bars_filled(Melody(((60, 16), (62, 20), (64, 12)))) == pytest.approx(1 / 3)
    assert math.isnan(bars_filled(Melody(((60, 15),))))


def test_steps_go_over_rests():
    assert intervals([Melody(((60, 1), (REST, 2), (64, 1), (62, 1)))]) == {4: 1, -2: 1}
    assert durations([Melody(((60, 1), (REST, 2), (64, 1)))]) == {1: 2, 2: 1}


counts = st.dictionaries(st.integers(0, 5), st.integers(1, 50), min_size=1)


@given(counts, counts)
def test_a_divergence_is_not_negative(found, reference):
    assert kl(found, reference) >= -1e-12
    assert kl(found, found) == 0


def test_a_divergence_by_hand():
    assert kl({"a": 3}, {"a": 1, "b": 2}, smoothing=1) == pytest.approx(0.8 * math.log(2) + 0.2 * math.log(1 / 3))
    for wrong in ({}, {"a": 0}):
        with pytest.raises(ValueError, match="two sets of counts"):
            kl(wrong, {"a": 1})


def test_distance_is_to_the_nearest():
    a, b = Melody(((60, 4), (62, 4))), Melody(((60, 4), (62, 8)))
    assert nearest_distance([a], [b]) == [0.5]
    assert nearest_distance([a], [b, a]) == [0]
    with pytest.raises(ValueError, match="no training tunes"):
        nearest_distance([a], [])
