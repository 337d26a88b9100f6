"""What of the docstrings is shown: a cell's paper above its equations, and nothing that says nothing."""

import inspect

from elman import Cell


def setup(app):
    """Listen to autodoc."""
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _paper)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _skip(app, what, name, member, skip, options):
    if name in ("extra_repr", "year", "paper") or (inspect.getdoc(member) or "").startswith("Alias for field number"):
        return True
    home = getattr(member, "__module__", None) or ""
    # a cell's step and drive are its equations, which stand above them
    return True if home.startswith("elman.cells.") and name in ("drive", "step", "initial_state") else None


def _paper(app, what, name, member, options, lines):
    if what == "class" and issubclass(member, Cell) and member.paper:
        lines[:0] = [f"*{member.paper}* ({member.year})", ""]
