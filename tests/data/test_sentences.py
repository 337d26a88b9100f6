"""Sentences: the grammar's promises, the readers' errors, the real sets' published sizes."""

import contextlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.errors import DataError, NotHere
from elman.data.lexicon import COLUMNS, Lexicon
from elman.data.reviews import KINDS, NEGATIVE, POSITIVE, reviews
from elman.data.sentences import read_conllu, sentiment, split_words, tagged
from elman.errors import UnknownName


def said(words):
    """Read a review as a person would: each clause by its adjective or verb and its negations."""
    words = list(words)
    if "nobody" in words or "no" in words:
        return "negative" if words[-2] in POSITIVE else "positive"
    if words[:2] == ["like", "every"]:
        words = words[4:]
    if "but" in words:
        words = words[words.index("but") + 1 :]
    for mark in ("although", "while", "though"):
        if mark in words:
            at = words.index(mark)
            rest = words[at:]
            main = words[:at] if any(w in POSITIVE + NEGATIVE + ("like", "mind") for w in words[:at]) else None
            words = main or rest[rest.index(",") + 1 :]
    value = 0
    for place, word in enumerate(words):
        good = word in POSITIVE or word in ("love", "joy") or (word == "like" and place and words[place - 1] == "not")
        bad = word in NEGATIVE or word in ("loathe", "bore", "mind")
        value += good - bad
    turned = any(word in ("not", "never", "hardly") for word in words)
    return "positive" if (value > 0) != turned else "negative"


def test_a_reader_who_knows_the_grammar_is_always_right():
    drawn = reviews(800, seed=3)
    assert all(said(words) == label for words, label, _, _ in drawn)
    assert Counter((label, kind) for _, label, _, kind in drawn) == {
        (label, kind): 100 for label in ("negative", "positive") for kind in KINDS
    }
    assert all(len(words) == len(tags) for words, _, tags, _ in drawn)


def test_reviews_are_repeatable_and_some_words_are_of_two_kinds():
    assert reviews(40, 1) == reviews(40, 1) != reviews(40, 2)
    tags = {}
    for words, _, some, _ in reviews(2000):
        for word, tag in zip(words, some, strict=True):
            tags.setdefault(word, set()).add(tag)
    assert tags["love"] == {"NOUN", "VERB"}
    assert tags["like"] == {"ADP", "VERB"}
    assert tags["that"] == {"DET", "PRON", "SCONJ"}
    with pytest.raises(ValueError, match="at least 0, got -1"):
        reviews(-1)


@given(st.lists(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=5), min_size=1, max_size=5), st.data())
def test_a_lexicon_knows_what_it_has_seen(sentences, data):
    columns = data.draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=3, unique=True))
    lexicon = Lexicon.of(sentences, columns)
    assert Lexicon.from_json(lexicon.to_json()) == lexicon
    for words in sentences:
        numbers = lexicon.encode(words)
        assert numbers.shape == (len(words), len(columns))
        for row, word in zip(numbers, words, strict=True):
            for k, column in enumerate(columns):
                assert lexicon.entries[k][row[k]] == COLUMNS[column](word)
    assert lexicon.encode([]).shape == (0, len(columns))


def test_a_lexicon_takes_rare_words_for_unknown_ones():
    lexicon = Lexicon.of([["The", "the", "cat"], ["McCoy-97", "THE"]], ["word", "shape"], min_count=2)
    assert lexicon.entries == (("", "the"), ("", "x"))
    assert Lexicon.of([["McCoy-97"]], ["shape"]).entries == (("", "XxXx-d"),)
    assert np.array_equal(lexicon.encode(["THE", "dog"]), [[1, 0], [0, 1]])
    for bad in ([], [[]]):
        with pytest.raises(ValueError, match="at least one word, got none"):
            Lexicon.of(bad)
    with pytest.raises(ValueError, match="no column 'letters'; there are form"):
        Lexicon.of([["a"]], ["letters"])


@given(st.text(max_size=30))
def test_words_are_split_losing_only_spaces(text):
    assert "".join(split_words(text)) == "".join(text.replace("\u2019", "'").split())


def test_words_are_split_as_the_sets_do():
    assert split_words("They wo n't; didn\u2019t, it's well-made!") == [
        "They", "wo", "n't", ";", "did", "n't", ",", "it", "'s", "well-made", "!",
    ]  # fmt: skip


def conllu(tmp_path, text):
    path = tmp_path / "x.conllu"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_conllu(tmp_path):
    text = "# text = ...\n1-2\tdon't" + "\t_" * 8 + "\n1\tdo\t_\tAUX" + "\t_" * 6 + "\n2\tn't\t_\tPART" + "\t_" * 6
    text += "\n2.1\tx\t_\tVERB" + "\t_" * 6 + "\n\n\n1\tGo\t_\tVERB" + "\t_" * 6
    first, second = read_conllu(conllu(tmp_path, text))
    assert (first.words, first.tags) == (("do", "n't"), ("AUX", "PART"))
    assert (second.words, second.tags) == (("Go",), ("VERB",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no sentences"), ("# only\n\n", "holds no sentences"), (b"\xff\xfe", "is not UTF-8"),
        ("1\tGo\n", "line 1: expected ten columns, got 2"), ("x" + "\ta" * 9, "line 1: got id 'x', expected 1"),
    ],
)  # fmt: skip
def test_conllu_that_is_none(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_conllu(conllu(tmp_path, text))
    with pytest.raises(DataError, match="No such file"):
        read_conllu(tmp_path / "nowhere")


@given(st.text(alphabet="1-.\t\n#aX", max_size=60))
def test_conllu_never_fails_otherwise(tmp_path_factory, text):
    with contextlib.suppress(DataError):
        assert read_conllu(conllu(tmp_path_factory.mktemp("c"), text))


def test_names_of_sets():
    with pytest.raises(UnknownName, match="did you mean sst2"):
        sentiment("sst")
    with pytest.raises(UnknownName, match="no tagged sentences"):
        tagged("sst2")
    corpus = sentiment("reviews")
    assert corpus.labels == ["negative", "positive"]
    assert "NOUN" in tagged("reviews").tags


@pytest.mark.parametrize(
    ("make", "name", "sizes"),
    [(sentiment, "sst2", (6920, 872, 1821)), (tagged, "ewt", (12544, 2001, 2077)), (sentiment, "rt-polarity", 10662)],
)
def test_real_sets_are_of_their_published_sizes(make, name, sizes):
    try:
        corpus = make(name)
    except NotHere as error:
        pytest.skip(str(error))
    found = tuple(map(len, (corpus.training, corpus.validation, corpus.test)))
    assert found == sizes if isinstance(sizes, tuple) else sum(found) == sizes
    if name == "ewt":
        assert sum(len(sentence.words) for sentence in corpus.test) == 25_094
        assert len(corpus.tags) == 17
