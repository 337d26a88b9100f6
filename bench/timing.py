"""Timing several alternatives in turns, so that a busy moment affects all of them equally."""

import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

BLOCK = 0.02  # seconds per turn


def medians(ways: dict[str, Callable[[], Any]], seconds: float, rounds: int = 5) -> dict[str, float]:
    """Run all alternatives in turns for about ``seconds``, at least ``rounds`` times; return each median.

    A turn is a block of runs, because a training loop also runs one model repeatedly. The first run of a block pays
    for the caches that the other alternatives filled, so it is not counted unless it fills the block.
    """
    for way in ways.values():
        way()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, taken.values())) < rounds:
        for name, way in ways.items():
            times: list[float] = []
            while sum(times) < BLOCK:
                start = time.perf_counter()
                way()
                times.append(time.perf_counter() - start)
            taken[name] += times[1:] or times
    return {name: statistics.median(times) for name, times in taken.items()}


def in_turns(ways: dict[str, Callable[[], Any]], rounds: int = 15, block: float = 0.005) -> dict[str, float]:
    """Return each alternative's median time as a share of the first one's time in the same round.

    On one thread, CPU time is measured, which other processes on the machine do not increase.
    """
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    first = next(iter(ways))
    shares: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        took: dict[str, float] = {}
        for name, way in ways.items():
            way()
            runs, start = 0, clock()
            while clock() - start < block:
                way()
                runs += 1
            took[name] = (clock() - start) / runs
        for name, seconds in took.items():
            shares[name].append(seconds / took[first])
    return {name: statistics.median(found) for name, found in shares.items()}


def geometric_mean(values: list[float]) -> float:
    return statistics.geometric_mean(values) if values else float("nan")


def training(run: Callable[[], torch.Tensor], parameters: list[torch.Tensor]) -> Callable[[], None]:
    """Return a function that runs forward and backward and drops the gradients."""

    def step() -> None:
        run().sum().backward()
        for parameter in parameters:
            parameter.grad = None

    return step


def machine() -> dict[str, Any]:
    """Return the machine and the versions."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    found = {"processor": model, "threads": torch.get_num_threads(), "python": sys.version.split()[0]}
    for package in ("torch", "llvmlite", "torchrecurrent"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
