"""Strings of brackets: balanced ones equally likely, faults as named, depth as counted."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from elman.data.brackets import FAULTS, Brackets, as_batch, depths, is_balanced


def erased(text):
    """The other definition: what is balanced vanishes when () is crossed out again and again."""
    while "()" in text:
        text = text.replace("()", "")
    return not text


@given(st.text("()", max_size=12))
def test_balanced_is_what_vanishes(text):
    assert is_balanced(text) == erased(text)


@given(st.integers(2, 20), st.integers(1, 6), st.integers(0, 10**6))
def test_strings_are_as_asked_for(half, deepest, seed):
    for number, (text, fault) in enumerate(Brackets(2 * half, deepest).draw(12, seed)):
        assert len(text) % 2 == 0
        assert 2 <= len(text) <= 2 * half
        assert bool(fault) == bool(number % 2)
        assert erased(text) == (not fault)
        if not fault:
            assert max(depths(text)) <= deepest
        assert (text.count("(") == text.count(")")) == (fault != "flipped")
    assert {fault for _, fault in Brackets(2 * half, deepest).draw(12, seed)} == {"", *FAULTS}


def test_strings_that_were_read_are_not_drawn():
    task = Brackets(12)
    read = {text for text, _ in task.draw(60, seed=0)}
    drawn = task.draw(60, 1, read)
    assert not read & {text for text, _ in drawn}
    assert [bool(fault) for _, fault in drawn] == [False, True] * 30
    assert read & {text for text, _ in task.draw(60, 1)}


def test_every_balanced_string_is_as_likely():
    drawn = Counter(text for text, fault in Brackets(8, 3, shortest=8).draw(8000, seed=0) if not fault)
    there = [t for t in map("".join, product("()", repeat=8)) if erased(t) and max(depths(t)) <= 3]
    assert set(drawn) == set(there)
    assert chisquare([drawn[t] for t in there]).pvalue > 1e-4


def test_deep_strings():
    task = Brackets(40, shortest=20, shallowest=7)
    assert min(max(depths(text)) for text, fault in task.draw(60, seed=1) if not fault) >= 7


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"longest": 5}, "an even number of 4 to 800 brackets"),
        ({"longest": 2}, "got 2 to 2"),
        ({"longest": 8, "shortest": 10}, "got 10 to 8"),
        ({"longest": 8, "shortest": 4, "shallowest": 3}, "strings of 4 brackets can be 1 to 2 deep, got 3"),
        ({"longest": 8, "deepest": 0}, "1 to 0 deep"),
    ],
)
def test_strings_that_cannot_be(asked, said):
    with pytest.raises(ValueError, match=said):
        Brackets(**asked)


def test_other_letters():
    with pytest.raises(ValueError, match=r"only \( and \) are read, got '\[a'"):
        depths("([a")


def test_a_batch_is_padded_with_nothing():
    x, lengths = as_batch(["()", "())("])
    assert lengths.tolist() == [2, 4]
    assert x[:, 0].tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]
    assert x[:, 1].argmax(-1).tolist() == [0, 1, 1, 0]
