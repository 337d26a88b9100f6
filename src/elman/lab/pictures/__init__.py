"""Pictures for exercises whose answer is a shape: drawn from the plan, as SVG.

A picture is a function of a plan's fields and an id; :data:`PICTURES` lists them by the study's results folder.
"""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from elman.lab.findings import Findings
from elman.lab.pictures.arrows import draw_clipping
from elman.lab.pictures.boxes import draw_configurations
from elman.lab.pictures.directions import draw_directions
from elman.lab.pictures.tree import draw_tree

__all__ = ["PICTURES", "Picture", "picture_of"]

Picture = Callable[[Mapping[str, Any], str], str]

PICTURES: dict[str, tuple[str, Picture]] = {
    "15.1-task-shapes": ("Inputs below, states in the middle, outputs above", draw_configurations),
    "15.6-bidirectional-shapes": ("Where the output and the final states come from", draw_directions),
    "15.8-beam-search": ("The beam as a tree: what it keeps, and what it prunes", draw_tree),
    "15.10-gradient-clipping": ("Clipping shortens a gradient and keeps its direction", draw_clipping),
}


def picture_of(findings: Findings, name: str) -> tuple[str, Markup] | None:
    """Return the title and the drawing for some findings, or None if there is no picture that fits their plan.

    Args:
        findings: the findings.
        name: an id that is unique in the page.
    """
    title, draw = PICTURES.get(f"{findings.exercise}-{findings.name}", ("", None))
    if draw is None or findings.plan is None:
        return None
    try:
        return title, Markup(draw(findings.plan, name))
    except (KeyError, TypeError, ValueError):  # findings of another version, or sizes that do not fit
        return None
