"""``elman playground``: a page in which cells train."""

from pathlib import Path
from typing import Annotated

import typer

MANY = 10  # modules that compile in a few seconds


def playground(
    cells: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CELL ...]", help="Cells by name, or FILE.py:CLASS for your own; default: all."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")] = Path("playground.html"),
    hidden_size: Annotated[
        list[int] | None,
        typer.Option("--hidden-size", min=1, max=512, help="A hidden size to offer; default: 16, 32 and 64."),
    ] = None,
) -> None:
    """Write one HTML file in which cells train in the browser, with no server and no request."""
    import sys

    from elman.cells.lookup import public_cells
    from elman.playground import playground as built
    from elman.playground.cells import SIZES

    count = len(cells or public_cells()) * len(hidden_size or SIZES)
    if count > MANY:
        print(f"compiling {count} modules takes about {count / 2:.0f} s; name some cells for less", file=sys.stderr)
    page = built(*(cells or ()), hidden_sizes=hidden_size or SIZES)
    page.save(out)
    print(f"wrote {out} ({len(page.html.encode()) / 1e6:.1f} MB); open it in a browser")
