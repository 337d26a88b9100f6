"""Regularisers that wrap a cell and are cells themselves."""

from elman.cells.wrappers.base import Wrapper, check_probability
from elman.cells.wrappers.variational import VariationalDropout
from elman.cells.wrappers.weight_drop import WeightDrop
from elman.cells.wrappers.zoneout import Zoneout

__all__ = ["VariationalDropout", "WeightDrop", "Wrapper", "Zoneout", "check_probability"]
