"""Heat maps of one matrix, with its values if they fit."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.lab.findings import Heatmap
from elman.lab.formatting import decimal, number, visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_heatmap"]

MOST_NOTED = 12  # maximum rows and columns for which the values fit
SLIM_NOTED = 6  # maximum columns for which they fit on a phone


def draw_heatmap(heatmap: Heatmap, slim: bool = False) -> "Figure":
    """Draw a matrix, slim for a phone; if its values have both signs and no limits are set, zero is in the middle.

    Raises:
        ValueError: if the rows differ in length, or the numbers of ticks and of rows or columns differ.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    rows, columns = _shape(heatmap)
    values = np.array(heatmap.values, dtype=float).reshape(rows, columns)
    values = np.ma.masked_invalid(np.where(np.abs(values) < 1e300, values, np.nan))
    low, high = (float(values.min()), float(values.max())) if values.count() else (0.0, 1.0)
    low, high = heatmap.limits or (low, high)
    both = heatmap.limits is None and low < 0 < high
    if both:
        low, high = -max(-low, high), max(-low, high)
    height = 1.2 + (0.42 * rows if rows <= MOST_NOTED else min(5.3, max(0.42 * MOST_NOTED, 0.14 * rows)))
    size = (4.9, max(3.0, height + 0.8)) if slim else (6.8, max(2.2, height))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(
        values, cmap="PuOr_r" if both else "cividis", vmin=low, vmax=high, aspect="auto", interpolation="none"
    )
    _label(axes, heatmap, rows, columns, slim)
    place: Any = {"location": "bottom", "aspect": 30} if slim else {"pad": 0.02, "aspect": 25}
    bar = figure.colorbar(image, ax=axes, **place)
    bar.outline.set_visible(False)  # type: ignore[operator]
    if np.all(values.compressed() % 1 == 0):
        bar.locator = MaxNLocator(integer=True)
    bar.set_label(visible(heatmap.unit))
    bar.formatter = FuncFormatter(lambda value, _: number(round(value, 12)))
    if rows <= MOST_NOTED and columns <= (SLIM_NOTED if slim else MOST_NOTED):
        _note_values(axes, image, values, 12 if slim else 8)
    return figure


def _shape(heatmap: Heatmap) -> tuple[int, int]:
    lengths = {len(row) for row in heatmap.values}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"a heat map needs rows of one length, got lengths {sorted(lengths) or 'of no row'}")
    rows, columns = len(heatmap.values), lengths.pop()
    for axis, ticks, wanted in (("x", heatmap.x_ticks, columns), ("y", heatmap.y_ticks, rows)):
        if ticks and len(ticks) != wanted:
            size = f"{rows} x {columns}"
            raise ValueError(f"a heat map of {size} needs {wanted} {axis}_ticks, got {len(ticks)}")
    return rows, columns


def _label(axes: Any, heatmap: Heatmap, rows: int, columns: int, slim: bool) -> None:
    axes.set_xlabel(visible(heatmap.x_label))
    axes.set_ylabel(visible(heatmap.y_label))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    across, down = (16, 20) if slim else (40, 30)
    both = (axes.xaxis, heatmap.x_ticks, columns, across), (axes.yaxis, heatmap.y_ticks, rows, down)
    for axis, ticks, count, room in both:
        if not ticks:
            axis.get_major_locator().set_params(integer=True)
            continue
        step = math.ceil(count / room)
        axis.set_ticks(range(0, count, step), [visible(tick) for tick in ticks[::step]])
    shown = heatmap.x_ticks[:: math.ceil(columns / across)]
    if sum(map(len, shown)) > (36 if slim else 75):
        axes.tick_params(axis="x", rotation=90 if len(shown) > (8 if slim else 20) else 40)


def _note(value: float, decimals: int) -> str:
    return decimal(value, decimals) if abs(value) < 1e6 else number(value, 3)


def _note_values(axes: Any, image: Any, values: Any, size: float) -> None:
    sizes = [abs(float(value)) for value in values.compressed()]
    given = max((len(number(size, 3).partition(".")[2]) for size in sizes), default=0)
    decimals = min(given, max(0, 2 - math.floor(math.log10(max(sizes, default=0.0) or 1.0))))
    for (row, column), value in np.ndenumerate(np.ma.filled(values, np.nan)):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
        ink = "#000000" if light else "#ffffff"
        axes.text(column, row, _note(float(value), decimals), ha="center", va="center", fontsize=size, color=ink)
