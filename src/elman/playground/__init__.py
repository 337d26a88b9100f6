"""A page in which recurrent cells train before your eyes: ``elman.playground(cell)``.

The page runs the cells' own kernels, compiled to WebAssembly by ``elman.engine.web``. It needs no server.
"""

import sys

from elman.playground.show import Callable, Playground, playground

__all__ = ["Playground", "playground"]

sys.modules[__name__].__class__ = Callable  # ``elman.playground`` is a package and the function of this name
