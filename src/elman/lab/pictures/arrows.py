"""A gradient before and after clipping, as two arrows (exercise 15.10)."""

import math
from collections.abc import Mapping
from typing import Any

from elman.lab.formatting import listed, number
from elman.lab.pictures.sketch import Sketch

__all__ = ["draw_clipping"]

BEFORE, AFTER = "c0", "c1"


def draw_clipping(plan: Mapping[str, Any], name: str) -> str:
    """Draw the gradient, the clipped gradient and the circle whose radius is the threshold.

    Raises:
        ValueError: if the gradient does not have two entries, or a number cannot be drawn.
    """
    gradient, threshold = plan["gradient"], plan["threshold"]
    if len(gradient) != 2 or not all(math.isfinite(float(v)) for v in (*gradient, threshold)) or threshold <= 0:
        raise ValueError(f"got the gradient {gradient} and the threshold {threshold}")
    norm = math.hypot(*gradient)
    scale = min(1.0, threshold / norm) if norm else 1.0
    clipped = [entry * scale for entry in gradient]
    if not 1e-3 < threshold / max(norm, 1e-30) < 1e30 or not 1e-9 < max(norm, threshold) < 1e9:
        raise ValueError(f"got the norm {norm:g} and the threshold {threshold:g}")
    low = [min(0.0, v, -threshold) for v in gradient]
    high = [max(0.0, v, threshold) for v in gradient]
    unit = 250 / max(b - a for a, b in zip(low, high, strict=True))
    x0 = 170 - unit * (low[0] + high[0]) / 2
    y0 = 18 + unit * high[1]
    bottom = 18 + unit * (high[1] - low[1])
    sketch = Sketch(340, bottom + 66)
    sketch.line(x0 + unit * low[0], y0, x0 + unit * high[0], y0, "rule")
    sketch.line(x0, y0 - unit * high[1], x0, y0 - unit * low[1], "rule")
    sketch.circle(x0, y0, unit * threshold)
    sketch.arrow(x0, y0, x0 + unit * gradient[0], y0 - unit * gradient[1], BEFORE, 2.5)
    sketch.arrow(x0, y0, x0 + unit * clipped[0], y0 - unit * clipped[1], AFTER, 5)
    lines = (
        (f"before: {listed(gradient)}, norm {number(norm)}", BEFORE),
        (f"after: {listed(clipped)}, norm {number(math.hypot(*clipped))}", AFTER),
        (f"dashed: norm {number(threshold)}, the threshold", "muted"),
    )
    for place, (words, colour) in enumerate(lines):
        sketch.text(170, bottom + 22 + 19 * place, words, colour, bold=place < 2)
    said = f"Both arrows have the same direction. {'; '.join(words for words, _ in lines)}."
    return sketch.svg(name, "The gradient before and after clipping", said)
