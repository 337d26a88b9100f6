"""Which engine runs a cell, and how to force one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor

from elman.cell import Cell
from elman.engine import loop

__all__ = ["use_engine"]

ENGINES: dict[str, Callable[..., tuple[Tensor, Any]]] = {"loop": loop.run}

_forced: ContextVar[str] = ContextVar("elman_engine", default="auto")


def choose(engine: str, cell: Cell, x: Tensor) -> Callable[..., tuple[Tensor, Any]]:
    """Return the ``run`` function for this cell and input.

    Raises:
        ValueError: if no engine has that name.
    """
    name = _known(_forced.get() if engine == "auto" else engine)
    return ENGINES["loop" if name == "auto" else name]


@contextmanager
def use_engine(engine: str) -> Iterator[None]:
    """Force every :func:`~elman.unroll` inside the block onto one engine.

    Args:
        engine: ``"auto"`` or ``"loop"``.

    Raises:
        ValueError: if no engine has that name.

    Example:
        >>> import torch, elman
        >>> cell = elman.cells.RNNCell(2, 3)
        >>> with elman.use_engine("loop"):
        ...     outputs, state = elman.unroll(cell, torch.zeros(4, 1, 2))
    """
    token = _forced.set(_known(engine))
    try:
        yield
    finally:
        _forced.reset(token)


def _known(engine: str) -> str:
    if engine != "auto" and engine not in ENGINES:
        raise ValueError(f"no engine named {engine!r}; there are auto, {', '.join(ENGINES)}")
    return engine
