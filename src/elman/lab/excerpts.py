"""Lines of Elman's own source, found by name: a function, a class, or a method, without its docstring."""

import ast
import re
import textwrap
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

__all__ = ["Excerpt", "excerpt", "link_from"]

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Excerpt:
    """A definition: its name, the file it is in, its first line there, and its text."""

    name: str
    file: Path
    line: int
    text: str

    @property
    def place(self) -> str:
        """The file from the folder that contains the package, such as ``elman/cells/rnn.py``."""
        return self.file.relative_to(_package().parent).as_posix()


def excerpt(name: str) -> Excerpt:
    """Return a definition's text. Nothing is imported: the file is parsed.

    Args:
        name: module and definition, such as ``"elman.cells.rnn:RNNCell"`` or ``"elman.cells.rnn:RNNCell.step"``.

    Raises:
        ValueError: if there is no such module in the package, or no such definition in the module.

    Example:
        >>> print(excerpt("elman.nn.connections:Residual.forward").text.splitlines()[0].split("(")[0])
        def forward
    """
    module, _, inside = name.partition(":")
    first, *parts = module.split(".")
    file = _package().joinpath(*parts).with_suffix(".py")
    if first != "elman" or not parts or not file.is_file():
        raise ValueError(f"got {name!r}: there is no module {module}")
    source = file.read_text("utf-8")
    found: ast.AST = ast.parse(source)
    for part in inside.split("."):
        within = [node for node in ast.iter_child_nodes(found) if isinstance(node, Defined) and node.name == part]
        if not within:
            raise ValueError(f"got {name!r}: there is no {part} in {module}")
        found = within[-1]
    assert isinstance(found, Defined)
    first_line = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    hidden = {line for node in ast.walk(found) for line in _docstring(node)}
    lines = source.splitlines()
    kept = [lines[at - 1] for at in range(first_line, (found.end_lineno or first_line) + 1) if at not in hidden]
    text = re.sub(r"\n{2,}", "\n\n", textwrap.dedent("\n".join(kept)))
    return Excerpt(inside, file, first_line, re.sub(r"(:\n)\n", r"\1", text))


def link_from(folder: Path, file: Path) -> str:
    """Return the relative address of a source file for a page in a folder of the same checkout, or an empty text.

    A page elsewhere has no link: its path to the source would hold on one machine only.
    """
    root = _package().parent.parent
    here = folder.resolve()
    if not here.is_relative_to(root) or not (root / "pyproject.toml").is_file():
        return ""
    up = len(here.relative_to(root).parts)
    return "../" * up + file.relative_to(root).as_posix()


def _package() -> Path:
    return Path(str(files("elman"))).resolve()


def _docstring(node: ast.AST) -> range:
    """Return the lines of a definition's docstring, unless it is the whole body."""
    if not isinstance(node, Defined) or ast.get_docstring(node) is None or len(node.body) == 1:
        return range(0)
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
