"""Melodies, their collections and splits; the grammar's tunes; their sound and their n-grams."""

import math
import wave
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from elman.baselines.sequence_gram import SequenceGram
from elman.data.errors import DataError
from elman.data.music.folk import SCALES, write_tune
from elman.data.music.library import split_tunes, tunes
from elman.data.music.melody import REST, TONICS, Melody, Note, spelled, tonic_number
from elman.data.music.midi import write_midi
from elman.data.music.sound import RATE, synthesise, write_wav


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"notes": ()}, "at least one note that sounds"), ({"notes": ((REST, 4),)}, "at least one note that sounds"),
        ({"notes": ((60, 0),)}, "a positive duration"), ({"notes": ((128, 1),)}, "pitch from 0 to 127"),
        ({"notes": ((60, 1),), "metre": (4, 3)}, "got 4/3"), ({"notes": ((60, 1),), "pickup": 16}, "0 to 15"),
        ({"notes": ((60, 1),), "tonic": 12}, "pitch class"),
    ],
)  # fmt: skip
def test_what_is_no_melody(arguments, said):
    with pytest.raises(ValueError, match=said):
        Melody(**arguments)


@given(st.integers(0, 400), st.integers(-12, 12))
def test_a_transposition_has_the_same_shape(seed, semitones):
    tune = write_tune(seed)
    moved = tune.transposed(semitones)
    assert moved.shape == tune.shape
    assert moved.transposed(-semitones) == tune


def test_out_of_range():
    with pytest.raises(ValueError, match="below 0"):
        Melody(((1, 1),)).transposed(-2)
    with pytest.raises(ValueError, match="0 to 127"):
        Melody(((127, 1),)).transposed(1)


def test_tidied():
    tune = Melody(((REST, 6), (REST, 4), (60, 2), (REST, 1), (REST, 2), (62, 1)), pickup=4)
    assert (tune.tidied().notes, tune.tidied().pickup) == (((60, 2), (REST, 3), (62, 1)), 10)


def test_names_of_keys():
    assert [tonic_number(name) for name in TONICS] == [(k, False) for k in range(12)]
    assert [tonic_number(f"{name}m") for name in TONICS] == [(k, True) for k in range(12)]
    for wrong in ("", "H", "Cx", "mC"):
        with pytest.raises(ValueError, match="no key"):
            tonic_number(wrong)


@given(st.integers(0, 10_000))
def test_the_grammar(seed):
    tune = write_tune(seed)
    assert tune == write_tune(seed)
    assert tune.length == 16 * tune.bar
    assert tune.pitches[-1] % 12 == tune.tonic
    assert {(pitch - tune.tonic) % 12 for pitch in tune.pitches} <= set(SCALES[tune.minor])


def test_a_split_keeps_versions_together():
    collection = list(tunes("grammar").tunes[:120])
    parts = split_tunes(collection)
    assert sorted(map(repr, collection)) == sorted(map(repr, [tune for part in parts for tune in part]))
    assert parts == split_tunes(collection[::-1]) or [set(p) for p in parts] == [
        set(p) for p in split_tunes(collection[::-1])
    ]
    assert min(len(parts[1]), len(parts[2])) >= 12
    words = [spelled(collection)[collection.index(tune)] for tune in parts[0] + parts[1] + parts[2]]
    here, there = words[: len(parts[0])], words[len(parts[0]) :]
    assert min(Levenshtein.normalized_distance(a, b) for a, b in product(here, there)) > 0.39
    with pytest.raises(DataError, match="3 tunes in 1 families are too few"):
        split_tunes([collection[0].transposed(k) for k in range(3)])


def test_a_folder_of_the_users_own(tmp_path):
    (tmp_path / "b.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF\nX:2\nM:4/4\nL:1/4\nK:D\nDEFG\n")
    write_midi(tmp_path / "a.mid", Melody(((60, 4), (67, 4))))
    found = tunes(str(tmp_path))
    assert sorted(tune.pitches for tune in found.tunes) == [(60, 62, 64, 65), (60, 67)]
    assert found.left_aside == {"the same as another": 1}
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no ABC or MIDI file"):
        tunes(str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"no tunes 'nottinghm'.*nottingham"):
        tunes("nottinghm")


def test_sound(tmp_path):
    melody = Melody((Note(69, 8), Note(REST, 8)))
    samples = synthesise(melody, tempo=60)
    assert len(samples) == 4 * RATE
    assert np.abs(samples).max() <= 1
    assert not samples[2 * RATE :].any()
    spectrum = np.abs(np.fft.rfft(samples[: 2 * RATE]))
    assert abs(int(spectrum.argmax()) / 2 - 440) <= 0.5  # two seconds: bins of half a hertz
    write_wav(tmp_path / "a.wav", melody, tempo=60)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        read = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert read == pytest.approx(samples * 0.8 * 32767, abs=1)
    for tempo in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="must be positive"):
            synthesise(melody, tempo)


@given(st.lists(st.text("abc", max_size=5), min_size=1, max_size=5), st.integers(1, 4))
def test_an_ngram_is_a_distribution(sequences, order):
    model = SequenceGram(sequences, order, alphabet=4)
    for start in ("", "a", "cb"):
        ends = math.exp(-model.nats([start])[-1])
        others = sum(math.exp(-model.nats([start + letter])[len(start)]) for letter in "abc")
        assert ends + others == pytest.approx(1)


def test_a_known_condition_helps():
    known = [[0, 1, 0, 1, 0]] * 3
    model = SequenceGram(["abab"] * 3, 1, 3, known)
    assert model.nats_per_token(["abab"], known[:1]) < SequenceGram(["abab"] * 3, 1, 3).nats_per_token(["abab"])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        model.nats(["ab"], [[0]])
    with pytest.raises(ValueError, match="order must be at least 1"):
        SequenceGram(["a"], 0, 2)
    with pytest.raises(ValueError, match="expected at most the alphabet's 2"):
        SequenceGram(["ab"], 1, 2)
    with pytest.raises(ValueError, match="at least one sequence"):
        model.nats_per_token([])
