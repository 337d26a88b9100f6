"""Choose the engine that runs a cell."""

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


def choose(engine: str = "auto", steps: Any = None) -> Callable[..., tuple[Tensor, Any]]:
    """Return an engine's ``run`` function; while a model is exported, always the scan's.

    Args:
        engine: ``"auto"``, or the name of one engine.
        steps: T, symbolic during export.

    Raises:
        ValueError: if ``engine`` is unknown.
    """
    if torch.compiler.is_exporting():
        return scan.run
    if alone(steps, engine):
        return loop.run
    return ENGINES[named("engine named", forced() if engine == "auto" else engine, ENGINES)]


def forced() -> str:
    """Return the engine that :func:`use_engine` selects here; ``"auto"`` outside such a block."""
    return _forced.get()


def alone(steps: int, engine: str = "auto") -> bool:
    """Return whether this is a single step that Elman runs without a kernel: calling one takes more time."""
    return steps == 1 and engine == "auto" and automatic()


def automatic() -> bool:
    """Return whether Elman may choose the fastest engine: none is forced, and no model is being exported."""
    return _forced.get() == "auto" and not torch.compiler.is_exporting()


@contextmanager
def use_engine(engine: str) -> Iterator[None]:
    """Use one engine for every :func:`~elman.unroll` inside the block.

    Args:
        engine: ``"auto"``, the native engine if possible, otherwise the loop; ``"native"``, which raises if it is
            not possible; or ``"loop"``.

    Raises:
        ValueError: if ``engine`` is unknown.

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
