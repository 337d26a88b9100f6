"""Batches of sequences of similar length, in an order that depends on the update number alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

__all__ = ["Batches"]


@dataclass(frozen=True)
class Batches:
    """The indices of the sequences in the batch of each update (bucketing).

    Every epoch uses every sequence once. It shuffles the sequences, sorts them by length within pools, cuts the pools
    into batches, and shuffles the batches, so that there is little padding and a new mixture in each epoch. Batch
    ``k`` is always the same, so no position needs saving.

    Args:
        lengths: length of every sequence; at least one.
        batch_size: sequences per batch; the last batch of an epoch may have fewer.
        seed: seed of the order.
        pool: batches sorted together, default 20; with 1 nothing is sorted.

    Raises:
        ValueError: if there are no sequences, or a size is less than 1.

    Example:
        >>> batches = Batches([5, 1, 4, 2, 9], batch_size=2)
        >>> len(batches)
        3
        >>> sorted(index for k in range(3) for index in batches[k].tolist())
        [0, 1, 2, 3, 4]
    """

    lengths: Sequence[int]
    batch_size: int
    seed: int = 0
    pool: int = 20

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", tuple(self.lengths))
        if not self.lengths:
            raise ValueError("batches need at least one sequence, got none")
        if min(self.batch_size, self.pool) < 1:
            raise ValueError(f"batch_size and pool must be at least 1, got {self.batch_size} and {self.pool}")

    def __len__(self) -> int:
        """Number of batches in one epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def __getitem__(self, update: int) -> np.ndarray:
        """Return the indices of the sequences in an update's batch; updates are counted from 0 over all epochs."""
        return _order(self, update // len(self))[update % len(self)]


@lru_cache(maxsize=8)
def _order(batches: Batches, which: int) -> list[np.ndarray]:
    random = np.random.default_rng((batches.seed, which))
    order = random.permutation(len(batches.lengths))
    lengths = np.asarray(batches.lengths)
    size = batches.batch_size * batches.pool
    cut: list[np.ndarray] = []
    for start in range(0, len(order), size):
        pool = order[start : start + size]
        pool = pool if batches.pool == 1 else pool[np.argsort(lengths[pool], kind="stable")]
        cut += [pool[k : k + batches.batch_size] for k in range(0, len(pool), batches.batch_size)]
    return [cut[k] for k in random.permutation(len(cut))]
