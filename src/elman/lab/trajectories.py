"""Drawing a path in a plane over a cloud of points."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from elman.lab.findings import Series, Trajectory
from elman.lab.formatting import visible
from elman.lab.svg import COLOURS, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_trajectory", "places"]


def draw_trajectory(path: Trajectory, slim: bool = False) -> "Figure":
    """Draw the cloud, one colour per series, and the path; slim for a phone.

    Raises:
        ValueError: if x, y, marks and notes differ in length, or are empty.
    """
    from matplotlib.figure import Figure

    counts = {"x": len(path.x), "y": len(path.y), "marks": len(path.marks), "notes": len(path.notes)}
    if len(set(counts.values())) > 1 or not path.x:
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise ValueError(f"a trajectory needs equal numbers of each and at least one step, got {listed}")
    figure = Figure(figsize=(4.9, 4.6) if slim else (6.8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for series, colour in zip(path.cloud, _colours(path.cloud), strict=True):
        axes.plot(
            series.x, series.y, linestyle="none", marker="o", markersize=3, markeredgewidth=0, alpha=0.55,
            color=colour, label=visible(series.name),
        )  # fmt: skip
    axes.plot(path.x, path.y, color=INK, linewidth=0.9, marker="o", markersize=2.4)
    axes.set_xlabel(visible(path.x_label))
    axes.set_ylabel(visible(path.y_label))
    if path.cloud:
        longest = max(len(series.name) for series in path.cloud)
        room = 40 // (longest + 4) if slim else 8
        place: dict[str, Any] = (
            {"loc": "outside upper left"} if slim else {"loc": "lower left", "bbox_to_anchor": (0, 1)}
        )
        (figure if slim else axes).legend(
            **place, ncols=max(1, min(room, len(path.cloud))), frameon=False, borderpad=0,
            borderaxespad=0.3, handletextpad=0.2, columnspacing=1.2, markerscale=1.6,
        )  # fmt: skip
    return figure


def _colours(cloud: Sequence[Series]) -> list[str]:
    """Return a colour for each series: along a ramp if the names count upwards, such as ``depth 0``, ``depth 1``."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    numbers = [int(found[1]) for series in cloud if (found := re.search(r"(\d{1,9})$", series.name))]
    if len(cloud) > 2 and len(numbers) == len(cloud) and all(b == a + 1 for a, b in pairwise(numbers)):
        ramp = colormaps["plasma"]
        return [to_hex(ramp(0.12 + 0.73 * place / (len(cloud) - 1))) for place in range(len(cloud))]
    return [COLOURS[place % len(COLOURS)] for place in range(len(cloud))]


def places(path: Trajectory, drawing: Any) -> list[list[float]]:
    """Return the steps' coordinates in the SVG, from its upper left corner."""
    (axes,) = drawing.axes
    on_page = drawing.transFigure.inverted().transform(
        axes.transData.transform(list(zip(path.x, path.y, strict=True)))
    )
    width, height = 72 * drawing.get_size_inches()
    return [[round(float(x * width), 1), round(float((1 - y) * height), 1)] for x, y in on_page]
