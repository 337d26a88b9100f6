"""Running a cell through time: one specification, and faster engines held to it."""

from elman.engine.choice import use_engine
from elman.engine.explain import explain
from elman.engine.symbols import Symbols
from elman.engine.unroll import unroll

__all__ = ["Symbols", "explain", "unroll", "use_engine"]
