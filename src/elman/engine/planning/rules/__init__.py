"""A rule for each supported operator of PyTorch, in files by kind; importing a file registers its rules."""

from elman.engine.planning.rules import columns, places, pointwise, products, reductions, shapes

__all__ = ["columns", "places", "pointwise", "products", "reductions", "shapes"]
