"""Find a cell by name: a built-in cell, or a class in the user's own file."""

import hashlib
import importlib.util
import sys
from pathlib import Path

import torch

from elman.cell import Cell
from elman.errors import UnknownName, nearest

__all__ = ["FAMILIES", "cell_inputs", "cell_label", "cell_named", "public_cells"]

#: The groups of built-in cells, in the order in which ``elman cells`` lists them.
FAMILIES = (
    "simple",
    "gated",
    "structured",
    "long memory",
    "linear in the state",
    "matrix memory",
    "continuous time",
)


def public_cells() -> dict[str, type[Cell]]:
    """Return every built-in cell by its class name, in alphabetical order."""
    from elman import cells

    found = {name: getattr(cells, name) for name in cells.__all__}
    return {n: c for n, c in sorted(found.items()) if isinstance(c, type) and issubclass(c, Cell)}


def cell_named(name: str) -> type[Cell]:
    """Return a cell's class.

    Args:
        name: a class of :mod:`elman.cells` (``"GRUCell"``), or ``"file.py:Class"``; that file is imported, which
            runs its code.

    Raises:
        UnknownName: if the cell, file or class does not exist, the file cannot be imported, or the class is not a
            :class:`~elman.Cell`, cannot be built from two sizes, or fails in its first step.

    Example:
        >>> cell_named("GRUCell")(3, 5)
        GRUCell(3, 5)
    """
    path, colon, class_name = name.rpartition(":")
    if not colon:
        known = public_cells()
        if name.endswith(".py"):
            raise UnknownName(f"got the file {name} without a class; name your own cell as {name}:MyCell")
        if name not in known:
            raise UnknownName(
                f"no built-in cell {name!r} (name your own cell as mycell.py:MyCell){nearest(name, known)}"
            )
        return known[name]
    cell = _from_file(Path(path), class_name)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        _try(cell, name)
    return cell


def cell_inputs(name: str) -> dict[str, str]:
    """Return the label and SHA-256 of the file that defines a user's own cell; empty for a built-in cell.

    Example:
        >>> cell_inputs("GRUCell")
        {}
    """
    path, colon, _ = name.rpartition(":")
    return {cell_label(name): hashlib.sha256(_read(Path(path))).hexdigest()} if colon else {}


def cell_label(name: str) -> str:
    """Return a cell's name without its folder, as tables and figures show it.

    Example:
        >>> cell_label("somewhere/mine.py:Mine")
        'mine.py:Mine'
    """
    return name.replace("\\", "/").rpartition("/")[2]


def _from_file(path: Path, class_name: str) -> type[Cell]:
    text = _read(path)
    module_name = f"elman_cell_{path.stem}_{hashlib.sha256(bytes(path.resolve()) + text).hexdigest()[:12]}"
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise UnknownName(f"{path} is not a Python file; name a cell as file.py:Class")
        module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
        try:
            with torch.random.fork_rng(devices=[]):
                spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[module_name]
            line = getattr(error, "lineno", None)
            where = f", line {line}" if line else ""
            raise UnknownName(f"{path}{where} cannot be imported: {_said(error)}") from None
    mine = [n for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, Cell) and c is not Cell]
    if class_name not in mine:
        if hasattr(module, class_name):
            raise UnknownName(f"{class_name} in {path} is not a subclass of elman.Cell")
        raise UnknownName(f"{path} has no cell {class_name!r}" + (nearest(class_name, mine) if mine else ""))
    return getattr(module, class_name)


def _try(kind: type[Cell], name: str) -> None:
    """Build a small cell and take one step, so that an error is raised before a study begins."""
    call = f"{kind.__name__}(input_size, hidden_size)"
    try:
        cell = kind(2, 3)
    except Exception as error:
        raise UnknownName(f"{name}: a study builds the cell as {call}, which raised {_said(error)}") from None
    if (getattr(cell, "input_size", None), getattr(cell, "hidden_size", None)) != (2, 3):
        raise UnknownName(f"{name}: {call} must call super().__init__(input_size, hidden_size)")
    try:
        cell = cell.drawn()
        before = cell.initial_state(4)
        after = cell.step(cell.drive(torch.randn(4, 2)), before)
    except Exception as error:
        raise UnknownName(f"{name}: the first step raised {_said(error)}") from None
    if type(after) is not type(before):
        raise UnknownName(f"{name}: step must return {type(before).__name__}, got {type(after).__name__}")
    for field, old, new in zip(before._fields, before, after, strict=True):
        if new.shape != old.shape:
            raise UnknownName(
                f"{name}: step must keep the shape of {field}, {list(old.shape)} at batch 4 and hidden_size 3; "
                f"it returned {list(new.shape)}"
            )


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnknownName(f"cannot read {path}: {error.strerror}; name a cell as file.py:Class") from None
