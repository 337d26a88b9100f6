"""Public names that are imported when they are first used."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily", "needed"]


def lazily(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: the package's name.
        homes: the module of each public name; an empty string marks a name that is itself a module of the package.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it has {', '.join(sorted(homes))}")
        try:
            value = getattr(import_module(homes[name]), name) if homes[name] else import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if not needed(error):
                raise
            raise ModuleNotFoundError(f"{package}.{name}: {needed(error)}", name=error.name) from None
        setattr(sys.modules[package], name, value)  # found at once from now on
        return value

    return get, lambda: sorted(homes)


def needed(error: ModuleNotFoundError) -> str:
    """Return which package to install after a failed import; empty if a module of Elman itself is missing."""
    package = (error.name or "elman").partition(".")[0]
    if package == "elman":
        return ""
    return f"this needs the package {package}, which is not installed: pip install 'elman[lab]'"
