"""A rule for each operator of PyTorch that the engine knows, in files by kind; importing one enters its rules."""

from elman.engine.planning.rules import columns, pointwise, products, reductions, shapes

__all__ = ["columns", "pointwise", "products", "reductions", "shapes"]
