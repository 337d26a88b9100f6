"""Results over several seeds: a mean with its interval as text, or a line with its band."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from elman.lab.findings import Curves, Figure, Series
from elman.lab.formatting import decimal
from elman.lab.verdicts import interval

__all__ = ["POSITIVE", "SHARE", "across", "legible", "middles", "spread", "stretches"]

Within = tuple[float, float]
SHARE: Within = (0.0, 1.0)
POSITIVE: Within = (0.0, math.inf)
ANYTHING: Within = (-math.inf, math.inf)
POINTS = 50  # points of a learning curve
ENOUGH = 5  # seeds from which on a band is drawn


def spread(
    values: Sequence[float], decimals: int = 3, within: Within = ANYTHING,
    shown_as: Callable[[float], float] = float,
) -> str | None:  # fmt: skip
    """Format the mean of one value per seed with its 95 % interval; return None, an empty cell, without values.

    Args:
        values: one value per seed. A single value has no interval.
        decimals: decimals of every number.
        within: range of the quantity, such as :data:`SHARE`; the interval is clipped to it.
        shown_as: function applied to the mean and the interval's ends, such as ``math.exp``.

    Example:
        >>> spread([0.96, 0.97, 0.99], within=SHARE), spread([0.5]), spread([])
        ('0.973 (0.935 to 1.000)', '0.500', None)
    """
    if not values:
        return None
    mean, low, high = interval(values)
    low, high = max(low, within[0]), min(high, within[1])
    middle, low, high = (decimal(shown_as(v), decimals) if math.isfinite(v) else "" for v in (mean, low, high))
    return f"{middle} ({low} to {high})" if len(values) > 1 else middle


def across(
    name: str, x: Sequence[float], seeds: Sequence[Sequence[float]], within: Within = ANYTHING,
    logarithmic: bool = False, style: Literal["line", "dashed", "points"] = "line",
) -> Series:  # fmt: skip
    """Return the mean over seeds at every x as a line, the 95 % interval as its band.

    With fewer than :data:`ENOUGH` seeds an interval is so wide that a band would fill the frame: each seed is then a
    thin line. :func:`legible` says in a figure's caption which of the two it shows.

    Args:
        name: name of the line.
        x: x of the values; values of a seed beyond the last x are left out.
        seeds: the values of each seed. A single seed has no band.
        within: range of the quantity; the band is clipped to it.
        logarithmic: compute mean and interval of the logarithms, for a logarithmic axis; values must be positive.
        style: style of the line.

    Example:
        >>> two = across("LSTM", [1, 2], [[0.5, 0.9], [0.7, 0.9]], within=SHARE)
        >>> two.y, two.low, two.seeds
        ([0.6, 0.9], None, [[0.5, 0.9], [0.7, 0.9]])
        >>> five = across("LSTM", [1], [[0.5], [0.5], [0.6], [0.7], [0.7]])
        >>> [round(low, 3) for low in five.low], five.seeds
        ([0.476], ())
    """
    there, back = (math.log10, lambda v: 10.0**v) if logarithmic else (float, float)
    found = [interval([there(v) for v in column]) for column in zip(*seeds, strict=False)]
    x = list(x)[: len(found)]
    mean, low, high = ([back(point[k]) for point in found[: len(x)]] for k in range(3))
    if len(seeds) < ENOUGH:
        thin = [list(one)[: len(x)] for one in seeds] if len(seeds) > 1 else []
        return Series(name, x, mean, style=style, seeds=thin)
    return Series(name, x, mean, [max(v, within[0]) for v in low], [min(v, within[1]) for v in high], style)


def legible(figure: Figure) -> Figure:
    """Return a figure whose caption says what its bands, or the thin lines of its seeds, are.

    Example:
        >>> curves = Curves("Loss", "update", "nats", [across("GRU", [1, 2], [[3, 2], [3, 1]])], caption="On text.")
        >>> legible(curves).caption
        'On text. Lines are means over seeds; each thin line is one seed.'
    """
    series = figure.series if isinstance(figure, Curves) else ()
    said = figure.caption
    if any(one.seeds for one in series):
        said += " Lines are means over seeds; each thin line is one seed."
    if any(one.low is not None for one in series):
        said += " Lines are means over seeds, bands their 95\u00a0% intervals."
    return replace(figure, caption=said.strip())


def stretches(values: Sequence[float], points: int = POINTS) -> list[float]:
    """Return the means of at most ``points`` equal stretches of a run, such as of the losses of all its updates.

    Example:
        >>> stretches([4.0, 2.0, 1.0, 1.0], points=2), stretches([4.0, 2.0], points=9)
        ([3.0, 1.0], [4.0, 2.0])
    """
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(_edges(len(values), points))]


def middles(count: int, points: int = POINTS) -> list[float]:
    """Return the midpoints of the :func:`stretches` of a run of ``count`` values.

    Example:
        >>> middles(4, points=2), middles(2)
        ([1.0, 3.0], [0.5, 1.5])
    """
    return [(a + b) / 2 for a, b in pairwise(_edges(count, points))]


def _edges(count: int, points: int) -> list[int]:
    points = min(points, count)
    return [round(k * count / points) for k in range(points + 1)] if count else []
