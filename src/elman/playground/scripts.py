"""The page's JavaScript modules, joined to one script, so that a page needs no other file."""

import re
from importlib.resources import files

__all__ = ["PAGE", "WORKER", "joined", "text_of"]

#: The modules that train, each after those that it imports.
WORKER = ("operators.js", "runtime.js", "chance.js", "learning.js", "tasks.js", "model.js", "worker.js")
#: The modules of the page itself.
PAGE = ("chance.js", "tasks.js", "settings.js", "pictures.js", "page.js")
IMPORT = re.compile(r"^import \{[^}]*\} from \"\./[a-z]+\.js\";\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(async )?(function|class|const)\b)", re.MULTILINE)


def text_of(name: str) -> str:
    """Return the text of one of the page's files."""
    return files("elman.playground").joinpath(name).read_text("utf-8")


def joined(*names: str) -> str:
    """Return JavaScript modules as one script: their imports of one another go, and so do their exports.

    Example:
        >>> "export" in joined("operators.js")
        False
    """
    return "\n".join(EXPORT.sub("", IMPORT.sub("", text_of(name))) for name in names)
