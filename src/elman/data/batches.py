"""Batches of sequences of like length, in an order that is a function of the update alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

__all__ = ["Batches"]


@dataclass(frozen=True)
class Batches:
    """Which sequences make up the batch of each update.

    Every pass takes every sequence once. It shuffles them, sorts them by length in pools, cuts the pools into
    batches, and shuffles the batches: little padding, and still a fresh mixture each time (bucketing). No position
    needs saving: batch ``k`` is always the same.

    Args:
        lengths: of all sequences; at least one.
        batch_size: sequences in a batch; the last of a pass may hold fewer.
        seed: of the order.
        pool: batches sorted together; 1 does not sort, default 20.

    Raises:
        ValueError: if there is no sequence, or a size is less than 1.

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
            raise ValueError("there are no sequences to make batches of")
        if min(self.batch_size, self.pool) < 1:
            raise ValueError(f"batch_size and pool must be at least 1, got {self.batch_size} and {self.pool}")

    def __len__(self) -> int:
        """Batches in one pass."""
        return -(-len(self.lengths) // self.batch_size)

    def __getitem__(self, update: int) -> np.ndarray:
        """Indices of the sequences in the batch of an update, counted from 0 and on through every pass."""
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
