"""Elman: recurrent cells in ten lines of PyTorch, run through time at native speed."""

from elman import cells
from elman.cell import Cell, State
from elman.engine import unroll, use_engine

__version__ = "0.1.0"

__all__ = ["Cell", "State", "__version__", "cells", "unroll", "use_engine"]
