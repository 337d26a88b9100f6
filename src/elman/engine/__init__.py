"""Run a cell through time: a reference loop, and faster engines that compute the same."""

from elman.engine.choice import use_engine
from elman.engine.explain import explain
from elman.engine.symbols import Symbols
from elman.engine.unroll import unroll

__all__ = ["Symbols", "explain", "unroll", "use_engine"]
