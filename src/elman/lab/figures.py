"""Figures from findings: curves, heat maps and trajectories as SVG, identical in the book and as files."""

import html
import io
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elman.files import write_text
from elman.lab.curves import draw_curves
from elman.lab.findings import Curves, Figure, Findings, Heatmap, Trajectory
from elman.lab.formatting import number, visible
from elman.lab.heatmaps import draw_heatmap
from elman.lab.svg import INK, MUTED, RULE, inline
from elman.lab.trajectories import draw_trajectory, places

__all__ = ["describe", "draw", "inline_svg", "write_figures"]

MOST_ROWS, MOST_STEPS = 30, 60  # limits of a figure's description
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "elman", "text.parse_math": False, "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"], "font.size": 9, "axes.labelsize": 9,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": MUTED,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.linewidth": 0.7, "xtick.major.width": 0.7, "ytick.major.width": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "grid.color": RULE, "grid.linewidth": 0.6, "lines.linewidth": 1.7, "lines.markersize": 4,
    "xtick.minor.pad": 5, "ytick.minor.pad": 5, "figure.titlesize": 10.5, "figure.titleweight": "bold",
}  # fmt: skip


SLIM = STYLE | {"font.size": 12.2, "axes.labelsize": 12.2, "lines.markersize": 5}  # of a drawing for a phone


def draw(figure: Figure, titled: bool = True) -> str:
    """Draw a figure as a complete SVG file; the same figure gives the same text.

    Args:
        figure: the figure.
        titled: whether to draw its title.

    Raises:
        ValueError: if the figure's numbers do not fit one another, such as 3 x and 4 y.
    """
    return _draw(figure, titled)[0]


def _draw(figure: Figure, titled: bool, slim: bool = False) -> tuple[str, Any]:
    """Return the SVG file, and the matplotlib figure."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    kinds = {Curves: draw_curves, Heatmap: draw_heatmap, Trajectory: draw_trajectory}
    style: Any = {**matplotlib.rcParamsDefault, **(SLIM if slim else STYLE), "backend": "agg"}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs missing from the measuring font; the reader's font may have them
        drawing = kinds[type(figure)](figure, slim)
        if titled:
            drawing.suptitle(visible(figure.title), x=0.01, ha="left", wrap=True)
        else:  # the page's own background and title
            drawing.patch.set_visible(False)
            for axes in drawing.axes:
                axes.patch.set_visible(False)
        canvas, file = FigureCanvasSVG(drawing), io.BytesIO()
        canvas.print_svg(file, metadata={"Date": None, "Creator": None})
    return file.getvalue().decode(), drawing


def inline_svg(figure: Figure, name: str) -> str:
    """Draw a figure for an HTML page, in the page's colours, twice: for a wide window and for a phone.

    The page's style sheet shows one of the two. A trajectory has a slider.

    Args:
        figure: the figure.
        name: an id that is unique in the page.

    Raises:
        ValueError: as :func:`draw` does.
    """
    drawn, walks = "", []
    for kind in ("roomy", "slim"):
        svg, drawing = _draw(figure, titled=False, slim=kind == "slim")
        drawn += inline(svg, f"{name}-{kind[0]}", visible(figure.title), describe(figure), kind)
        if isinstance(figure, Trajectory):
            walks.append(places(figure, drawing))
    drawn = f'<div class="drawings">{drawn}</div>'
    return drawn + _slider(figure, walks) if isinstance(figure, Trajectory) else drawn


def _slider(figure: Trajectory, walks: Sequence[Any]) -> str:
    walk = {"places": walks, "marks": list(figure.marks), "notes": list(figure.notes)}
    label = html.escape(f"Step through: {visible(figure.title)}")
    return (
        f'<div class="walk" data-walk="{html.escape(json.dumps(walk))}" hidden="">'
        f'<input type="range" min="0" max="{len(figure.x) - 1}" value="0" aria-label="{label}"/>'
        f"<p><span></span><output></output></p></div>"
    )


def describe(figure: Figure) -> str:
    """Describe a figure in words.

    Example:
        >>> from elman.lab.findings import Series
        >>> describe(Curves("Loss", "step", "nats", [Series("LSTM", [0, 1, 2], [4.0, 2.5, 1.5])]))
        'nats over step. LSTM: from 4 at 0 to 1.5 at 2, lowest 1.5, highest 4.'
    """
    if isinstance(figure, Heatmap):
        return visible(_describe_heatmap(figure))
    if isinstance(figure, Trajectory):
        steps = zip(figure.marks, figure.notes, strict=False)
        walk = "; ".join(f"{mark}, {note}" for mark, note in [*steps][:MOST_STEPS])
        return visible(f"A path of {len(figure.x)} steps, {figure.y_label} over {figure.x_label}. {walk}.")
    parts = [f"{figure.y_label} over {figure.x_label}{' (logarithmic)' if figure.log_y else ''}."]
    for series in figure.series:
        points = [(x, y) for x, y in zip(series.x, series.y, strict=False) if y == y]
        if not points:
            parts.append(f"{series.name}: no values.")
            continue
        (x0, y0), (x1, y1), heights = points[0], points[-1], [y for _, y in points]
        parts.append(
            f"{series.name}: from {number(y0)} at {number(x0)} to {number(y1)} at {number(x1)}, "
            f"lowest {number(min(heights))}, highest {number(max(heights))}."
        )
    return visible(" ".join(parts))


def _describe_heatmap(figure: Heatmap) -> str:
    """Describe the range of the values and the position of each row's largest value."""
    said = f"Heat map, {figure.y_label} by {figure.x_label}{figure.unit and f'; {figure.unit}'}."
    values = [value for row in figure.values for value in row if value == value]
    if not values:
        return f"{said} No values."
    said += f" Values from {number(min(values))} to {number(max(values))}."
    if len(figure.values) > MOST_ROWS:
        return said
    places = figure.x_ticks or [str(k + 1) for k in range(len(figure.values[0]))]
    names = figure.y_ticks or [str(k + 1) for k in range(len(figure.values))]
    tops = [
        f"{name}, {number(max(there))} at {places[row.index(max(there))]}"
        for name, row in zip(names, figure.values, strict=False)
        if (there := [value for value in row if value == value])
    ]
    return f"{said} Largest in each row: {'; '.join(tops)}."


def write_figures(findings: Findings, folder: Path) -> list[Path]:
    """Write every figure of some findings as an SVG file, such as ``1-loss-while-training.svg``.

    Returns:
        The files, in the order of the figures.

    Raises:
        ValueError: if a figure's numbers do not fit one another.
        OSError: if the folder cannot be written.
    """
    return [_write(figure, place, folder) for place, figure in enumerate(findings.figures, start=1)]


def _write(figure: Figure, place: int, folder: Path) -> Path:
    slug = "-".join(re.findall(r"[a-z0-9]+", figure.title.lower()))[:60].strip("-") or "figure"
    path = folder / f"{place}-{slug}.svg"
    write_text(path, draw(figure))
    return path
