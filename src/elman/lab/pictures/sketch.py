"""Boxes, arrows and words as SVG in the page's colours."""

import html
import math

from elman.lab.formatting import visible

__all__ = ["Sketch"]

TEXT = 13  # size of the words, in units of the drawing


class Sketch:
    """A drawing of a given size, in units that are pixels on a phone.

    Args:
        width: width of the drawing.
        height: height of the drawing.

    Example:
        >>> sketch = Sketch(40, 20)
        >>> sketch.text(20, 15, "a < b")
        >>> "a &lt; b" in sketch.svg("p1", "Two letters", "a is less than b.")
        True
    """

    def __init__(self, width: float, height: float):
        self.width, self.height = width, height
        self.parts: list[str] = []

    def box(
        self, x: float, y: float, width: float, height: float, colour: str = "ink", filled: bool = False,
        dashed: bool = False,
    ) -> None:  # fmt: skip
        """Draw a box with round corners around its middle ``(x, y)``; a filled one is tinted."""
        style = f"stroke:var(--{colour});stroke-width:1.5;fill:{f'var(--{colour})' if filled else 'none'}"
        style += ";fill-opacity:.18" if filled else ""
        style += ";stroke-dasharray:4 3" if dashed else ""
        corner = f'x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}" height="{height:g}"'
        self.parts.append(f'<rect {corner} rx="5" style="{style}"></rect>')

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str = "ink", dashed: bool = False) -> None:
        """Draw a line."""
        self._path(f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}", colour, 1.5, dashed)

    def arrow(
        self, x0: float, y0: float, x1: float, y1: float, colour: str = "ink", thick: float = 1.5,
        dashed: bool = False,
    ) -> None:  # fmt: skip
        """Draw an arrow; one without length is not drawn."""
        length = math.hypot(x1 - x0, y1 - y0)
        if length < 1:
            return
        head = min(5 + 2 * thick, length)
        back, side = (x0 - x1) / length, (y0 - y1) / length
        left = x1 + head * back - head / 2 * side, y1 + head * side + head / 2 * back
        right = x1 + head * back + head / 2 * side, y1 + head * side - head / 2 * back
        shaft = x1 + head * back * 0.8, y1 + head * side * 0.8
        self._path(f"M{x0:.1f} {y0:.1f}L{shaft[0]:.1f} {shaft[1]:.1f}", colour, thick, dashed)
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in ((x1, y1), left, right))
        self.parts.append(f'<polygon points="{corners}" style="fill:var(--{colour})"></polygon>')

    def circle(self, x: float, y: float, radius: float, colour: str = "muted") -> None:
        """Draw a dashed circle."""
        style = f"fill:none;stroke:var(--{colour});stroke-width:1.5;stroke-dasharray:5 4"
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" style="{style}"></circle>')

    def text(
        self, x: float, y: float, words: str, colour: str = "ink", anchor: str = "middle", bold: bool = False
    ) -> None:
        """Write words whose baseline is at y; ``anchor`` is start, middle or end."""
        style = f"font:{'600 ' if bold else ''}{TEXT}px var(--sans);fill:var(--{colour})"
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">'
            f"{html.escape(visible(words))}</text>"
        )

    def svg(self, name: str, title: str, description: str) -> str:
        """Return the drawing as an ``<svg>`` element.

        Args:
            name: an id that is unique in the page.
            title: accessible name.
            description: what the drawing shows, in words.
        """
        return (
            f'<svg class="sketch" viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" role="img" '
            f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{html.escape(visible(title))}</title>'
            f'<desc id="{name}-d">{html.escape(visible(description))}</desc>{"".join(self.parts)}</svg>'
        )

    def _path(self, d: str, colour: str, thick: float, dashed: bool) -> None:
        style = f"fill:none;stroke:var(--{colour});stroke-width:{thick:g}{';stroke-dasharray:4 3' if dashed else ''}"
        self.parts.append(f'<path d="{d}" style="{style}"></path>')
