"""Sampling against the distribution it draws from."""

import math

import pytest
import torch

from elman.decode import greedy, sample, truncate

PROBABILITIES = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)


def constant(tokens, state):
    return PROBABILITIES.log().expand(len(tokens), -1), state


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_follow_the_tempered_distribution(temperature):
    n = 20_000
    generator = torch.Generator().manual_seed(0)
    drawn = sample(constant, torch.zeros(n, 1, dtype=torch.int64), 1, temperature=temperature, generator=generator)
    expected = PROBABILITIES ** (1 / temperature)
    expected /= expected.sum()
    seen = torch.bincount(drawn[:, 0], minlength=3) / n
    for p, q in zip(expected.tolist(), seen.tolist(), strict=True):
        assert abs(p - q) < 5 * math.sqrt(p * (1 - p) / n)


def test_the_limits_of_temperature():
    prompt = torch.zeros(50, 1, dtype=torch.int64)
    assert not sample(constant, prompt, 3, temperature=0).any(), "0 takes the likeliest"
    for temperature in (1e-30, 1e-60, 5e-324):
        assert not sample(constant, prompt, 3, temperature=temperature).any(), "and so does nearly 0"


def test_the_state_is_carried_and_the_prompt_is_read():
    def counting(tokens, state):
        total = (0 if state is None else state) + tokens
        return torch.nn.functional.one_hot(total % 7, 7).double().log(), total

    drawn = sample(counting, torch.tensor([[1, 2]]), 4)
    assert drawn.tolist() == [[3, 6, 5, 3]]  # sums 3, 6, 12, 17 modulo 7


def test_the_same_generator_draws_the_same():
    prompt = torch.zeros(1, 1, dtype=torch.int64)
    first, second = (sample(constant, prompt, 50, generator=torch.Generator().manual_seed(seed)) for seed in (3, 3))
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "temperature must be 0 .* got -1"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"temperature": float("inf")}, "temperature must be 0"),
        ({"prompt": torch.zeros(1, 0, dtype=torch.int64)}, "at least one token"),
        ({"length": -1}, "length must not be negative"),
        ({"top_k": 0}, "top_k must be a positive integer, got 0"),
        ({"top_k": 1.5}, "top_k must be a positive integer"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"top_p": 1.1}, "top_p must be .* at most 1, got 1.1"),
        ({"eos": 3}, "eos must be a token from 0 to 2, got 3"),
    ],
)
def test_bad_arguments(arguments, message):
    given = {"prompt": torch.zeros(1, 1, dtype=torch.int64), "length": 2, **arguments}
    with pytest.raises(ValueError, match=message):
        sample(constant, **given)


def kept(probabilities, top_k, top_p):
    """The tokens that may be drawn, one sequence at a time, by the definitions."""
    ranked = sorted(range(len(probabilities)), key=lambda y: -probabilities[y])
    if top_k is not None:
        ranked = ranked[:top_k]
    if top_p is None:
        return set(ranked)
    total, nucleus, whole = 0.0, set(), sum(probabilities[y] for y in ranked)
    for y in ranked:
        if total >= top_p * whole:
            break
        nucleus.add(y)
        total += probabilities[y]
    return nucleus


@pytest.mark.parametrize("top_k", [None, 1, 3, 9])
@pytest.mark.parametrize("top_p", [None, 1e-9, 0.4, 0.93, 1.0])
def test_truncation_keeps_the_likeliest(top_k, top_p):
    generator = torch.Generator().manual_seed(0)
    log_probs = (2 * torch.randn(60, 7, generator=generator, dtype=torch.float64)).log_softmax(-1)
    cut = truncate(log_probs, top_k, top_p)
    for row, left in zip(log_probs.exp().tolist(), (cut > -torch.inf).tolist(), strict=True):
        assert {y for y in range(7) if left[y]} == kept(row, top_k, top_p)
    assert torch.equal(cut[cut > -torch.inf], log_probs[cut > -torch.inf])


def test_a_nucleus_that_makes_up_exactly_p_is_enough():
    alike = torch.zeros(1, 4, dtype=torch.float64)  # a quarter each, exactly
    for top_p, left in ((0.25, 1), (0.5, 2), (0.75, 3), (0.75 + 1e-9, 4)):
        assert (truncate(alike, top_p=top_p) > -torch.inf).sum() == left
    assert (truncate(torch.tensor([[0.0, 1, 0]]), top_p=1e-9) == 1).sum() == 1, "the likeliest, wherever it is"


def test_frequencies_follow_what_temperature_top_k_and_top_p_leave():
    p = torch.tensor([0.3, 0.05, 0.35, 0.2, 0.1], dtype=torch.float64)
    expected = p**0.5  # temperature 2
    expected[[1]] = 0  # top-k of 4
    expected /= expected.sum()
    expected[[4]] = 0  # the others already make up 0.8
    expected /= expected.sum()
    n = 20_000
    drawn = sample(
        lambda tokens, state: (p.log().expand(len(tokens), -1), state),
        torch.zeros(n, 1, dtype=torch.int64),
        1,
        temperature=2.0,
        top_k=4,
        top_p=0.8,
        generator=torch.Generator().manual_seed(0),
    )
    seen = torch.bincount(drawn[:, 0], minlength=5) / n
    for q, share in zip(expected.tolist(), seen.tolist(), strict=True):
        assert abs(q - share) <= 5 * math.sqrt(q * (1 - q) / n)


def test_a_row_that_has_ended_stays_ended_and_may_then_hold_anything():
    calls = []

    def step(tokens, state):
        calls.append(tokens.tolist())
        log_probs = torch.full((len(tokens), 3), 0.2).log()
        log_probs[:, 1] = math.log(0.6)
        log_probs[tokens == 1, 2] = math.log(0.9)
        log_probs[tokens == 2] = torch.nan
        return log_probs, state

    assert greedy(step, torch.tensor([[0], [1]]), 6, eos=2).tolist() == [[1, 2, 2, 2, 2, 2], [2] * 6]
    assert len(calls) == 2, "all have ended, so the model is not asked again"


def test_a_broken_step_is_named():
    def step(tokens, state):
        return torch.full((1, 2), torch.nan if state == 3 else -1.0), state + 1

    with pytest.raises(ValueError, match=r"step 2: row 0 .* NaN"):
        sample(step, torch.tensor([[0, 0]]), 9, state=0)
