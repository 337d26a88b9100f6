"""The search against all sequences there are, and against the same search in plain Python."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest
import torch

from elman.decode import Diversity, beam_search, coverage_penalty, power, wu

spec = importlib.util.spec_from_file_location("decode_oracles", Path(__file__).with_name("oracles.py"))
assert spec is not None
assert spec.loader is not None
oracles = sys.modules["decode_oracles"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracles)

CONSTRAINTS = ("length_penalty", "min_length", "no_repeat_ngram", "prefix", "allowed", "penalty")


def draw(seed, constraints, sentences, *, biggest=700, ending=True):
    """A random model, the search's options, and the same problem for the oracles."""
    rng = random.Random(seed)
    V, L = rng.choice([(V, L) for V in (3, 4, 5) for L in range(1, 6) if biggest >= V**L])
    model = oracles.Model(seed, sentences, V, L, zeros=rng.choice([0.0, 0.3]))
    end = rng.randrange(V) if ending else None
    options = {"max_length": L, "eos": end}
    if "length_penalty" in constraints:
        alpha = rng.choice([-0.7, 0.6, 1.0, 2.5])
        options["length_penalty"] = rng.choice([wu, power])(alpha)
    if "min_length" in constraints:
        options["min_length"] = rng.randint(1, L)
    if "no_repeat_ngram" in constraints:
        options["no_repeat_ngram"] = rng.randint(1, 3)
    if "prefix" in constraints:
        options["prefix"] = model.prefix(end)
    start = rng.randrange(V)
    flags = {name: name in constraints for name in ("allowed", "penalty")}
    problems = [oracles.Problem(model, b, start=start, **options, **flags) for b in range(sentences)]
    if flags["allowed"]:
        options["allowed"] = model.allowed()
    if flags["penalty"]:
        options["penalty"] = model.penalty
    return model, torch.full((sentences,), start), options, problems


def search(model, prompt, options, rows=None, **more):
    """The search for some rows of a model's sentences."""
    if rows is None:
        return beam_search(model.step, prompt, state=model.state(), **options, **more)
    options = dict(options)
    if "prefix" in options:
        options["prefix"] = options["prefix"][rows]
    if "allowed" in options:
        options["allowed"] = model.allowed(rows)
    return beam_search(model.step, prompt[rows], state=model.state(rows), **options, **more)


def same(found, b, expected, end):
    """One sentence's hypotheses are the expected ones, number for number."""
    tokens = found.sequences()[b]
    assert tokens == [list(written) for written, _, _ in expected]
    count = len(expected)
    assert found.lengths[b].tolist() == [len(written) for written in tokens] + [0] * (found.lengths.shape[1] - count)
    assert found.ended[b, :count].tolist() == [bool(written) and written[-1] == end for written in tokens]
    for ours, place in ((found.scores, 1), (found.log_probs, 2)):
        assert ours[b, :count].tolist() == pytest.approx([one[place] for one in expected], rel=1e-13, abs=1e-13)
    assert (found.scores[b, count:] == -torch.inf).all()


@pytest.mark.parametrize("constraints", [(), *((name,) for name in CONSTRAINTS), CONSTRAINTS], ids="+".join)
@pytest.mark.parametrize("ending", [True, False], ids=["end", "endless"])
def test_a_wide_enough_beam_finds_the_best_of_all_sequences(constraints, ending):
    for seed in range(12):
        model, prompt, options, problems = draw(seed, constraints, sentences=20, ending=ending)
        width = model.V**model.L
        n_best = min(width, 1 + seed % 6)
        found = search(model, prompt, options, beam_width=width, n_best=n_best)
        for b, problem in enumerate(problems):
            same(found, b, oracles.exhaustive(problem)[:n_best], options["eos"])


def test_a_wide_enough_beam_on_the_largest_models():
    for seed in range(3):
        model, prompt, options, problems = draw(seed + 100, CONSTRAINTS[seed:], sentences=4, biggest=5**5)
        found = search(model, prompt, options, beam_width=model.V**model.L, n_best=3)
        for b, problem in enumerate(problems):
            same(found, b, oracles.exhaustive(problem)[:3], options["eos"])


def some(rng, names):
    return tuple(name for name in names if rng.random() < 0.4)


def test_a_narrow_beam_is_the_plain_one():
    rng = random.Random(0)
    for seed in range(150):
        model, prompt, options, problems = draw(seed, some(rng, CONSTRAINTS), sentences=5, ending=seed % 5 > 0)
        width = rng.randint(1, 6)
        found = search(model, prompt, options, beam_width=width, n_best=(n_best := rng.randint(1, width)))
        for b, problem in enumerate(problems):
            same(found, b, oracles.plain_beam(problem, width)[0][:n_best], options["eos"])


@pytest.mark.parametrize("early_stopping", [True, False])
def test_stopping_early_is_that_of_the_plain_one(early_stopping):
    rng, lost = random.Random(4), 0
    for seed in range(150):
        model, prompt, options, problems = draw(seed, (*some(rng, CONSTRAINTS), "length_penalty"), sentences=5)
        groups, k = rng.choice([1, 1, 2]), rng.randint(1, 3)
        size = {"beam_width": groups * k, "n_best": groups * rng.randint(1, k), "diversity": Diversity(groups, 0.3)}
        found = search(model, prompt, options, **size, early_stopping=early_stopping)
        lost += not torch.equal(found.scores, search(model, prompt, options, **size).scores)
        for b, problem in enumerate(problems):
            by_group = oracles.plain_beam(problem, groups * k, groups, 0.3, early_stopping=early_stopping)
            expected = [one for done in by_group for one in done[: size["n_best"] // groups]]
            same(found, b, sorted(expected, key=lambda one: -one[1]), options["eos"])
    assert lost, "both rules lose something"


@pytest.mark.parametrize("cumulative", [None, 0.7, 3.0], ids=["hamming", "cumulative", "cumulative-slow"])
def test_diverse_groups_are_those_of_the_paper(cumulative):
    rng = random.Random(1)
    for seed in range(150):
        model, prompt, options, problems = draw(seed, some(rng, CONSTRAINTS), sentences=5, ending=seed % 5 > 0)
        groups, k = rng.randint(1, 4), rng.randint(1, 5)
        each, strength = rng.randint(1, k), rng.choice([0.0, 0.3, 2.0, 8.0])
        diversity = Diversity(groups, strength, cumulative)
        found = search(model, prompt, options, beam_width=groups * k, n_best=groups * each, diversity=diversity)
        for b, problem in enumerate(problems):
            by_group = oracles.plain_beam(problem, groups * k, groups, strength, cumulative)
            expected = [(*one, g) for g, done in enumerate(by_group) for one in done[:each]]
            expected.sort(key=lambda one: -one[1])
            same(found, b, [one[:3] for one in expected], options["eos"])
            assert found.groups[b, : len(expected)].tolist() == [one[3] for one in expected]


def test_groups_of_no_strength_all_find_what_one_beam_finds():
    model, prompt, options, _ = draw(5, (), sentences=8)
    alone = search(model, prompt, options, beam_width=3)
    together = search(model, prompt, options, beam_width=9, diversity=Diversity(3, strength=0.0))
    assert (together.scores == alone.scores).all()


def test_a_result_does_not_depend_on_the_batch():
    """Shuffled, repeated and alone: the same bits. Coarse tables, so that ties are common."""
    rng = random.Random(2)
    for seed in range(60):
        model, prompt, options, _ = draw(seed, some(rng, CONSTRAINTS), sentences=6, ending=seed % 5 > 0)
        if seed % 2:
            model.table = (model.table * 2).round() / 2
        groups = rng.choice([1, 2])
        more = {"beam_width": 4, "n_best": 4, "diversity": Diversity(groups, cumulative=rng.choice([None, 1.0]))}
        whole = search(model, prompt, options, **more)
        for rows in ([0], [3], rng.choices(range(6), k=9), rng.sample(range(6), k=6)):
            part = search(model, prompt, options, torch.tensor(rows), **more)
            assert part.sequences() == [whole.sequences()[b] for b in rows]
            for name in ("scores", "log_probs", "lengths", "ended"):
                assert torch.equal(getattr(part, name), getattr(whole, name)[rows])


def chain(*rows):
    """A step whose next token depends on the last one only."""
    table = torch.tensor(rows, dtype=torch.float64).log()
    return lambda tokens, state: (table[tokens], state)


def test_the_search_stops_once_nothing_better_can_come_and_finished_sentences_leave():
    seen = []
    table = torch.tensor([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05], [0.1, 0.1, 0.8]]).log()

    def step(tokens, state):
        seen.append(len(tokens))
        return table[tokens], state

    beam_search(step, torch.tensor([1, 2]), eos=0, beam_width=2, max_length=50)
    assert seen[0] == 2, "the prompt, a row a sentence"
    assert max(seen) <= 4
    assert len(seen) < 50, "0.9 cannot be beaten, and each token costs the other at least a fifth"
    assert seen[-1] <= 2, "the first sentence has gone"


def test_the_stop_rule_waits_for_a_length_penalty_to_pay():
    # 1 ends at once with 0.6 or goes on to 2, which nearly always follows itself
    step = chain([1, 0, 0], [0.6, 0, 0.4], [0.001, 0, 0.999])
    options = {"eos": 0, "beam_width": 2, "max_length": 30}
    assert beam_search(step, torch.tensor([1]), **options).lengths.item() == 1
    best = beam_search(step, torch.tensor([1]), length_penalty=power(1.0), **options)
    assert best.lengths.item() == 30
    assert not best.ended.item()


def test_n_grams_are_lifted_when_nothing_else_may_follow():
    step = chain([0.7, 0.3], [0.4, 0.6])
    found = beam_search(step, torch.tensor([0]), beam_width=8, max_length=6, no_repeat_ngram=1)
    # 0 was read, so 1 comes first, though 0 is likelier; from then on all is blocked at every step
    assert found.sequences() == [[[1, 0, 0, 0, 0, 0]]]
    assert found.log_probs.exp().item() == pytest.approx(0.3 * 0.4 * 0.7**4)


def test_the_minimum_is_lifted_when_only_the_end_may_follow():
    step = chain([1, 0, 0], [0, 0, 1], [1, 0, 0])
    found = beam_search(step, torch.tensor([1]), eos=0, beam_width=2, min_length=4, max_length=5)
    assert found.sequences() == [[[2, 0]]]


def test_what_is_never_lifted_leaves_a_sequence_where_it_stands():
    def allowed(tokens, sentence):
        return torch.full((len(tokens), 2), tokens.shape[1] < 2)

    found = beam_search(chain([0.7, 0.3], [0.4, 0.6]), torch.tensor([0]), beam_width=3, max_length=6, allowed=allowed)
    assert found.sequences() == [[[0, 0]]]
    assert not found.ended.any()
    nothing = beam_search(
        chain([0.7, 0.3], [0.4, 0.6]),
        torch.tensor([0]),
        max_length=6,
        allowed=lambda tokens, sentence: torch.zeros(1, 2) > 0,
    )
    assert nothing.sequences() == [[[]]]
    assert nothing.scores.item() == 0


def test_a_back_off_of_one_sentence_leaves_the_others_alone():
    tables = torch.tensor([[[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1.0]], [[0.2, 0.2, 0.6]] * 3]).double().log()

    def step(tokens, state):
        return tables[state, tokens], state

    prompt = torch.tensor([0, 0])
    found = beam_search(step, prompt, state=torch.arange(2), beam_width=9, max_length=2, no_repeat_ngram=1)
    # the first has only 0, which was read, and 1; the second may write each of the others once
    assert found.sequences()[0][0] in ([1, 0], [1, 1])
    assert found.sequences()[1][0] == [2, 1]


def test_the_tree_leads_to_the_result():
    model, prompt, options, _ = draw(7, ("length_penalty",), sentences=6, biggest=4**5)
    found = search(model, prompt, options, beam_width=4, n_best=4, tree=True, diversity=Diversity(2))
    assert found.tree is not None
    for b, sentence in enumerate(found.sequences()):
        for i, tokens in enumerate(sentence):
            group, level = int(found.groups[b, i]), found.tree[len(tokens) - 1]
            row = level.log_probs[b, group].tolist()
            column = row.index(found.log_probs[b, i].item(), 2)  # the second half finishes
            walked = []
            for level in reversed(found.tree[: len(tokens)]):
                walked.append(int(level.tokens[b, group, column]))
                column = int(level.parents[b, group, column])
            assert walked[::-1] == tokens
            assert column == 0


def test_coverage_reaches_the_score_through_the_state():
    # attention is on the position that the token names; a sentence that covers both positions is preferred
    def step(tokens, attention):
        seen = torch.nn.functional.one_hot(tokens, 3)[:, 1:].double()
        return torch.tensor([[0.4, 0.5, 0.1]]).double().log().expand(len(tokens), 3), attention + seen

    options = {"eos": 0, "beam_width": 27, "max_length": 3, "min_length": 3, "state": torch.zeros(1, 2).double()}
    plain = beam_search(step, torch.tensor([0]), **options)
    covered = beam_search(step, torch.tensor([0]), penalty=lambda state: coverage_penalty(state, 1.0), **options)
    assert plain.sequences() == [[[1, 1, 1]]]
    assert sorted(covered.sequences()[0][0][:2]) == [1, 2]


def test_prompts_of_several_tokens_are_read_but_not_scored():
    model, prompt, options, problems = draw(11, (), sentences=3)
    read = []

    def step(tokens, state):
        read.append(tokens.tolist())
        return model.step(tokens, state) if len(read) > 2 else (torch.zeros(3, 2), state)

    longer = torch.cat((torch.tensor([[7, 8]] * 3), prompt[:, None]), 1)
    found = beam_search(step, longer, state=model.state(), beam_width=50, **options)
    assert read[:2] == [[7, 7, 7], [8, 8, 8]]
    for b, problem in enumerate(problems):
        same(found, b, oracles.exhaustive(problem)[:1], options["eos"])


def test_an_lstm_is_searched_with_its_state_laid_out_as_layers_first():
    from elman.nn.language_model import LanguageModel

    torch.manual_seed(0)
    model = LanguageModel(6, 4, 8, num_layers=2).double()
    prompt = torch.tensor([[1, 2], [3, 4], [5, 1]])
    found = beam_search(model.step, prompt, eos=0, beam_width=6**3, max_length=3, n_best=5, batch_dim=1)
    for b in range(3):
        scores = {}
        for one in range(6):
            for two in range(6):
                for three in range(6):
                    tokens = [one, two, three]
                    tokens = tokens[: tokens.index(0) + 1] if 0 in tokens else tokens
                    whole = torch.cat((prompt[b], torch.tensor(tokens)))
                    with torch.no_grad():
                        log_probs = model(whole[:-1, None])[0].log_softmax(-1)[1:, 0]
                    scores[tuple(tokens)] = log_probs[range(len(tokens)), tokens].sum().item()
        best = sorted(scores, key=lambda tokens: -scores[tokens])[:5]
        assert found.sequences()[b] == [list(tokens) for tokens in best]
        assert found.scores[b].tolist() == pytest.approx([scores[tokens] for tokens in best], rel=1e-12)


def broken(value, at=2):
    """A step that goes wrong in row 1 at one step."""
    calls = []

    def step(tokens, state):
        calls.append(len(tokens))
        log_probs = torch.full((len(tokens), 4), 0.25).log()
        if len(calls) == at + 1:
            log_probs[1] = value
        return log_probs, state

    return step


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (broken(torch.nan), "step 2: row 1 .* holds NaN"),
        (broken(-torch.inf), "step 2: row 1 .* no token may follow"),
        (broken(1.5), "step 2: row 1 .* above 0.*log_softmax"),
        (
            lambda tokens, state: (torch.zeros(3, 4), state),
            r"step 0: expected .* \[2, V\] for 2 tokens, got \[3, 4\]",
        ),
        (lambda tokens, state: (torch.zeros(2, 4, dtype=int), state), "step 0: expected log-probabilities, got"),
        (lambda tokens, state: (None, state), "step 0: .* got NoneType"),
    ],
)
def test_a_broken_step_is_named(step, message):
    with pytest.raises(ValueError, match=message):
        beam_search(step, torch.tensor([0, 1]), max_length=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beam_width": 0}, "beam_width must be a positive integer, got 0"),
        ({"beam_width": 2.0}, "beam_width must be a positive integer"),
        ({"max_length": 0}, "max_length must be"),
        ({"min_length": -1}, "min_length must be"),
        ({"min_length": 6}, "min_length 6 is more than max_length 5"),
        ({"no_repeat_ngram": -1}, "no_repeat_ngram must be"),
        ({"n_best": 0}, "n_best must be"),
        ({"early_stopping": "always"}, "early_stopping must be True, False or \"never\", got 'always'"),
        ({"n_best": 6}, "n_best 6 is more than beam_width 5"),
        ({"diversity": Diversity(2)}, "width must be a multiple of the 2 groups, got 5"),
        ({"diversity": Diversity(5), "n_best": 3}, "n_best must be a multiple of the 5 groups, got 3"),
        ({"eos": 3}, "eos must be a token from 0 to 2, got 3"),
        ({"length_penalty": float("nan")}, "length_penalty must be finite"),
        ({"length_penalty": lambda n: 2.0 - n}, "got 0.0 at 2"),
        ({"prompt": torch.zeros(0, 1, dtype=torch.int64)}, "at least one row"),
        ({"prompt": torch.zeros(1, 0, dtype=torch.int64)}, "at least one token"),
        ({"prompt": torch.zeros(1, 1)}, "integers"),
        ({"prefix": torch.zeros(2, 1, dtype=torch.int64)}, "the prompt's B = 1"),
        ({"prefix": torch.ones(1, 6, dtype=torch.int64)}, "at most max_length = 5 tokens, got 6"),
        ({"prefix": torch.tensor([[3]])}, "prefix must hold tokens from 0 to 2"),
        ({"prefix": torch.tensor([[-1, 1]])}, "only after the last"),
        ({"prefix": torch.tensor([[0, 1]])}, "prefix must end at the end token 0"),
        ({"prefix": torch.tensor([[1, 2]])}, "step 1: .* token 2, forced by the prefix of sentence 0, probability 0"),
        ({"allowed": lambda tokens, sentence: [1]}, r"allowed must return a bool mask \[1, 3\], got list"),
        ({"allowed": lambda tokens, sentence: torch.zeros(1, 3)}, "got torch.float32"),
        ({"penalty": lambda state: torch.ones(1)}, "step 0: penalty must be at most 0"),
        ({"penalty": lambda state: torch.zeros(2)}, r"step 0: penalty must return .* \[1\], got \[2\]"),
        ({"state": torch.zeros(4, 2)}, r"state is \[4, 2\], but dimension 0 .* each of the 1 "),
        ({"state": object()}, "the state holds a object"),
    ],
)
def test_bad_arguments(arguments, message):
    step = chain([0.2, 0.4, 0.4], [0.5, 0.5, 0.0], [0.2, 0.4, 0.4])
    with pytest.raises(ValueError, match=message):
        beam_search(step, **{"prompt": torch.tensor([1]), "eos": 0, "max_length": 5, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "groups"),
        ((2.0,), "groups"),
        ((2, -1.0), "strength"),
        ((2, float("inf")), "strength"),
        ((2, 1.0, 0.0), "cumulative"),
        ((2, 1.0, float("inf")), "cumulative"),
    ],
)
def test_bad_diversity(arguments, message):
    with pytest.raises(ValueError, match=message):
        Diversity(*arguments)
