"""Characters to numbers and back, and n-grams against counting by hand."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.baselines.ngram import NGram
from elman.data.vocabulary import Vocabulary

texts = st.text(st.characters(), min_size=1, max_size=60)


@given(texts)
def test_there_and_back(text):
    vocabulary = Vocabulary.from_text(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary
    assert list(vocabulary.characters) == sorted(set(text))


@given(texts, st.text(max_size=30))
def test_unknown_characters_are_named_or_skipped(text, other):
    vocabulary = Vocabulary.from_text(text)
    assert vocabulary.decode(vocabulary.encode(other, unknown="skip")) == "".join(c for c in other if c in text)
    if set(other) - set(text):
        with pytest.raises(ValueError, match="the model has never seen"):
            vocabulary.encode(other)


def test_many_unknown_characters_are_cut_short():
    with pytest.raises(ValueError, match=r"never seen 'b', 'c', .*'k', \.\.\.; it knows 'a'"):
        Vocabulary.from_text("a").encode("abcdefghijklmnop")


@pytest.mark.parametrize("characters", ["", "ba", "aa"])
def test_a_vocabulary_is_sorted_and_distinct(characters):
    with pytest.raises(ValueError, match="distinct characters, sorted"):
        Vocabulary(characters)


def witten_bell(text: str, history: str, character: str) -> float:
    """The formula of the docstring, by recursion and counting."""
    follows = Counter(
        text[k + len(history)] for k in range(len(text) - len(history)) if text[k : k + len(history)] == history
    )
    shorter = witten_bell(text, history[1:], character) if history else 1 / len(set(text))
    total, distinct = sum(follows.values()), len(follows)
    return (follows[character] + distinct * shorter) / (total + distinct) if total else shorter


small = st.text("abc", min_size=3, max_size=25)


@given(small, small, st.integers(1, 5))
def test_probabilities_by_hand(text, history, order):
    model = NGram.fit(text, order)
    known = "".join(c for c in history if c in text)
    kept = known[len(known) - (order - 1) :] if order > 1 and len(known) >= order - 1 else known if order > 1 else ""
    expected = [witten_bell(text, kept, c) for c in model.vocabulary.characters]
    found = model.probabilities(history)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert math.isclose(found.sum(), 1.0)
    assert (found > 0).all()


@given(small, small)
def test_a_score_is_the_mean_over_all_but_the_first(text, other):
    model = NGram.fit(text, 3)
    known = "".join(c for c in other if c in text)
    if len(known) < 2:
        with pytest.raises(ValueError, match="at least 2 known characters"):
            model.nats_per_character(other)
        return
    expected = -np.mean(
        [math.log(witten_bell(text, known[max(0, k - 2) : k], known[k])) for k in range(1, len(known))]
    )
    assert math.isclose(model.nats_per_character(other), expected, rel_tol=1e-12)


@pytest.mark.parametrize("order", [0, 6])
def test_order_out_of_range(order):
    with pytest.raises(ValueError, match="order must be from 1 to 5"):
        NGram.fit("abc", order)
