"""What of the docstrings is shown: a cell's paper above its equations, and nothing that says nothing."""

import inspect
import re
from dataclasses import is_dataclass

from sphinx import addnodes

from elman import Cell

SHAPE, SHOWN = re.compile(r"(\[[^]]*\])"), r"``\1``"


def setup(app):
    """Listen to autodoc."""
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _paper)
    app.connect("autodoc-process-docstring", _fields)
    app.connect("autodoc-process-signature", _signature)
    app.connect("doctree-read", _one_signature)
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


def _fields(app, what, name, member, options, lines):
    # what is said behind the fields of a NamedTuple or dataclass, their shapes above all
    if what == "class" and isinstance(member, type) and (hasattr(member, "_fields") or is_dataclass(member)):
        said = re.findall(r"^    (\w+): [^#\n]+  # (?!pyright|noqa)(.+)$", inspect.getsource(member), re.MULTILINE)
        if said and not any(line.startswith(":ivar") for line in lines):
            lines += ["", *(f":ivar {field}: {SHAPE.sub(SHOWN, text)}" for field, text in said), ""]


def _signature(app, what, name, member, options, signature, returned):
    if getattr(member, "_is_protocol", False):
        return "", returned
    return signature and signature.replace("<factory>", "..."), returned


def _one_signature(app, doctree):
    # torch.nn's layers declare that they also take anything, for the sake of type checkers
    for described in doctree.findall(addnodes.desc):
        signatures = [node for node in described if isinstance(node, addnodes.desc_signature)]
        for further in signatures[1:]:
            if further.astext().endswith("(*args, **kwargs)"):
                described.remove(further)
