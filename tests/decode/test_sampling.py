"""Sampling against the distribution it draws from."""

import math

import pytest
import torch

from elman.decode import sample

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
    assert not sample(constant, prompt, 3, temperature=1e-30).any(), "and so does nearly 0, without overflow"


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
    ],
)
def test_bad_arguments(arguments, message):
    given = {"prompt": torch.zeros(1, 1, dtype=torch.int64), "length": 2, **arguments}
    with pytest.raises(ValueError, match=message):
        sample(constant, **given)
