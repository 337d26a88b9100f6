"""Slips, dictionaries and pairs of spellings."""

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from elman.data.errors import DataError
from elman.data.spelling import dictionary, of_part, part, read_counts, read_pairs
from elman.data.typos import ALPHABET, BEGIN, END, SIZE, alphabet_of, decode, encode, ids_of, misspell, neighbours

WORDS = st.text(ALPHABET, min_size=2, max_size=12)


@given(WORDS, st.integers(0, 3), st.integers())
def test_a_misspelling_is_as_many_edits_away_at_most(word, edits, seed):
    typo = misspell(word, edits, Random(seed))
    assert set(typo) <= set(ALPHABET)
    assert DamerauLevenshtein.distance(word, typo) <= edits
    assert (typo == word) == (edits == 0)
    assert typo
    assert typo == misspell(word, edits, Random(seed))


def test_all_single_slips_happen_and_no_others():
    random = Random(0)
    exchanged = {letter + "b" for letter in ALPHABET} | {"a" + letter for letter in ALPHABET}
    put_in = {begin + letter + "ab"[len(begin) :] for begin in ("", "a", "ab") for letter in ALPHABET}
    all_there_are = ({"a", "b", "ba"} | exchanged | put_in) - {"ab"}
    assert {misspell("ab", 1, random) for _ in range(6000)} == all_there_are


def test_neighbours_are_mutual():
    for letter in ALPHABET:
        assert letter not in neighbours(letter)
        assert all(letter in neighbours(other) for other in neighbours(letter))


@given(st.text(ALPHABET, min_size=1))
def test_letters_there_and_back(word):
    tokens = encode(word)
    assert 0 not in tokens
    assert max(tokens) < BEGIN < END < SIZE
    assert decode([BEGIN, *tokens, END, 1]) == word


@given(st.text("abö'", min_size=2, max_size=9), st.integers(1, 3), st.integers())
def test_another_alphabet(word, edits, seed):
    alphabet = alphabet_of([word, "ö'"])
    typo = misspell(word, edits, Random(seed), alphabet)
    assert DamerauLevenshtein.distance(word, typo) in range(1, edits + 1)
    begin, end, _ = ids_of(alphabet)
    assert decode([begin, *encode(typo, alphabet), end, 1], alphabet) == typo


@pytest.mark.parametrize("wrong", ["", "naïve", "it's", "A", "a b"])
def test_only_letters(wrong):
    with pytest.raises(DataError, match="expected letters a to z"):
        encode(wrong)


def test_slips_that_cannot_be():
    with pytest.raises(DataError, match="got 1 and 'a'"):
        misspell("a", 1, Random(0))
    with pytest.raises(DataError, match="got -1"):
        misspell("ab", -1, Random(0))
    with pytest.raises(DataError, match="expected one letter from a to z"):
        neighbours("ab")


def test_counts_and_pairs():
    assert read_counts("the 3\nit's 2\na 9\nthe 1\n") == {"the": 4}
    assert read_pairs("teh->the\nsame->same\nalot->a lot\nteh->the\n\n".strip()) == [("teh", "the")]


LINES = st.lists(st.text(st.sampled_from("ab 1'²->\t"), max_size=8)).map("\n".join)


@given(LINES)
def test_readers_read_or_say_what_is_wrong(text):
    for read in (read_counts, read_pairs):
        with suppress(DataError):
            for left, right in dict(read(text)).items():
                assert set(left) <= set(ALPHABET)
                assert right


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (read_counts, "the 3\nof\n", "line 2: expected a word and a count of at least 1, got 'of'"),
        (read_counts, "the 0\n", "line 1"),
        (read_counts, "the ²\n", "line 1"),
        (read_counts, "", "a dictionary needs at least one word of letters a to z"),
        (read_pairs, "teh the\n", "line 1: expected wrong->right, got 'teh the'"),
        (read_pairs, "a->b\n->the\n", "line 2"),
    ],
)
def test_what_is_wrong_with_a_line(read, text, said):
    with pytest.raises(DataError, match=said):
        read(text)


def test_the_parts_share_no_relatives():
    words = sorted(dictionary("pydoc").counts)
    parts = {wanted: of_part(words, wanted) for wanted in ("train", "check", "test")}
    assert sorted(word for some in parts.values() for word in some) == words
    begun = {wanted: {word[:5] for word in some} for wanted, some in parts.items()}
    assert not begun["train"] & begun["test"]
    assert not begun["check"] & (begun["train"] | begun["test"])
    assert part("definitely") == part("definite")


def test_dictionaries(monkeypatch, tmp_path):
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path))
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path))
    offline = dictionary()
    assert offline.name == "pydoc"
    assert len(offline.counts) > 1000
    assert len(offline.sha256) == 64
    with pytest.raises(DataError, match="no dictionary 'oxford'"):
        dictionary("oxford")
