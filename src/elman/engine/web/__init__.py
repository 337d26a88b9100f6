"""The WebAssembly back end: a cell's kernels for a browser page, from the same plan as every other back end's.

A page trains a cell with these modules; nothing here runs in Python. See :mod:`elman.playground`.
"""

from elman.engine.web.assemble import products, tile_sizes
from elman.engine.web.module import ANY, WebModule, compile  # noqa: A004 - as in a back end

__all__ = ["ANY", "WebModule", "compile", "products", "tile_sizes"]
