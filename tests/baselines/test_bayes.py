"""Naive Bayes against scikit-learn's."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from elman.baselines.bayes import NaiveBayes
from elman.baselines.naive_bayes import pairs

texts = st.lists(st.lists(st.sampled_from("abcde"), max_size=8), min_size=4, max_size=12)


@given(texts, st.data())
def test_as_scikit_learn(training, data):
    labels = data.draw(st.lists(st.sampled_from("xyz"), min_size=len(training), max_size=len(training)))
    if len(set(labels)) < 2 or not any(training):
        return
    counts = CountVectorizer(analyzer=lambda words: [*words, *pairs(words)], binary=True)
    theirs = MultinomialNB().fit(counts.fit_transform(training), labels)
    ours = NaiveBayes.of(training, labels)
    ours = NaiveBayes.from_json(json.loads(json.dumps(ours.to_json())))
    for words in [*training, [*"unseen", "a", "b"], []]:
        expected = theirs.predict_log_proba(counts.transform([words]))[0]
        np.testing.assert_allclose(ours.log_probabilities(words), expected, atol=1e-10)


def test_only_the_most_frequent_are_kept():
    assert list(NaiveBayes.of([["a", "b"], ["a"]], ["x", "y"], largest=1).counts) == ["a"]


@pytest.mark.parametrize(("training", "labels"), [([], []), ([["a"]], ["x", "y"])])
def test_no_texts_or_other_labels(training, labels):
    with pytest.raises(ValueError, match="needs texts and as many labels"):
        NaiveBayes.of(training, labels)


@pytest.mark.parametrize("change", [{"documents": [0, 0]}, {"documents": [1]}, {"counts": {"a": [1, -1]}}])
def test_damaged_counts(change):
    plain = NaiveBayes.of([["a"], ["b"]], ["x", "y"]).to_json() | change
    with pytest.raises(ValueError, match="the counts of naive Bayes"):
        NaiveBayes.from_json(plain)
