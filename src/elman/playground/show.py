"""The playground's page for given cells, as a file or in a notebook."""

import html
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from elman.cell import Cell
from elman.cells.lookup import cell_label, cell_named, public_cells
from elman.errors import check_positive
from elman.files import write_text
from elman.playground.bundle import page
from elman.playground.cells import SIZES, entry, entry_of

__all__ = ["Playground", "playground"]


class Playground:
    """A page in which cells train; a notebook shows it where it is the value of a notebook cell.

    Attributes:
        html: the whole page.
    """

    def __init__(self, html: str):
        self.html = html

    def save(self, path: str | Path) -> Path:
        """Write the page to a file; return its path.

        Raises:
            OSError: if the file cannot be written.
        """
        write_text(Path(path), self.html)
        return Path(path)

    def _repr_html_(self) -> str:
        frame = 'width="100%" height="900" style="border: 0" title="Elman playground"'
        return f'<iframe srcdoc="{html.escape(self.html)}" {frame}></iframe>'

    def __repr__(self) -> str:
        return f"Playground({len(self.html):,} characters of HTML; save(path) writes them)"


def playground(
    *cells: Cell | type[Cell] | str, hidden_sizes: Iterable[int] = SIZES, settings: str = ""
) -> Playground:
    """Return a page in which cells train in the reader's browser, without a server.

    Args:
        cells: cells, classes of cells, or names as in :func:`elman.cells.lookup.cell_named`; default every built-in
            cell. A cell is offered at its own hidden size and starts as its class does, not with its weights.
        hidden_sizes: hidden sizes to offer for classes and names; default 16, 32 and 64.
        settings: the settings at the start, as in the page's address after the ``#``, such as
            ``"task=parity&length=24"``.

    Raises:
        ValueError: if a cell cannot run in a page, or two have one name.
        UnknownName: if a name is not one of a cell.

    Example:
        >>> import elman
        >>> elman.playground(elman.cells.RNNCell, hidden_sizes=[8])
        Playground(... characters of HTML; save(path) writes them)
    """
    sizes = sorted({check_positive(hidden_size=size)[0] for size in hidden_sizes})
    if not sizes:
        raise ValueError("a page needs at least one hidden size, got none")
    return Playground(page([_entry(cell, sizes) for cell in cells or public_cells()], settings))


def _entry(cell: Cell | type[Cell] | str, sizes: list[int]) -> dict[str, Any]:
    if isinstance(cell, Cell):
        return entry_of(cell)
    if isinstance(cell, str):
        return entry(cell_label(cell), cell_named(cell), sizes)
    return entry(cell.__name__, cell, sizes)


class Callable(ModuleType):
    """The module ``elman.playground``, which is also the function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Playground:
        """Do what :func:`playground` does."""
        return playground(*args, **kwargs)
