"""The layers and directions of a bidirectional network, and where its final states come from (exercise 15.6)."""

from collections.abc import Mapping
from typing import Any

from elman.lab.pictures.sketch import Sketch

__all__ = ["draw_directions"]

MOST_LAYERS = 4
COLUMNS, WIDTH, HEIGHT = (84, 148, 276), 44, 24  # of the first, second and last step; a box's size
FORWARD, BACKWARD = "c0", "c1"


def draw_directions(plan: Mapping[str, Any], name: str) -> str:
    """Draw each layer's two directions at the first, second and last step; the final states are tinted.

    Raises:
        ValueError: if the plan's sizes are not positive whole numbers, or it has more layers than fit.
    """
    steps, layers, size = (plan[key] for key in ("steps", "num_layers", "hidden_size"))
    if not all(isinstance(n, int) and n > 0 for n in (steps, layers, size)) or layers > MOST_LAYERS or steps < 3:
        raise ValueError(f"got {layers} layers of {size} units over {steps} steps")
    tall = 96
    sketch = Sketch(340, 38 + tall * layers + 36)
    bottom = 38 + tall * layers
    for x, label in zip(COLUMNS, ("x₁", "x₂", f"x of step {steps}"), strict=True):
        sketch.text(x, bottom + 26, label)
    sketch.text(212, bottom + 26, "…")
    for layer in range(layers):
        y = bottom - tall * layer - 38
        sketch.text(6, y - 18, f"layer {layer + 1}", anchor="start", bold=True)
        for column, x in enumerate(COLUMNS):
            below = bottom + 12 if layer == 0 else y + 58 - HEIGHT / 2 - 2
            sketch.arrow(x, below, x, y + 18 + HEIGHT / 2, "muted")
            for up, colour, final, index in (
                (18, FORWARD, column == 2, 2 * layer),
                (-18, BACKWARD, column == 0, 2 * layer + 1),
            ):
                sketch.box(x, y + up, WIDTH, HEIGHT, colour, filled=final)
                if final:
                    sketch.text(x, y + up + 5, f"h[{index}]", bold=True)
        for up, colour in ((18, FORWARD), (-18, BACKWARD)):
            for a, b in ((COLUMNS[0], COLUMNS[1]), (COLUMNS[1], COLUMNS[2])):
                ends = (a + WIDTH / 2, b - WIDTH / 2)
                start, end = ends if colour == FORWARD else ends[::-1]
                sketch.arrow(start, y + up, end, y + up, colour)
    top = bottom - tall * (layers - 1) - 38 - 18 - HEIGHT / 2
    for x in COLUMNS:
        sketch.arrow(x, top - 2, x, top - 18, "muted")
    sketch.text(170, top - 26, f"each step: {size} + {size} = {2 * size} features")
    stacked = f"{layers} layer{'s' if layers > 1 else ''}"
    sketch.text(170, top - 44, f"{stacked} × 2 directions = {2 * layers} final states")
    said = (
        f"Each of {layers} layers has a forward row of states, from the first step to the last, and a backward row, "
        f"from the last step to the first. The output of each step joins both: {2 * size} features. The forward "
        "final state is at the last step, the backward one at the first step."
    )
    return sketch.svg(name, "Two directions in every layer", said)
