"""Running a cell through time: one specification, and faster engines held to it."""

from elman.engine.choice import use_engine
from elman.engine.explaining import explain
from elman.engine.unroll import unroll

__all__ = ["explain", "unroll", "use_engine"]
