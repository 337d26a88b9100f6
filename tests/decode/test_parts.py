"""The parts of the search, each against its definition."""

import itertools
import math
from typing import NamedTuple

import pytest
import torch

from elman.decode import Diversity, Trie, beam_search, coverage_penalty, power, select, wu
from elman.decode.blocking import block_repeats
from elman.decode.groups import Chosen
from elman.decode.scores import divisors


class Pair(NamedTuple):
    h: torch.Tensor
    c: object


def test_rows_are_taken_anywhere_in_a_state():
    x = torch.arange(6.0).view(3, 2)
    rows = torch.tensor([2, 0, 2])
    state = {"cells": [Pair(x, (x + 10, None)), x.view(3, 1, 2)], "step": 4, "name": "a"}
    taken = select(state, rows, count=3)
    assert isinstance(taken["cells"][0], Pair)
    assert torch.equal(taken["cells"][0].h, x[rows])
    assert torch.equal(taken["cells"][0].c[0], x[rows] + 10)
    assert taken["cells"][0].c[1] is None
    assert torch.equal(taken["cells"][1], x.view(3, 1, 2)[rows])
    assert (taken["step"], taken["name"]) == (4, "a")
    assert torch.equal(select(x, torch.tensor([1]), dim=1), x[:, 1:])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (torch.zeros(2, 3), r"\[2, 3\].* each of the 4 hypotheses"),
        ((torch.tensor(1.0),), r"\[\]"),
        ({"a": {1, 2}}, "a set"),
    ],
)
def test_states_without_rows(state, message):
    with pytest.raises(ValueError, match=message):
        select(state, torch.tensor([0]), count=4)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_n_grams_are_blocked_where_they_would_repeat(n):
    generator = torch.Generator().manual_seed(n)
    for length in range(1, 9):
        history = torch.randint(3, (40, length), generator=generator)
        blocked = block_repeats(torch.zeros(40, 3), history, n) == -torch.inf
        for text, row in zip(history.tolist(), blocked.tolist(), strict=True):
            grams = {tuple(text[i : i + n]) for i in range(length - n + 1)}
            assert row == [length >= n and tuple([*text, y][-n:]) in grams for y in range(3)]


def test_length_penalties():
    assert wu(0.6)(10) == (15 / 6) ** 0.6
    assert power(2.0)(3) == 9
    for penalty in (wu(1.3), wu(-1.0), power(0.0), lambda n: 2 + math.sin(n)):
        table, greatest = divisors(penalty, 9)
        assert table == [penalty(max(n, 1)) for n in range(10)]
        assert greatest[:9] == [max(penalty(m) for m in range(n + 1, 10)) for n in range(9)]
    assert divisors(0.7, 4) == divisors(wu(0.7), 4)


def test_coverage():
    attention = torch.tensor([[0.2, 0.5, 3.0], [0.0, 1.0, 1.0]], dtype=torch.float64)
    expected = 0.3 * (math.log(0.2) + math.log(0.5))
    assert coverage_penalty(attention, 0.3)[0].item() == pytest.approx(expected, rel=1e-14)
    masked = coverage_penalty(attention, 0.3, torch.tensor([[True, False, True], [False, True, True]]))
    assert masked.tolist() == pytest.approx([0.3 * math.log(0.2), 0])
    assert torch.isfinite(coverage_penalty(attention, 0.3)).all(), "no attention at all is bad, but a number"
    with pytest.raises(ValueError, match="beta must not be negative"):
        coverage_penalty(attention, -0.1)


def test_a_trie_allows_what_continues_a_sequence():
    generator = torch.Generator().manual_seed(0)
    words = [torch.randint(1, 4, (n,), generator=generator).tolist() for n in (1, 2, 2, 3, 3, 3, 4, 4, 5, 5)]
    trie = Trie(words, vocabulary=5, eos=0)
    closed = [[*word, 0] for word in words]
    for length in range(6):
        tokens = torch.tensor(list(itertools.product(range(5), repeat=length)), dtype=torch.int64).view(
            5**length, length
        )
        for begun, row in zip(tokens.tolist(), trie(tokens).tolist(), strict=True):
            assert row == [any(word[: length + 1] == [*begun, y] for word in closed) for y in range(5)]


def test_a_beam_held_to_a_trie_writes_its_best_words():
    words = [[1, 2, 3], [1, 2], [3, 3], [2]]
    table = torch.tensor([[0.1, 0.3, 0.2, 0.4], [0.2, 0.3, 0.4, 0.1], [0.3, 0.3, 0.2, 0.2], [0.4, 0.1, 0.1, 0.4]])
    found = beam_search(
        lambda tokens, state: (table.log()[tokens], state),
        torch.tensor([0]),
        eos=0,
        max_length=9,
        beam_width=9,
        n_best=9,
        allowed=Trie(words, vocabulary=4, eos=0),
    )
    chances = {
        tuple(word): math.prod(table[a, b].item() for a, b in zip([0, *word], [*word, 0], strict=True))
        for word in words
    }
    ranked = sorted(chances, key=lambda word: -chances[word])
    assert found.sequences(keep_end=False) == [[list(word) for word in ranked]]
    assert found.log_probs[0, :4].exp().tolist() == pytest.approx([chances[word] for word in ranked])
    assert found.lengths[0, 4:].eq(0).all(), "five of nine were not to be found"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 3), "at least one sequence"),
        (([[]], 3), "empty sequence"),
        (([[1, 3]], 3), "token 3 of"),
        (([[1]], 3, 5), "token 5"),
    ],
)
def test_bad_tries(arguments, message):
    with pytest.raises(ValueError, match=message):
        Trie(*arguments)


def test_likeness_counts_only_the_beams_that_are_there():
    """Two sentences; the second's earlier group has one beam of two, the third of its groups none."""
    earlier = [
        Chosen(torch.tensor([[[1, 2], [1, 0]], [[3, 3], [0, 0]]]), torch.tensor([[True, True], [True, False]])),
        Chosen(torch.tensor([[[2, 2], [0, 0]], [[0, 0], [0, 0]]]), torch.tensor([[True, False], [False, False]])),
    ]
    history, place, like = torch.tensor([[1], [0]]), torch.tensor([0, 1]), torch.zeros(2, 4, dtype=torch.float64)
    hamming = Diversity(3, strength=2.0).penalty(history, place, earlier, like)
    assert hamming.tolist() == [[2, 0, 4, 0], [0, 0, 0, 2]]
    cumulative = Diversity(3, strength=1.0, cumulative=1.5).penalty(history, place, earlier, like)
    apart = [[(1, 2), (2, 2), (1, 1), (2, 2)], [(2,), (2,), (2,), (1,)]]  # by token: from each group that has beams
    expected = [[sum(math.exp(-n / 1.5) for n in groups) for groups in row] for row in apart]
    for ours, theirs in zip(cumulative.tolist(), expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-14)
