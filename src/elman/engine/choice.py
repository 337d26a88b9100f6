"""Which engine runs a cell, and how to force one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from elman.engine import compiled as native
from elman.engine import loop, scan
from elman.errors import named

__all__ = ["use_engine"]

ENGINES: dict[str, Callable[..., tuple[Tensor, Any]]] = {
    "auto": native.auto,
    "loop": loop.run,
    "native": native.run,
}

_forced: ContextVar[str] = ContextVar("elman_engine", default="auto")


def choose(engine: str = "auto") -> Callable[..., tuple[Tensor, Any]]:
    """Return an engine's ``run`` function; while a model is exported, always the scan.

    Raises:
        ValueError: if no engine has that name.
    """
    if torch.compiler.is_exporting():
        return scan.run
    return ENGINES[named("engine named", forced() if engine == "auto" else engine, ENGINES)]


def forced() -> str:
    """Return the name of the engine that :func:`use_engine` forces here, or ``"auto"``."""
    return _forced.get()


def automatic() -> bool:
    """Return whether Elman may pick the fastest way: no engine is forced, and no model is being exported."""
    return _forced.get() == "auto" and not torch.compiler.is_exporting()


@contextmanager
def use_engine(engine: str) -> Iterator[None]:
    """Force every :func:`~elman.unroll` inside the block onto one engine.

    Args:
        engine: ``"auto"``, which runs natively what it can and else falls back to the loop; ``"native"``,
            which raises where it cannot; or ``"loop"``.

    Raises:
        ValueError: if no engine has that name.

    Example:
        >>> import torch, elman
        >>> cell = elman.cells.RNNCell(2, 3)
        >>> with elman.use_engine("loop"):
        ...     outputs, state = elman.unroll(cell, torch.zeros(4, 1, 2))
    """
    token = _forced.set(named("engine named", engine, ENGINES))
    try:
        yield
    finally:
        _forced.reset(token)
