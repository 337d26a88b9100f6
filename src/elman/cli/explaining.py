"""Attention and beam search, shown in the terminal and as a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from elman.terminal import marked

if TYPE_CHECKING:
    from elman.decode import Beams

__all__ = ["show_attention", "show_tree", "write_attention"]


def show_attention(weights: Sequence[Sequence[float]], read: Sequence[str], written: Sequence[str]) -> None:
    """Print attention as a table: one row per output token, one shaded column per input token."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Attention per token", title_justify="left", box=None, padding=(0, 1))
    table.add_column("wrote")
    for token in read:
        table.add_column(marked(token), justify="center", no_wrap=True)
    for token, row in zip(written, weights, strict=True):
        cells = [f"[on grey{_shade(w)}]{'' if w < 0.005 else f'{w:.2f}'.lstrip('0')}[/]" for w in row]
        table.add_row(marked(token), *cells)
    Console().print(table)


def _shade(weight: float) -> int:
    """Return a grey of the terminal's palette on which text is readable, darker for a smaller weight."""
    return (0, 11, 19, 27, 35, 42, 50)[min(6, int(weight * 7))]


def show_tree(beams: "Beams", names: Sequence[str]) -> None:
    """Print the search tree of the first sentence, each hypothesis with its log-probability."""
    from rich.console import Console
    from rich.tree import Tree

    if not beams.tree:
        return
    root = Tree("beam search: kept hypotheses and their log-probabilities")
    above = [root]
    width = beams.tree[0].tokens.shape[-1] // 2
    for level in beams.tree:
        parts = (part[0, 0] for part in (level.tokens, level.parents, level.log_probs))
        here: list[Tree] = []
        for place, numbers in enumerate(zip(*parts, strict=True)):
            (token, parent), score = map(int, numbers[:2]), float(numbers[2])
            branch = root
            if token >= 0 and parent < len(above):
                ends = " [green](finished)[/]" if place >= width else ""
                branch = above[parent].add(f"{marked(names[token])} [dim]{score:.3f}[/]{ends}")
            if place < width:
                here.append(branch)
        above = here
    Console().print(root)


def write_attention(
    path: Path, title: str, weights: Sequence[Sequence[float]], read: Sequence[str], written: Sequence[str]
) -> None:
    """Write attention as an SVG figure."""
    from elman.files import write_text
    from elman.lab.figures import draw
    from elman.lab.findings import Heatmap

    figure = Heatmap(title, "read", "wrote", [list(row) for row in weights], list(read), list(written))
    write_text(path, draw(figure))
