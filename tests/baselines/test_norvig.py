"""The noisy channel against Norvig's own way of making edits, and pyspellchecker."""

import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.baselines.norvig import Candidates, character_accuracy, norvig

LETTERS = "abc"
WORDS = st.text(LETTERS, min_size=1, max_size=6)


def edits1(word):
    """Norvig (2007), over a small alphabet."""
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    return {
        *(a + b[1:] for a, b in splits if b),
        *(a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1),
        *(a + c + b[1:] for a, b in splits if b for c in LETTERS),
        *(a + c + b for a, b in splits for c in LETTERS),
    }


def by_hand(word, counts):
    known = {word} & set(counts) or edits1(word) & set(counts)
    known = known or {two for one in edits1(word) for two in edits1(one)} & set(counts) or {word}
    return min(known, key=lambda w: (-counts.get(w, 0), w))


@given(WORDS, st.dictionaries(WORDS, st.integers(1, 9), min_size=1, max_size=30))
def test_norvig_by_hand(typo, counts):
    near = Candidates(counts).near([typo])[0]
    assert norvig(typo, near, counts) == by_hand(typo, counts)
    two = {typo} | edits1(typo) | {two for one in edits1(typo) for two in edits1(one)}
    assert {word for word, _ in near} == two & set(counts)


def test_an_edit_between_two_exchanged_letters_counts_once():
    assert Candidates({"abc": 1}).near(["ca"]) == [[("abc", 2)]]  # ca, ac, abc


def test_as_the_library():
    checker = pytest.importorskip("spellchecker").SpellChecker(language=None, distance=2)
    random = Random(0)
    counts = {"".join(random.choices(LETTERS, k=random.randint(3, 7))): k + 1 for k in range(60)}
    checker.word_frequency.load_json(counts)
    typos = ["".join(random.choices(LETTERS, k=random.randint(3, 7))) for _ in range(20)]
    near = Candidates(counts).near(typos)
    assert [norvig(t, n, counts) for t, n in zip(typos, near, strict=True)] == [
        checker.correction(t) or t for t in typos
    ]


def test_the_most_to_keep():
    candidates = Candidates({"the": 9, "then": 5, "hat": 1, "ten": 7})
    assert candidates.near(["teh"], most=1) == [[("the", 1)]]  # the more frequent of two at one edit
    assert [word for word, _ in candidates.near(["teh"], most=3)[0]] == ["ten", "the", "then"]
    assert candidates.near([]) == []
    assert candidates.near(["zzzzzz"]) == [[]]
    assert norvig("zzzzzz", [], {}) == "zzzzzz"


def test_character_accuracy():
    assert character_accuracy(["the"], ["the"]) == 1
    assert character_accuracy(["", "ab"], ["ab", "ab"]) == 0.5
    assert character_accuracy(["teh"], ["the"]) == pytest.approx(1 / 3)


def test_what_is_refused():
    with pytest.raises(ValueError, match="a dictionary needs at least one word"):
        Candidates({})
    with pytest.raises(ValueError, match="edits must be 0 or more, got -1"):
        Candidates({"a": 1}).near(["a"], -1)
    with pytest.raises(ValueError, match="got 0 written and 0 right words"):
        character_accuracy([], [])
    with pytest.raises(ValueError, match="got 1 written and 2"):
        character_accuracy(["a"], ["a", "b"])


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    with pytest.raises(RuntimeError, match="need rapidfuzz: pip install"):
        Candidates({"a": 1}).near(["a"])
