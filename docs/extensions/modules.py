"""``{modules} elman.nn elman.nn.*``: modules as their docstrings tell of them, a section each.

``package.*`` stands for every module of the package that says in ``__all__`` what it offers; a name is described
once, at the front door if it is offered there.
"""

import importlib
import pkgutil

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from elman.cells.lookup import FAMILIES, public_cells
from elman.probe.cell_table import make_cell


def _theirs(thing):
    """Whether a name is another library's, such as a cell of torch.nn, and described there."""
    return not getattr(thing, "__module__", "elman").startswith(("elman", "builtins", "typing"))


class Modules(SphinxDirective):
    """One section of autodoc's for each module."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Name the modules, and leave the rest to autodoc."""
        seen, sections = set(), []
        for module in self.modules():
            ours = [name for name in module.__all__ if not _theirs(getattr(module, name))]
            new = [name for name in ours if id(getattr(module, name)) not in seen]
            seen |= {id(getattr(module, name)) for name in new}
            if new:
                sections.append(self.section(module.__name__, new))
        return sections

    def modules(self):
        """The modules that the argument names."""
        for name in self.arguments[0].split():
            package = importlib.import_module(name.removesuffix(".*"))
            if not name.endswith(".*"):
                yield package
                continue
            for found in pkgutil.iter_modules(package.__path__):
                module = importlib.import_module(f"{package.__name__}.{found.name}")
                if hasattr(module, "__all__") and not found.ispkg:
                    yield module

    def section(self, name, members):
        """One module: its name, its docstring, what it offers."""
        section = nodes.section(ids=[nodes.make_id(name)])
        section += nodes.title("", "", nodes.literal("", name))
        module = importlib.import_module(name)
        theirs = ", ".join(one for one in module.__all__ if _theirs(getattr(module, one)))
        text = ["```{eval-rst}", f".. automodule:: {name}", f"   :members: {', '.join(members)}"]
        text += [f"   :exclude-members: {theirs}"] if theirs else []
        text += ["```"]
        section += self.parse_text_to_nodes("\n".join(text), offset=self.content_offset)
        return section


class CellTable(SphinxDirective):
    """``{cell-table}``: the cells by family and year, from the cells themselves."""

    def run(self):
        """Write the table as Markdown, and have it read."""
        order = FAMILIES.index
        kinds = sorted(public_cells().items(), key=lambda one: (order(one[1].family), one[1].year or 0, one[0]))
        rows = ["| family | cell | year | published by | parameters |", "|---|---|---|---|---:|"]
        for name, kind in kinds:
            count = sum(p.numel() for p in make_cell(kind, 128, 256).parameters())
            rows.append(
                f"| {kind.family} | {{py:class}}`~elman.cells.{name}` | {kind.year} | {kind.paper} | {count:,} |"
            )
        return self.parse_text_to_nodes("\n".join(rows))


def setup(app):
    """Register the directives."""
    app.add_directive("modules", Modules)
    app.add_directive("cell-table", CellTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
