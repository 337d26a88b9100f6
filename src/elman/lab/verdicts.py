"""Verdicts on claims, from measured values; every claim is decided here."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from elman.lab.findings import Claim, Verdict

if TYPE_CHECKING:
    from elman.lab.arms import Arms

__all__ = ["Estimate", "crossed", "interval", "judge", "judge_all"]


class Estimate(NamedTuple):
    """A mean with its own 95 % interval, for a measure whose values are not one independent number per seed."""

    mean: float
    low: float
    high: float
    n: int  # independent repetitions, such as seeds


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Return mean, lower and upper end of Student's t interval for the mean of independent values.

    The spread of a single value is unknown, so its interval is the whole real line.

    Args:
        values: at least one number.
        confidence: coverage, between 0 and 1.

    Raises:
        ValueError: if there are no values.

    Example:
        >>> [round(v, 3) for v in interval([1.0, 2.0, 3.0])]
        [2.0, -0.484, 4.484]
    """
    if not values:
        raise ValueError("an interval needs at least one value, got none")
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, -math.inf, math.inf
    from scipy.stats import t  # slow to import

    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = float(t.ppf(0.5 + confidence / 2, n - 1)) * spread / math.sqrt(n)
    return mean, mean - half, mean + half


def crossed(values: Sequence[Sequence[float]], confidence: float = 0.95) -> Estimate:
    """Return the mean over seeds and test items with an interval for drawing other seeds and other items.

    The squared half-widths of the two intervals, of the seeds' means and of the items' means, add up,
    as the variances
    of two crossed random factors do. The variance of a single answer is in both, so the interval is a little wide.

    Args:
        values: for each seed, one number per test item; all seeds have the same items.
        confidence: coverage, between 0 and 1.

    Example:
        >>> even = crossed([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
        >>> even.mean, even.low, even.n
        (0.5, 0.5, 2)
        >>> crossed([[0.0, 1.0, 0.0, 1.0]]).low  # the spread of one seed is unknown
        -inf
    """
    mean, *ends = interval([math.fsum(one) / len(one) for one in values], confidence)
    _, *others = interval([math.fsum(one) / len(one) for one in zip(*values, strict=True)], confidence)
    half = math.hypot((ends[1] - ends[0]) / 2, (others[1] - others[0]) / 2)
    return Estimate(mean, mean - half, mean + half, len(values))


def judge(claim: Claim, values: Sequence[float] | float | Estimate) -> Verdict:
    """Decide a claim from one value per seed, or from one exact number.

    The claim holds if the whole 95 % interval agrees with it, and does not hold if no part of the interval agrees.
    Otherwise it is undecided, also if values are missing or NaN.

    Args:
        claim: the claim.
        values: one number per seed; a single float (not in a list) is exact and has no spread; an estimate has its
            own interval.

    Example:
        >>> claim = Claim("low", "The loss is at most 2.", "this example", at_most=2.0)
        >>> judge(claim, [1.0, 1.1, 1.2]).verdict, judge(claim, [1.0, 2.9]).verdict, judge(claim, 2.5).verdict
        ('holds', 'undecided', 'does not hold')
    """
    exact = isinstance(values, int | float)
    if exact:
        n, (mean, low, high) = 1, (values, values, values)
    elif isinstance(values, Estimate):
        mean, low, high, n = values
    else:
        n = len(values)
        mean, low, high = interval(values) if values else (math.nan, math.nan, math.nan)
    if claim.at_least <= low and high <= claim.at_most:
        verdict = "holds"
    elif high < claim.at_least or low > claim.at_most:
        verdict = "does not hold"
    else:
        verdict = "undecided"
    return Verdict(claim, mean, low, high, n, verdict, exact)


def judge_all(claims: Sequence[Claim], arms: "Arms") -> list[Verdict]:
    """Decide every claim of a study by its own measure.

    Args:
        claims: the claims stated before the run.
        arms: the records of the finished trials.

    Raises:
        ValueError: if a claim has no measure, for example because it was read from a file.

    Example:
        >>> from elman.lab.arms import Arms
        >>> from elman.lab.study import Record, Trial
        >>> claim = Claim("low", "The loss is at most 2.", "this example", at_most=2.0,
        ...               measure=lambda arms: arms.numbers("GRU", "loss"))
        >>> records = [Record({"loss": 1.0 + 0.1 * seed}, trial=Trial("GRU", seed)) for seed in range(3)]
        >>> [verdict.verdict for verdict in judge_all([claim], Arms(records))]
        ['holds']
    """
    verdicts = []
    for claim in claims:
        if claim.measure is None:
            raise ValueError(f"the claim {claim.key!r} has no measure; add one in the study's claims()")
        verdicts.append(judge(claim, claim.measure(arms)))
    return verdicts
