"""The parts of a task's records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from elman.apps.fitting.contract import Found, R
from elman.data.splits import split_records

__all__ = ["Parts", "split"]

WHAT = ("to train on", "to choose by", "to test on")


@dataclass(frozen=True)
class Parts(Generic[R]):
    """Records in three parts, and one sentence on how they were split."""

    training: Sequence[R]
    validation: Sequence[R]
    test: Sequence[R]
    said: str


def split(found: Found[R], seed: int, test: bool = True) -> Parts[R]:
    """Split records as :func:`elman.data.splits.split_records` does.

    Args:
        found: the records.
        seed: seed of the shuffle.
        test: whether to make a test part.

    Raises:
        ValueError: if there are too few records or groups.

    Example:
        >>> parts = split(Found(range(20)), seed=0)
        >>> len(parts.training), len(parts.validation), len(parts.test)
        (16, 2, 2)
    """
    cut, how = split_records(
        len(found.records), seed, groups=found.groups, ordered=found.ordered, gap=found.gap, shares=found.shares,
        test=test,
    )  # fmt: skip
    parts = [[found.records[int(k)] for k in some] for some in cut]
    sizes = ", ".join(f"{len(part):,} records {what}" for part, what in zip(parts, WHAT, strict=True) if part)
    return Parts(parts[0], parts[1], parts[2], f"{sizes}; split {how}")
