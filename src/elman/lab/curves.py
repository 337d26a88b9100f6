"""Line plots whose lines are labelled at their ends."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.lab.findings import Curves, Series
from elman.lab.formatting import number, power, visible
from elman.lab.svg import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_curves"]

MARKERS = "osD^vPX*"
MOST_POINTS, SLIM_POINTS = 1500, 500  # more cannot be distinguished on a page, on a phone
MOST_NAMES, LONGEST_NAME = 8, 26  # names at the lines' ends; more or longer names go into a legend
LINE_HEIGHT = 0.062  # height of a name, as a share of the axes' height
LARGEST, SMALLEST = 1e250, 1e-250  # limits of an axis; the smallest applies to logarithmic ones
WIDEST_BAND = 0.6  # most of a band shown beyond the lines, as a share of the lines' height
SLIM_NAME, SLIM_LABEL = 42, 34  # characters of a name and of an axis label in one line of a slim drawing
FARTHEST = 0.08  # largest distance of a name from its line's end, above or below


def draw_curves(curves: Curves, slim: bool = False) -> "Figure":
    """Draw lines, bands and points; slim for a phone, with the names above the axes.

    Raises:
        ValueError: if x, y and band of a series differ in length.
    """
    from matplotlib.figure import Figure

    for series in curves.series:
        _check(series)
    names = [_wrapped(one.name, SLIM_NAME) if slim else visible(one.name) for one in curves.series]
    rows = sum(name.count("\n") + 1 for name in names) if len(names) > 1 else 0
    figure = Figure(figsize=(4.9, 3.6 + 0.2 * rows) if slim else (6.8, 3.7), layout="constrained")
    axes = figure.add_subplot()
    _scale(axes, curves)
    lines = [_draw_series(axes, series, place, curves, slim) for place, series in enumerate(curves.series)]
    axes.grid(axis="y")
    axes.margins(x=0.02)
    _look_at_lines(axes, lines)
    axes.set_xlabel(_wrapped(curves.x_label, SLIM_LABEL) if slim else visible(curves.x_label))
    axes.set_ylabel(_wrapped(curves.y_label, SLIM_LABEL) if slim else visible(curves.y_label))
    if not curves.series:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center")
    elif len(curves.series) > 1 and slim:
        _legend(figure, names, lines, 1, loc="outside upper left")
    elif len(curves.series) > 1:
        _name(axes, curves.series, lines)
    return figure


def _wrapped(words: str, width: int) -> str:
    return "\n".join(textwrap.wrap(visible(words), width)) or visible(words)


def _check(series: Series) -> None:
    lengths = {"x": len(series.x), "y": len(series.y)}
    lengths |= {key: len(band) for key in ("low", "high") if (band := getattr(series, key)) is not None}
    lengths |= {f"in seed {place}": len(one) for place, one in enumerate(series.seeds)}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{count} {key}" for key, count in lengths.items())
        raise ValueError(f"series {series.name!r} has {counts}; expected equal numbers")


def _scale(axes: "Axes", curves: Curves) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    for wanted, axis, values in (
        (curves.log_x, "x", [v for s in curves.series for v in s.x]),
        (curves.log_y, "y", [v for s in curves.series for v in s.y]),
    ):
        positive = [v for v in values if SMALLEST < v < LARGEST]
        ticks = axes.xaxis if axis == "x" else axes.yaxis
        if not (wanted and positive):  # a logarithmic axis needs a positive value
            ticks.set_major_formatter(FuncFormatter(lambda value, _: number(round(value, 12), 6)))
            continue
        axes.set(**{f"{axis}scale": "log"})
        decades = math.log10(max(positive)) - math.log10(min(positive))
        if decades > 3:
            ticks.set_minor_locator(NullLocator())
        ticks.set_major_formatter(FuncFormatter(lambda value, _: _log_label(value)))
        named = (2, 5) if decades < 2 else ()
        ticks.set_minor_formatter(
            FuncFormatter(lambda value, _, named=named: _log_label(value) if _mantissa(value) in named else "")
        )


def _look_at_lines(axes: "Axes", lines: Sequence[Any]) -> None:
    """Limit the axes if a band is far wider than all lines together, as can happen with two seeds."""
    axes.autoscale_view()
    there = axes.transScale + axes.transLimits
    heights = [v for line in lines for _, v in there.transform(line.get_xydata()) if math.isfinite(v)]
    if not heights:
        return
    low, high = min(heights), max(heights)
    room = max((high - low) * WIDEST_BAND, 0.05)
    bottom, top = there.inverted().transform([(0, max(0.0, low - room)), (0, min(1.0, high + room))])[:, 1]
    if math.isfinite(bottom) and math.isfinite(top) and bottom < top:
        axes.set_ylim(bottom, top)


def _mantissa(value: float) -> int:
    return round(value / 10 ** math.floor(math.log10(value) + 1e-9)) if value > 0 else 0


def _log_label(value: float) -> str:
    if value <= 0:
        return ""
    if 0.01 <= value <= 1000 or _mantissa(value) != 1:
        return number(value)
    return power(round(math.log10(value)))


def _draw_series(axes: "Axes", series: Series, place: int, curves: Curves, slim: bool) -> Any:
    step = max(1, math.ceil(len(series.x) / (SLIM_POINTS if slim else MOST_POINTS)))
    x, y = _finite(series.x[::step], curves.log_x), _finite(series.y[::step], curves.log_y)
    colour = COLOURS[place % len(COLOURS)]
    again = place // len(COLOURS)  # when the colours are used up, dashes distinguish the lines
    points = series.style == "points"
    dash = "none" if points else (0, (4, 2)) if series.style == "dashed" else ("-", "-.", ":")[again % 3]
    few = series.style == "line" and len(x) <= 15 and len(x) != 2
    marker = MARKERS[place % len(MARKERS)] if points or few else None
    if series.low is not None and series.high is not None:
        low, high = _band(series.low[::step]), _band(series.high[::step])
        axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
    for one in series.seeds:
        axes.plot(x, _finite(one[::step], curves.log_y), color=colour, alpha=0.45, linewidth=0.6)
    (line,) = axes.plot(x, y, color=colour, linestyle=dash, marker=marker, markeredgewidth=0)
    return line


def _finite(values: Sequence[float], log: bool) -> list[float]:
    """Replace values that an axis cannot show by gaps."""
    return [v if abs(v) < LARGEST and (v > SMALLEST or not log) else math.nan for v in values]


def _band(values: Sequence[float]) -> list[float]:
    """Do the same for a band, whose ends may be below the range of a logarithmic axis."""
    return [v if -LARGEST < v <= 0 else one for v, one in zip(values, _finite(values, True), strict=True)]


def _name(axes: "Axes", series: Sequence[Series], lines: Sequence[Any]) -> None:
    names = [visible(one.name) for one in series]
    axes.autoscale_view()  # otherwise the axes' limits ignore the new margins
    found = [_end(axes, line) for line in lines]
    ends = [end for end in found if end]
    heights = [height for _, height in ends]
    places = _spread(heights)
    crowded = len(names) > MOST_NAMES or max(map(len, names)) > LONGEST_NAME
    crowded |= any(abs(place - height) > FARTHEST for place, height in zip(places, heights, strict=True))
    if crowded or None in found or all(one.style == "points" for one in series):
        columns = next((n for n in (3, 2) if max(map(len, names)) <= 60 // n and len(names) >= n), 1)
        _legend(axes, names, lines, columns, loc="lower left", bbox_to_anchor=(0, 1))
        return
    for name, line, end, height in zip(names, lines, ends, places, strict=True):
        axes.annotate(
            name, end, (1.02, height), xycoords="axes fraction", textcoords="axes fraction", va="center",
            color=line.get_color(),
            arrowprops={
                "arrowstyle": "-", "color": line.get_color(), "lw": 0.6,
                "shrinkA": 1, "shrinkB": 2, "relpos": (0, 0.5),
            },
        )  # fmt: skip


def _legend(where: Any, names: Sequence[str], lines: Sequence[Any], columns: int, **place: Any) -> None:
    """Draw the names above the axes, in some columns, ordered by the lines' left ends from the top."""

    def first(index: int) -> float:
        return next((float(y) for y in lines[index].get_ydata() if math.isfinite(y)), -math.inf)

    order = sorted(range(len(names)), key=first, reverse=True)
    legend = where.legend(
        [lines[i] for i in order], [names[i] for i in order], ncols=columns, borderaxespad=0.3, borderpad=0,
        frameon=False, handlelength=2.4, **place,
    )  # fmt: skip
    for text, i in zip(legend.get_texts(), order, strict=True):
        text.set_color(lines[i].get_color())


def _end(axes: "Axes", line: Any) -> tuple[float, float] | None:
    """Return where a line ends, in axes coordinates."""
    points = [(x, y) for x, y in line.get_xydata() if math.isfinite(x) and math.isfinite(y)]
    if not points:
        return None
    x, y = axes.transAxes.inverted().transform(axes.transData.transform(points[-1]))
    return (float(x), float(y)) if math.isfinite(x) and math.isfinite(y) else None


def _spread(heights: Sequence[float], apart: float = LINE_HEIGHT) -> list[float]:
    """Move names as little as necessary to separate them; names that touch form a block centred on their mean.

    Example:
        >>> [round(v, 3) for v in _spread([0.5, 0.5, 0.9], apart=0.1)]
        [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    blocks: list[list[int]] = []
    for index in order:
        blocks.append([index])
        while len(blocks) > 1:
            below, above = blocks[-2:]
            if _ends(below, heights, apart)[1] + apart <= _ends(above, heights, apart)[0]:
                break
            blocks[-2:] = [below + above]
    placed = list(heights)
    for block in blocks:
        first, _ = _ends(block, heights, apart)
        for rank, index in enumerate(block):
            placed[index] = first + rank * apart
    return placed


def _ends(block: Sequence[int], heights: Sequence[float], apart: float) -> tuple[float, float]:
    middle = sum(heights[index] for index in block) / len(block)
    half = apart * (len(block) - 1) / 2
    return middle - half, middle + half
