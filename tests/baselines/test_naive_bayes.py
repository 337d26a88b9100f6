"""Evidence: its weights against naive Bayes, and a sentence left out of its own counts against never counted."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from elman.baselines.naive_bayes import HIGHEST, STEP, Evidence, pairs

WORDS = st.lists(st.sampled_from(["a", "A", "b", "c", "film"]), min_size=1, max_size=6)
LABELLED = st.lists(st.tuples(WORDS, st.integers(0, 1)), min_size=1, max_size=12)


def weights(numbers):
    """What numbers stand for, nats."""
    return np.where(numbers > HIGHEST, numbers - 2 * HIGHEST - 1, numbers) * STEP


@given(LABELLED, WORDS)
def test_a_sentence_left_out_is_as_if_it_had_never_been_counted(labelled, other):
    sentences, classes = map(list, zip(*labelled, strict=True))
    evidence = Evidence.of(sentences, classes)
    for k, (words, label) in enumerate(labelled):
        rest = Evidence.of(sentences[:k] + sentences[k + 1 :], classes[:k] + classes[k + 1 :])
        assert np.array_equal(evidence.encode(words, own=label), rest.encode(words))
    assert evidence.encode(other).shape == (len(other), 2)
    assert evidence.encode(other).max() < min(evidence.sizes)


COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=4)


@given(COUNTS.filter(lambda counts: all(map(sum, zip(*counts, strict=True)))))
def test_weights_are_those_of_naive_bayes(counts):
    """Up to a constant, which says how many words each class has, and which an embedding learns."""
    sentences = [[f"w{k}"] for k, both in enumerate(counts) for n in both for _ in range(n)]
    classes = [label for both in counts for label, n in enumerate(both) for _ in range(n)]
    seen = CountVectorizer(analyzer=list)  # pyright: ignore[reportArgumentType]
    x: Any = seen.fit_transform(sentences)
    against, of = MultinomialNB().fit(x, classes).feature_log_prob_
    constant = math.log((classes.count(0) + x.shape[1]) / (classes.count(1) + x.shape[1]))
    expected = np.clip(of - against - constant, -HIGHEST * STEP, HIGHEST * STEP)
    evidence = Evidence.of(sentences, classes)
    for word, place in seen.vocabulary_.items():
        assert abs(weights(evidence.encode([word]))[0, 0] - expected[place]) <= STEP / 2 + 1e-9


def test_pairs_and_case_and_the_ends_of_the_scale():
    films = [["Not", "bad"]] * 99 + [["bad"]] * 9
    evidence = Evidence.of(films, [1] * 99 + [0] * 9)
    reported = weights(evidence.encode(["not", "BAD", "bad", "unheard"]))
    ten = round(math.log(10) / STEP) * STEP  # of (99 + 1) / (9 + 1)
    assert reported.tolist() == [[3.0, 0.0], [ten, 3.0], [ten, 0.0], [0.0, 0.0]]
    assert evidence.encode([]).shape == (0, 2)
    assert pairs(["a"]) == pairs([]) == []


def test_words_met_once_betray_nothing():
    sentences = [[f"x{k}", f"y{k}"] for k in range(20)]
    evidence = Evidence.of(sentences, [k % 2 for k in range(20)])
    assert not any(evidence.encode(words, own=k % 2).any() for k, words in enumerate(sentences))
    assert all(evidence.encode(words)[:, 0].all() for words in sentences)


@given(LABELLED)
def test_plain_data_and_back(labelled):
    evidence = Evidence.of(*map(list, zip(*labelled, strict=True)))
    assert Evidence.from_json(evidence.to_json()) == evidence


def test_what_is_no_evidence():
    with pytest.raises(ValueError, match="expected one class, 0 or 1, for each of 1 sentences"):
        Evidence.of([["a"]], [2])
    with pytest.raises(ValueError, match="got 2, with values 0, 1"):
        Evidence.of([["a"]], [0, 1])
    with pytest.raises(ValueError, match="counts of pairs must be at least 0"):
        Evidence.from_json({"words": {}, "pairs": {"a b": [-1, 0]}})
