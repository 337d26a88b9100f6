"""The five configurations of a recurrent network, as boxes (exercise 15.1)."""

from collections.abc import Mapping
from typing import Any

from elman.lab.pictures.sketch import Sketch

__all__ = ["draw_configurations"]

# Name, what it suits, number of steps, the steps that read an input, the steps that give an output.
CONFIGURATIONS = (
    ("one to one", "no sequence at all", 1, (0,), (0,)),
    ("one to many", "b) a melody from a genre", 4, (0,), (0, 1, 2, 3)),
    ("many to one", "a) a review's sentiment", 4, (0, 1, 2, 3), (3,)),
    ("many to many,\naligned", "d) tags, e) next words", 4, (0, 1, 2, 3), (0, 1, 2, 3)),
    ("many to many,\nunaligned", "c) translation", 5, (0, 1, 2), (2, 3, 4)),
)
STEP, BOX = 33, 22
INPUT, STATE, OUTPUT = "c0", "c7", "c1"


def draw_configurations(plan: Mapping[str, Any], name: str) -> str:
    """Draw one panel for each configuration: inputs below, states in the middle, outputs above."""
    return "".join(_panel(f"{name}-{place}", *one) for place, one in enumerate(CONFIGURATIONS))


def _panel(name: str, title: str, suits: str, steps: int, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> str:
    sketch = Sketch(166, 166)
    top, middle, low = 70, 108, 146
    left = (166 - STEP * (steps - 1)) / 2
    *above, last = title.split("\n")
    for words in above:
        sketch.text(83, 13, words, bold=True)
    sketch.text(83, 29, last, bold=True)
    sketch.text(83, 47, suits, "muted")
    for step in range(steps):
        x = left + STEP * step
        sketch.box(x, middle, BOX, BOX, STATE, filled=True)
        if step:
            sketch.arrow(x - STEP + BOX / 2, middle, x - BOX / 2, middle)
        if step in inputs:
            sketch.box(x, low, BOX, BOX, INPUT, filled=True)
            sketch.arrow(x, low - BOX / 2, x, middle + BOX / 2)
        if step in outputs:
            sketch.box(x, top, BOX, BOX, OUTPUT, filled=True)
            sketch.arrow(x, middle - BOX / 2, x, top + BOX / 2)
    said = (
        f"{steps} state{'s' if steps > 1 else ''} in a row; inputs at {_places(inputs)}, outputs at "
        f"{_places(outputs)}. Suits: {suits}."
    )
    return sketch.svg(name, title.replace("\n", " "), said)


def _places(steps: tuple[int, ...]) -> str:
    return f"step{'s' if len(steps) > 1 else ''} " + ", ".join(str(step + 1) for step in steps)
