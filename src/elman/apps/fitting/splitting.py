"""Split records into training, validation and test parts, before anything is fitted to them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from elman.apps.fitting.contract import Found, R

__all__ = ["FEWEST", "Parts", "split"]

FEWEST = 10  # records to split
WHAT = ("to train on", "to choose by", "to test on")


@dataclass(frozen=True)
class Parts(Generic[R]):
    """Records in three parts, and one sentence on how they were split."""

    training: Sequence[R]
    validation: Sequence[R]
    test: Sequence[R]
    said: str


def split(found: Found[R], seed: int, test: bool = True) -> Parts[R]:
    """Split records 80 / 10 / 10, or by their own shares; by time if ordered, else by chance, groups whole.

    Args:
        found: the records.
        seed: seed of the shuffle.
        test: whether to make a test part; if not, the split is 90 / 10, and the test part is empty.

    Raises:
        ValueError: if there are fewer than ten records, or all in fewer than three groups.

    Example:
        >>> parts = split(Found(range(20)), seed=0)
        >>> len(parts.training), len(parts.validation), len(parts.test)
        (16, 2, 2)
        >>> split(Found(range(20), ordered=True), seed=0).test
        [18, 19]
    """
    count = len(found.records)
    if count < FEWEST:
        raise ValueError(f"got {count} records, expected at least {FEWEST}: some are held out to test the model")
    first, second = found.shares if test else _of_two(*found.shares)
    if found.ordered:
        order = np.arange(count)
        cuts = _cuts(count, first, second, test)
        how = "by time: the last records are held out"
    elif found.groups is None:
        order = np.random.default_rng(seed).permutation(count)
        cuts = _cuts(count, first, second, test)
        how = "by chance"
    else:
        order, cuts = _by_group(found.groups, seed, first, second, test)
        how = "by chance, records that belong together in the same part"
    a, b = cuts
    gap = found.gap if found.ordered else 0
    cut = order[: max(0, a - gap)], order[a : b - gap if test else b], order[b:]
    parts = [[found.records[int(k)] for k in some] for some in cut]
    sizes = ", ".join(f"{len(part):,} records {what}" for part, what in zip(parts, WHAT, strict=True) if part)
    if gap:
        how += f", {gap} records between two parts are left out, which overlap with both"
    return Parts(parts[0], parts[1], parts[2], f"{sizes}; split {how}")


def _of_two(first: float, second: float) -> tuple[float, float]:
    """Return the shares of training and validation without a test part: 90 / 10 by default.

    Example:
        >>> _of_two(0.35, 0.15), _of_two(0.8, 0.1)
        ((0.7, 0.3), (0.9, 0.1))
    """
    if (first, second) == (0.8, 0.1):
        return 0.9, 0.1
    share = round(first / (first + second), 6)
    return share, round(1 - share, 6)


def _cuts(count: int, first: float, second: float, test: bool) -> tuple[int, int]:
    a = round(count * first)
    return a, count if not test else a + max(1, round(count * second))


def _by_group(
    groups: Sequence[Hashable], seed: int, first: float, second: float, test: bool
) -> tuple[np.ndarray, tuple[int, int]]:
    """Shuffle whole groups, and cut where a group ends, nearest to the shares."""
    members: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    every: list[Any] = list(members.values())
    needed = 3 if test else 2
    if len(every) < needed:
        raise ValueError(f"got {len(every)} groups, expected at least {needed}: each part needs whole groups")
    shuffled = [every[k] for k in np.random.default_rng(seed).permutation(len(every))]
    ends = np.cumsum([len(group) for group in shuffled])
    i = int(np.argmin(abs(ends[: len(ends) - needed + 1] - len(groups) * first)))
    if not test:
        return np.concatenate(shuffled), (int(ends[i]), len(groups))
    j = i + 1 + int(np.argmin(abs(ends[i + 1 : -1] - len(groups) * (first + second))))
    return np.concatenate(shuffled), (int(ends[i]), int(ends[j]))
