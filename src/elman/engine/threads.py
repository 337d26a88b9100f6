"""Dealing the rows of a batch to threads, each of which runs all time steps of its own rows."""

import os
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

__all__ = ["cut", "spread"]

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}  # by process: a fork does not inherit threads


def cut(batch_sizes: list[int], batch: int, work_per_step: float) -> list[tuple[int, int]]:
    """Return contiguous ranges of rows whose total real steps are even.

    Args:
        batch_sizes: rows alive at each step, never increasing.
        batch: rows B.
        work_per_step: floating-point operations of one row and step; little work stays on one thread.
    """
    total = sum(batch_sizes)
    count = min(torch.get_num_threads(), batch, max(1, int(total * work_per_step / 4e5)))
    if count <= 1:
        return [(0, batch)]
    if batch_sizes[-1] == batch:
        edges = [batch * i // count for i in range(count + 1)]
    else:
        edges = [0]
        rows = range(batch + 1)
        for i in range(1, count):
            # steps of the first r rows, which grows with r
            edges.append(bisect_left(rows, total * i / count, key=lambda r: sum(min(n, r) for n in batch_sizes)))
        edges.append(batch)
    return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if b > a]


def spread(work: Callable[[int, int, int], None], ranges: list[tuple[int, int]]) -> None:
    """Run ``work(first, last, thread)`` for each range, the first one on the calling thread."""
    if len(ranges) == 1:
        work(*ranges[0], 0)
        return
    key = os.getpid(), len(ranges) - 1
    pool = _pools.get(key)
    if pool is None:
        pool = _pools[key] = ThreadPoolExecutor(len(ranges) - 1, "elman")
    waiting = [pool.submit(work, *rows, i) for i, rows in enumerate(ranges[1:], 1)]
    work(*ranges[0], 0)
    for one in waiting:
        one.result()
