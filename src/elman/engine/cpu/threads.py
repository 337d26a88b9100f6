"""Divide the rows of a batch among threads, each of which runs all time steps of its own rows."""

import ctypes
import os
from array import array
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import torch

from elman.engine.cpu.compile import shared_address

__all__ = ["cut", "openmp", "spread", "whole_teams"]

STEP = 4.0  # number of rows whose work takes as long as reading the weights once

#: job, thread, count
Item = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}  # by process, because a fork does not inherit threads


def cut(batch_sizes: list[int], batch: int, work_per_step: float, threads: int) -> list[tuple[int, int]]:
    """Return contiguous ranges of rows that take about equal time.

    Args:
        batch_sizes: rows alive at each step, never increasing.
        batch: rows B.
        work_per_step: floating-point operations per row and step; a small amount of work gets one range.
        threads: most ranges to return.
    """
    total = sum(batch_sizes)
    count = min(threads, batch, max(1, int(total * work_per_step / 4e5)))
    if count <= 1:
        return [(0, batch)]
    if batch_sizes[-1] == batch:
        return list(pairwise(batch * i // count for i in range(count + 1)))
    lengths, steps = [], len(batch_sizes)
    for row in range(batch):
        while steps and batch_sizes[steps - 1] <= row:
            steps -= 1
        lengths.append(steps)
    reached = list(accumulate(lengths, initial=0))

    def within(most: float) -> list[tuple[int, int]]:
        ranges, first = [], 0
        while first < batch:
            last = max(first + 1, bisect_right(reached, most - STEP * lengths[first] + reached[first]) - 1)
            ranges.append((first, last))
            first = last
        return ranges

    low, high = 0.0, total + STEP * float(lengths[0])  # bounds of the smallest possible maximum cost
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if len(within(middle)) <= count else (middle, high)
    return within(high)


def spread(function: int, job: array, ranges: list[tuple[int, int]], held: object, together: bool = False) -> None:
    """Run the compiled ``function(job, thread)`` once for each range, each in its own thread.

    Args:
        function: address of the function.
        job: words of eight bytes; the address of the ranges is appended.
        ranges: the range of each thread.
        held: owner of the memory that the function reads and writes. It stays alive until the last thread has
            finished, even if an exception such as KeyboardInterrupt ends the wait.
        together: whether the threads wait for each other during the run.
    """
    pairs = array("q", [edge for pair in ranges for edge in pair])
    job.append(pairs.buffer_info()[0])
    at, count = job.buffer_info()[0], len(ranges)
    if count == 1:
        _callable(function)(at, 0, 1)
    elif (team := openmp()) is not None:
        parallel, number, members = team
        task = array("q", [function, at, count, number, members, together])
        parallel(shared_address("team", 32), task.buffer_info()[0], count, 0)
    else:
        item, pool = _callable(function), _pool(count - 1)

        def share(i: int, _held: object = (job, pairs, held)) -> None:
            item(at, i, count)

        waiting = [pool.submit(share, i) for i in range(1, count)]
        share(0)
        for one in waiting:
            one.result()


@lru_cache(maxsize=4096)
def _callable(address: int) -> Any:
    return Item(address)


def _pool(count: int) -> ThreadPoolExecutor:
    key = os.getpid(), count
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(count, "elman")
    return _pools[key]


@cache
def _library() -> Any:
    """Return PyTorch's OpenMP library, or None if it is not GNU's."""
    try:
        with Path("/proc/self/maps").open() as maps:
            path = next(part for line in maps if "libgomp" in (part := line.split(maxsplit=5)[-1].strip()))
        return ctypes.CDLL(path)
    except (OSError, StopIteration):
        return None


@cache
def whole_teams(count: int) -> bool:
    """Return whether OpenMP provides ``count`` threads on request; if not, oneDNN's results are wrong.

    ``OMP_THREAD_LIMIT`` and ``OMP_DYNAMIC`` may lower the number of threads.
    """
    library = _library()
    return library is None or (library.omp_get_thread_limit() >= count and not library.omp_get_dynamic())


@cache
def _gomp() -> tuple[Any, int, int] | None:
    """Return the functions that start a team of running OpenMP threads, or None if they are not available."""
    library = _library()
    if library is None:
        return None
    try:
        library.GOMP_parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        library.GOMP_parallel.restype = None
        number, members = (
            ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
            for name in ("omp_get_thread_num", "omp_get_num_threads")
        )
        return library.GOMP_parallel, number, members
    except AttributeError:
        return None


class _Fork:
    """Make OpenMP usable after a fork.

    GNU's library keeps the threads of a team for the next team. In a forked child those threads do not exist, so
    Elman's kernels and every large PyTorch operator would wait for them forever. The forking thread therefore
    dismisses its team before the fork; parent and child start a new team when they need one.
    """

    process = os.getpid()  # the process whose OpenMP threads may be used
    dismissed = False

    def before(self) -> None:
        library = _library()
        try:
            self.dismissed = library is None or library.omp_pause_resource_all(1) == 0  # omp_pause_soft
        except AttributeError:  # a library older than OpenMP 5
            self.dismissed = False

    def in_parent(self) -> None:
        self.dismissed = False

    def in_child(self) -> None:
        if self.dismissed:
            self.process = os.getpid()
        else:
            torch.set_num_threads(1)
        self.dismissed = False


_fork = _Fork()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_fork.before, after_in_parent=_fork.in_parent, after_in_child=_fork.in_child)


def openmp() -> tuple[Any, int, int] | None:
    """Return the functions that run PyTorch's OpenMP threads, or None if this process cannot use them."""
    return _gomp() if os.getpid() == _fork.process else None
