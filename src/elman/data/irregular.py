"""Irregularly sampled series: a generator of noisy sine waves, and measurements of patients."""

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elman.data.errors import DataError
from elman.data.reading import columns, number

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Series", "Waves", "as_batch", "read_stays", "split_series"]


CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class Series:
    """Values and their times, strictly increasing."""

    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Waves:
    r"""Sine waves of unknown period and phase, sampled at random times: :math:`x(t) = \sin(2 \pi t / p + \phi)`.

    Each sequence has its own period, uniform between ``shortest`` and ``longest``. The gaps between observations are
    exponential, so that a gap does not predict the next one. Observations have normal noise, so that no prediction
    has an expected squared error below ``noise ** 2``.

    Args:
        steps: observations T per sequence.
        gap: mean time between two observations; default 1.
        shortest: shortest period; default 4.
        longest: longest period; default 8.
        noise: standard deviation of the noise; default 0.05.

    Example:
        >>> import torch
        >>> values, gaps = Waves(steps=5).draw(3, torch.Generator().manual_seed(0))
        >>> values.shape, gaps.shape, bool((gaps > 0).all())
        (torch.Size([5, 3]), torch.Size([5, 3]), True)
    """

    steps: int
    gap: float = 1.0
    shortest: float = 4.0
    longest: float = 8.0
    noise: float = 0.05

    def draw(self, count: int, generator: "torch.Generator") -> tuple["Tensor", "Tensor"]:
        """Draw noisy values ``[T, B]`` and the gap before each, ``[T, B]``."""
        values, gaps, _ = self.draw_on(count, generator, [])
        return values, gaps

    def draw_on(
        self, count: int, generator: "torch.Generator", horizons: Sequence[float]
    ) -> tuple["Tensor", "Tensor", "Tensor"]:
        """Draw values, gaps, and the noise-free wave ``[len(horizons), B]`` at these times after the last value."""
        import torch

        period = self.shortest + (self.longest - self.shortest) * torch.rand(count, generator=generator)
        phase = 2 * math.pi * torch.rand(count, generator=generator)
        gaps = torch.empty(self.steps, count).exponential_(1 / self.gap, generator=generator)
        times = gaps.cumsum(0)
        later = times[-1] + torch.tensor(horizons).reshape(-1, 1)

        def wave(at: "Tensor") -> "Tensor":
            return torch.sin(2 * math.pi * at / period + phase)

        noise = self.noise * torch.randn(self.steps, count, generator=generator)
        return wave(times) + noise, gaps, wave(later)


def read_stays(path: Path, parameter: str = "HR") -> list[Series]:
    """Read one measured quantity of each hospital stay of PhysioNet 2012 from one CSV file.

    Columns are ``RecordID``, ``Time`` (``hh:mm`` since admission), ``Parameter`` and ``Value``. Times become hours.
    Values that are not positive count as missing. Of two values at one time the first is kept. Stays with fewer than
    10 values are left out.

    Raises:
        DataError: if the file cannot be read, lacks a column, or has a malformed row; the message names the line.
    """
    stays: dict[str, dict[float, float]] = {}
    for line, (stay, time, measured, text) in columns(path, ("RecordID", "Time", "Parameter", "Value")):
        if measured != parameter:
            continue
        clock, value = CLOCK.fullmatch(time), number(text)
        if not clock or math.isnan(value):
            raise DataError(
                f"{path}, line {line}: expected a time as hh:mm and a number, got {time[:40]!r}, {text[:40]!r}"
            )
        if value > 0:
            stays.setdefault(stay, {}).setdefault(int(clock[1]) + int(clock[2]) / 60, value)
    series = [Series(*zip(*sorted(stay.items()), strict=True)) for stay in stays.values() if len(stay) >= 10]
    if not series:
        raise DataError(f"{path} has no stay with 10 values of {parameter}")
    return series


def split_series(series: Sequence[Series], seed: int) -> tuple[list[Series], list[Series]]:
    """Split a collection by series: four fifths for training, one fifth for the test.

    Example:
        >>> many = [Series((0.0,), (float(k),)) for k in range(10)]
        >>> [len(part) for part in split_series(many, seed=0)]
        [8, 2]
    """
    order = random.Random(seed).sample(range(len(series)), len(series))
    cut = len(order) * 4 // 5
    return [series[k] for k in order[:cut]], [series[k] for k in order[cut:]]


def as_batch(series: Sequence[Series]) -> tuple["Tensor", "Tensor", "Tensor"]:
    """Return a batch padded with 0: values ``[T, B]``, gaps before them ``[T, B]`` (the first 0), lengths ``[B]``.

    Example:
        >>> values, gaps, lengths = as_batch([Series((1.0, 1.5), (3.0, 4.0)), Series((2.0,), (5.0,))])
        >>> values.tolist(), gaps.tolist(), lengths.tolist()
        ([[3.0, 5.0], [4.0, 0.0]], [[0.0, 0.0], [0.5, 0.0]], [2, 1])
    """
    import torch

    lengths = torch.tensor([len(one.values) for one in series])
    values, gaps = torch.zeros(2, int(lengths.max()), len(series))
    for row, one in enumerate(series):
        values[: len(one.values), row] = torch.tensor(one.values)
        gaps[1 : len(one.values), row] = torch.tensor(one.times).diff()
    return values, gaps, lengths
