"""Split the records of a user's files into parts, before anything is fitted to them."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

__all__ = ["FEWEST", "split_records"]

FEWEST = 10  # records to split
SHARES = (0.8, 0.1)  # of training and of validation; the rest is the test part


def split_records(
    count: int,
    seed: int = 0,
    *,
    groups: Sequence[Hashable] | None = None,
    ordered: bool = False,
    gap: int = 0,
    shares: tuple[float, float] = SHARES,
    test: bool = True,
) -> tuple[list[np.ndarray], str]:
    """Split records 80 / 10 / 10: by time if they are ordered, otherwise by chance, groups staying whole.

    Args:
        count: number of records.
        seed: seed of the shuffle; default 0.
        groups: a key for each record; records with the same key stay in the same part. Default: each for itself.
        ordered: whether the records are in the order of time; default False.
        gap: records to leave out between two parts, for ordered records that overlap; default 0.
        shares: of the training and of the validation part; the rest is the test part. Default 0.8 and 0.1.
        test: whether to make a test part; if not, the other parts keep their ratio, and the test part is empty.

    Returns:
        The indices of the training, the validation and the test records; and in words how they were split.

    Raises:
        ValueError: if there are fewer than ten records, or fewer groups than parts.

    Example:
        >>> (training, validation, test), how = split_records(20, ordered=True)
        >>> len(training), validation.tolist(), test.tolist(), how
        (16, [16, 17], [18, 19], 'by time: the last records are held out')
    """
    if count < FEWEST:
        raise ValueError(f"got {count} records, expected at least {FEWEST}: some are held out to test the model")
    first, second = shares if test else (shares[0] / sum(shares), shares[1] / sum(shares))
    if ordered:
        order, how = np.arange(count), "by time: the last records are held out"
    elif groups is None:
        order, how = np.random.default_rng(seed).permutation(count), "by chance"
    else:
        how = "by chance, records that belong together in the same part"
        order, a, b = _by_group(groups, seed, first, second, test)
        return [order[:a], order[a:b], order[b:]], how
    a = round(count * first)
    b = a + max(1, round(count * second)) if test else count
    if not ordered or not gap:
        return [order[:a], order[a:b], order[b:]], how
    how += f", {gap} records between two parts are left out, which overlap with both"
    return [order[: max(0, a - gap)], order[a : b - gap if test else b], order[b:]], how


def _by_group(
    groups: Sequence[Hashable], seed: int, first: float, second: float, test: bool
) -> tuple[np.ndarray, int, int]:
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
        return np.concatenate(shuffled), int(ends[i]), len(groups)
    j = i + 1 + int(np.argmin(abs(ends[i + 1 : -1] - len(groups) * (first + second))))
    return np.concatenate(shuffled), int(ends[i]), int(ends[j])
