"""The native engine: a cell's step becomes kernels for whole sequences, compiled once for all cells of its structure.

    cell   -> record           the operators of its step, forward and backward, as PyTorch runs them
    trace  -> lower            the same in the engine's own small language
    step   -> plan             what is saved, and what runs in which order: three programs
    plan   -> backend.compile  kernels

A :class:`Door` checks what enters the kernels, and :func:`differentiable` runs them under autograd. What cannot be
compiled, or may not enter, runs on the loop.
"""

import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from elman.cell import Cell
from elman.engine import loop
from elman.engine.autograd import Call, differentiable
from elman.engine.backend import Backend, Kernels, Rows
from elman.engine.cpu.backend import CPU
from elman.engine.door import Door, admit, surroundings
from elman.engine.planning.lower import KNOWN, lower
from elman.engine.planning.plan import Plan, plan
from elman.engine.symbols import Symbols, looked_up
from elman.engine.tracing.cell_key import structure
from elman.engine.tracing.trace import Trace, record
from elman.engine.unsupported import Unsupported

__all__ = ["Compiled", "auto", "kernels_of", "run"]

#: A back end for another kind of device is one line here.
BACKENDS: dict[str, Backend] = {"cpu": CPU}
LIMIT = 512  # structures remembered; the oldest goes first
CHANGES = 16  # structures that one cell may have had


class Compiled(NamedTuple):
    """Everything about the cells of one structure."""

    trace: Trace
    plan: Plan
    door: Door
    kernels: Kernels


class Empty(Unsupported):
    """There is no step to run."""


def auto(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False
) -> tuple[Tensor, Any]:
    """Run natively if possible, else by the loop; arguments and results are those of the loop's ``run``.

    One step runs on the loop too: it takes less time than the way to a kernel and back.
    """
    if len(batch_sizes) == 1:
        return loop.run(cell, x, batch_sizes, state, reverse)
    return _run(_backend(x), cell, x, batch_sizes, state, reverse, lambda why: None)


def run(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False,
    backend: Backend | None = None,
) -> tuple[Tensor, Any]:  # fmt: skip
    """Run natively, by default on the back end of the device where x lies; all else is as in the loop's ``run``.

    Raises:
        ValueError: if the cell, or this input, cannot be run natively, with the reason.
    """

    def refuse(why: Unsupported) -> None:
        if not isinstance(why, Empty):
            raise ValueError(
                f"{type(cell).__name__} cannot run on the native engine: {why}\n"
                "engine='auto' runs it on the loop instead"
            ) from None

    return _run(backend or _backend(x), cell, x, batch_sizes, state, reverse, refuse)


def _backend(x: Tensor | Symbols) -> Backend:
    return BACKENDS.get(x.device.type, CPU)


def _run(
    backend: Backend, cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool,
    refuse: Callable[[Unsupported], None],
) -> tuple[Tensor, Any]:  # fmt: skip
    drive, by_product = None, False
    try:
        (trace, _, door, kernels), rows = _enter(backend, cell, x, batch_sizes, state, reverse)
        if trace.linear is None:
            drive = cell.drive(looked_up(x))
            sources = door.drive(drive, rows.total)
        elif isinstance(x, Symbols) and len(x.table) < len(x):  # a drive for each row of the table, then looked up
            (table,) = door.drive(cell.drive(x.table), len(x.table))
            sources = (Symbols(x.tokens, table).vectors,)
        else:
            sources, by_product = (looked_up(x),), True
        parameters = door.parameters(cell)
    except Unsupported as why:
        refuse(why)
        if drive is None:
            return loop.run(cell, x, batch_sizes, state, reverse)
        return loop.steps(cell, drive, batch_sizes, state, reverse)  # its random numbers are drawn already
    if not by_product:
        parameters = parameters[: len(trace.names)]
    call = Call(kernels, door, cell, rows, type(state), by_product)
    outputs, finals = differentiable(call, (*sources, *state, *parameters))
    ends = list(state)
    for i, final in zip(kernels.moving, finals, strict=True):
        ends[i] = final
    return outputs, type(state)(*ends)


def _enter(
    backend: Backend, cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool
) -> tuple[Compiled, Rows]:
    """Return what runs a call, or raise why nothing does."""
    why = surroundings(backend.device)
    if why is not None:
        raise Unsupported(why)
    dtype = x.dtype
    if isinstance(x, Symbols):
        admit("the table", x.table, (len(x.table), cell.input_size), dtype, backend.device)
    else:
        admit("the input", x, (sum(batch_sizes), cell.input_size), dtype, backend.device)
    if dtype not in (torch.float32, torch.float64):
        raise Unsupported(f"the input is {dtype}, where the engine knows float32 and float64")
    if not len(x) or not len(state[0]):
        raise Empty("there is no step to run")
    compiled, rows = _compiled(cell, dtype, backend), Rows(batch_sizes, len(state[0]), reverse)
    compiled.door.state(state, rows)
    return compiled, rows


def kernels_of(cell: Cell, dtype: torch.dtype, backend: Backend = CPU) -> Compiled | Unsupported:
    """Return what runs a cell, compiled now if no cell of its structure was seen before, or why nothing does."""
    try:
        compiled = _compiled(cell, dtype, backend)
        compiled.door.parameters(cell)
    except Unsupported as why:
        return why
    return compiled


_known: dict[Any, Compiled | Unsupported] = {}
_structures: WeakKeyDictionary[Cell, int] = WeakKeyDictionary()  # how many a cell has had
_lock = threading.RLock()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # the thread that held it does not exist in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _compiled(cell: Cell, dtype: torch.dtype, backend: Backend) -> Compiled:
    key = (backend, dtype, structure(cell))
    found = _known.get(key)
    if found is None:
        with _lock:
            found = _known.get(key)
            if found is None:
                _count(cell)
                found = _known[key] = _compile(cell, dtype, backend)
                if len(_known) > LIMIT:
                    del _known[next(iter(_known))]
    if isinstance(found, Unsupported):
        raise Unsupported(found.reason, found.source)
    return found


def _count(cell: Cell) -> None:
    """Refuse a cell that would be compiled again and again, as one whose attribute follows a schedule."""
    _structures[cell] = _structures.get(cell, 0) + 1
    if _structures[cell] > CHANGES:
        raise Unsupported(
            f"its attributes have changed {CHANGES} times, and each time it was compiled again; "
            "a buffer (register_buffer) may change freely"
        )


def _compile(cell: Cell, dtype: torch.dtype, backend: Backend) -> Compiled | Unsupported:
    # what others do with saved tensors, as checkpointing does, is not for the tensors of a trace
    with torch.random.fork_rng(devices=[]), saved_tensors_hooks(_same, _same):
        try:
            with backend.preparing(dtype):
                trace = record(cell, dtype, KNOWN)
                planned = plan(lower(trace))
            return Compiled(trace, planned, Door(trace, cell, backend.device), backend.compile(planned, dtype))
        except Unsupported as why:
            return why
        except Exception as error:  # the loop will run the cell, or raise what is truly wrong with it
            return Unsupported(f"tracing step failed: {type(error).__name__}: {error}")


def _same(tensor: Tensor) -> Tensor:
    return tensor
