"""Elman: recurrent cells in ten lines of PyTorch, run through time at native speed.

The names below are imported when first used, so that the command line starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman import cells, data, decode, nn
    from elman.cell import Cell, State
    from elman.engine import Symbols, explain, unroll, use_engine
    from elman.testing import check_cell

__version__ = "0.1.0"

__all__ = [
    "Cell",
    "State",
    "Symbols",
    "__version__",
    "cells",
    "check_cell",
    "data",
    "decode",
    "explain",
    "nn",
    "unroll",
    "use_engine",
]

_HOME = {
    "Cell": "elman.cell",
    "State": "elman.cell",
    "Symbols": "elman.engine",
    "check_cell": "elman.testing",
    "explain": "elman.engine",
    "unroll": "elman.engine",
    "use_engine": "elman.engine",
}


def __getattr__(name: str) -> object:
    if name in ("cells", "data", "decode", "nn"):
        return import_module(f"elman.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'elman' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
