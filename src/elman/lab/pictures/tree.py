"""Beam search as a tree, with what it prunes (exercise 15.8)."""

from collections.abc import Mapping, Sequence
from typing import Any

from elman.lab.formatting import number
from elman.lab.pictures.sketch import Sketch

__all__ = ["draw_tree"]

NAMES = ("A", "B", "C", "eos")
END = 3
ROW = 27
KEPT, BEST = "c0", "c1"
Leaf = tuple[int, int | None, float]  # first token, second token, probability


def draw_tree(plan: Mapping[str, Any], name: str) -> str:
    """Draw the hypotheses of two steps of a beam: those kept in colour, those pruned dashed.

    Raises:
        ValueError: if the plan has no table of four tokens or no width from 1 to 4, or the beam keeps a hypothesis
            that ends at step 1.
    """
    first, after, width = plan["first"], [plan[f"after_{one}"] for one in "abc"], plan["width"]
    if not isinstance(width, int) or not 1 <= width <= 4 or any(len(row) != 4 for row in (first, *after)):
        raise ValueError(f"got a beam of width {width} and rows of {[len(row) for row in (first, *after)]} tokens")
    ranked = sorted(range(4), key=lambda token: -first[token])
    kept = ranked[:width]
    if END in kept:
        raise ValueError("a hypothesis that ends at step 1 leaves its place to another; the tree has no such row")
    leaves = [leaf for token in range(4) for leaf in _leaves(token, token in kept, first, after)]
    alive = sorted((leaf for leaf in leaves if leaf[0] in kept), key=lambda leaf: -leaf[2])[:width]
    sketch = Sketch(340, 34 + ROW * len(leaves) + 10)
    for x, words in ((22, "start"), (124, "after step 1"), (272, "after step 2")):
        sketch.text(x, 14, words, "muted")
    middle = 34 + ROW * len(leaves) / 2
    row = 0
    for token in range(4):
        mine = [leaf for leaf in leaves if leaf[0] == token]
        y = 34 + ROW * (row + len(mine) / 2)
        on = token in kept
        sketch.line(34, middle, 86, y, KEPT if on else "muted", dashed=not on)
        _node(sketch, 124, y, f"{NAMES[token]}  {number(first[token])}", 76, KEPT if on else "muted", on)
        for place, leaf in enumerate(mine):
            if not on or (leaf[1] is None and token != END):
                continue
            below = 34 + ROW * (row + place + 0.5)
            live = leaf in alive
            colour = BEST if leaf == alive[0] else KEPT if live else "muted"
            sketch.line(162, y, 214, below, colour, dashed=not live)
            _node(sketch, 272, below, f"{_named(leaf)}  {number(leaf[2], 3)}", 116, colour, live)
        row += len(mine)
    sketch.circle(22, middle, 10, KEPT)
    said = (
        f"A beam of width {width} keeps {_listed([NAMES[t] for t in kept])} after step 1 and "
        f"{_listed([f'{_named(leaf)} ({number(leaf[2], 3)})' for leaf in alive])} after step 2. All other hypotheses "
        "are pruned and drawn dashed."
    )
    return sketch.svg(name, f"A beam of width {width}", said)


def _leaves(token: int, kept: bool, first: Sequence[float], after: Sequence[Sequence[float]]) -> list[Leaf]:
    if not kept or token == END:
        return [(token, None, first[token])]
    return [(token, then, first[token] * chance) for then, chance in enumerate(after[token])]


def _named(leaf: Leaf) -> str:
    return NAMES[leaf[0]] if leaf[1] is None else f"{NAMES[leaf[0]]} {NAMES[leaf[1]]}"


def _node(sketch: Sketch, x: float, y: float, words: str, width: float, colour: str, filled: bool) -> None:
    sketch.box(x, y, width, ROW - 5, colour, filled, dashed=not filled)
    sketch.text(x, y + 5, words, "ink" if filled else "muted", bold=filled)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
