"""The small grammar: German as it must be, alignment as it is, and sentences held out for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.phrases import ADJECTIVES, ARTICLES, NOUNS, SAYS, VERBS, phrases

GERMAN = dict(NOUNS.values())


@given(st.integers(0, 10**6), st.booleans())
def test_german_as_it_must_be(seed, held_out):
    for phrase in phrases(5, seed, held_out):
        renders = {**{n: {g} for n, (g, _) in NOUNS.items()}, **{v: {g} for v, g in {**VERBS, **SAYS}.items()},
                   **{a: {g + "e", g + "en"} for a, g in ADJECTIVES.items()}, "the": set(ARTICLES.values()),
                   "that": {"dass"}}  # fmt: skip
        assert len(phrase.aligned) == len(phrase.target)
        assert sorted(place for place in phrase.aligned if place >= 0) == list(range(len(phrase.source)))
        for word, place in zip(phrase.target, phrase.aligned, strict=True):
            assert word in renders[phrase.source[place]] if place >= 0 else word == ","
        if "dass" in phrase.target:
            assert phrase.target[-1] in VERBS.values()
        else:
            assert phrase.target[-1] in GERMAN
        nouns = [k for k, word in enumerate(phrase.target) if word in GERMAN]
        for case, k in zip([0] * (len(nouns) - 1) + [1], nouns, strict=True):
            start = max(j for j in range(k) if phrase.target[j] in ARTICLES.values())
            gender = GERMAN[phrase.target[k]]
            assert phrase.target[start] == ARTICLES[gender, case]
            for adjective in phrase.target[start + 1 : k]:
                assert adjective.endswith("en") == (gender == "m" and case == 1)


def test_nothing_held_out_is_shown():
    shown, kept = ({p.source for p in phrases(3000, 0, held)} for held in (False, True))
    assert not shown & kept
    assert {p.source for p in phrases(50, 1, True)}.isdisjoint(shown)


@pytest.mark.parametrize("held", [False, True])
def test_the_same_seed_draws_the_same(held):
    assert phrases(20, 3, held) == phrases(20, 3, held)
