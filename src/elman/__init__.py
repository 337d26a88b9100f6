"""Elman: recurrent cells in ten lines of PyTorch, run through time at native speed.

The names below are imported when they are first used, so that the command line starts at once.
"""

from typing import TYPE_CHECKING

from elman.lazy import lazily

if TYPE_CHECKING:
    from elman import apps, baselines, cells, data, decode, nn, probe, testing, train
    from elman.cell import Cell, State
    from elman.engine import Symbols, explain, unroll, use_engine
    from elman.playground.show import playground
    from elman.testing import check_cell

__version__ = "0.2.0"

__all__ = [
    "Cell",
    "State",
    "Symbols",
    "__version__",
    "apps",
    "baselines",
    "cells",
    "check_cell",
    "data",
    "decode",
    "explain",
    "nn",
    "playground",
    "probe",
    "testing",
    "train",
    "unroll",
    "use_engine",
]

__getattr__, __dir__ = lazily(
    __name__,
    dict.fromkeys(("Cell", "State"), "elman.cell")
    | {"Symbols": "elman.engine.symbols", "explain": "elman.engine.explain", "unroll": "elman.engine.unroll"}
    | {"use_engine": "elman.engine.choice", "check_cell": "elman.testing"}
    | dict.fromkeys(("apps", "baselines", "cells", "data", "decode", "nn", "playground", "probe"), "")
    | dict.fromkeys(("testing", "train"), ""),
)
