"""The native engine: compiles a cell's step to kernels for whole sequences, once for all cells of its structure.

    cell   -> record           the operators of its step, forward and backward, as PyTorch runs them
    trace  -> lower            the same operators in the engine's own intermediate language
    step   -> plan             saved values and order of computation: three programs
    plan   -> backend.compile  kernels

A :class:`Door` checks the kernels' arguments, and :func:`differentiable` runs the kernels under autograd. The loop
engine runs a cell that cannot be compiled, and a call whose arguments fail the check.
"""

import os
import threading
from collections.abc import Callable, Sequence
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
from elman.tensors import tensors_of

__all__ = ["Compiled", "auto", "kernels_of", "run"]

#: Back ends by device type.
BACKENDS: dict[str, Backend] = {"cpu": CPU}
LIMIT = 512  # compiled structures in the cache; the oldest is dropped first
CHANGES = 16  # most structures that one cell may have


class Compiled(NamedTuple):
    """The compiled form of all cells of one structure."""

    trace: Trace
    plan: Plan
    door: Door
    kernels: Kernels


class Empty(Unsupported):
    """There is no step to run."""


def auto(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False
) -> tuple[Tensor, Any]:
    """Run on the native engine if possible, otherwise on the loop; arguments and results as in :func:`loop.run`."""
    return _run(_backend(x), cell, x, batch_sizes, state, reverse, lambda why: None)


def run(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False,
    backend: Backend | None = None,
) -> tuple[Tensor, Any]:  # fmt: skip
    """Run on the native engine, by default on the back end of x's device; all else as in :func:`loop.run`.

    Raises:
        ValueError: if the native engine cannot run the cell or this input; gives the reason.
    """

    def refuse(why: Unsupported) -> None:
        if not isinstance(why, Empty):
            raise ValueError(
                f"{type(cell).__name__} cannot run on the native engine: {why}\n"
                "use engine='auto' to run it on the loop"
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
        elif isinstance(x, Symbols) and len(x.table) < len(x):  # compute the table's drives, then look them up
            (table,) = door.drive(cell.drive(x.table), len(x.table))
            sources = (Symbols(x.tokens, table).vectors,)
        else:
            sources, by_product = (looked_up(x),), True
        parameters = door.parameters(cell)
    except Unsupported as why:
        refuse(why)
        if drive is None:
            return loop.run(cell, x, batch_sizes, state, reverse)
        return loop.steps(cell, drive, batch_sizes, state, reverse)  # its random numbers are drawn
    if not by_product:
        parameters = parameters[: len(trace.names)]
    call = Call(kernels, door, cell, rows, type(state), by_product)
    outputs, finals = differentiable(call, (*sources, *state, *parameters))
    if not all(door.exact(final) for final in finals):  # whole numbers have grown beyond what the kernels hold
        return loop.run(cell, x, batch_sizes, state, reverse)
    ends = list(state)
    for i, final in zip(kernels.moving, finals, strict=True):
        ends[i] = final
    return outputs, type(state)(*ends)


def _enter(
    backend: Backend, cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool
) -> tuple[Compiled, Rows]:
    """Return the compiled cell and rows of a call, or raise Unsupported with the reason."""
    why = surroundings(backend.device)
    if why is not None:
        raise Unsupported(why)
    dtype = x.dtype
    if isinstance(x, Symbols):
        admit("the table", x.table, (len(x.table), cell.input_size), dtype, backend.device)
    else:
        admit("the input", x, (sum(batch_sizes), cell.input_size), dtype, backend.device)
    if dtype not in (torch.float32, torch.float64):
        raise Unsupported(f"the input is {dtype}, expected float32 or float64")
    if not len(x) or not len(state[0]):
        raise Empty("there is no step to run")
    compiled, rows = _compiled(cell, dtype, backend), Rows(batch_sizes, len(state[0]), reverse)
    compiled.door.state(state, rows)
    return compiled, rows


def kernels_of(cell: Cell, dtype: torch.dtype, backend: Backend = CPU) -> Compiled | Unsupported:
    """Return a cell's compiled form, compiling it if its structure is new, or the reason why it has none."""
    try:
        compiled = _compiled(cell, dtype, backend)
        compiled.door.parameters(cell)
    except Unsupported as why:
        return why
    return compiled


class _Fixed(NamedTuple):
    """The compiled form depends on the values of these buffers, which hold whole numbers or truth values."""

    names: tuple[str, ...]


_known: dict[Any, Compiled | Unsupported | _Fixed] = {}
_structures: WeakKeyDictionary[Cell, int] = WeakKeyDictionary()  # number of structures each cell has had
_lock = threading.RLock()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # the thread that held the lock does not exist in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _compiled(cell: Cell, dtype: torch.dtype, backend: Backend) -> Compiled:
    key = (backend, dtype, structure(cell))
    found = _found(key, cell)
    if found is None:
        with _lock:
            found = _found(key, cell)
            if found is None:
                _count(cell)
                found = _compile(cell, dtype, backend)
                if isinstance(found, Compiled) and found.trace.fixed:
                    _known[key] = _Fixed(tuple(found.trace.fixed))
                    key = (key, _values(cell, found.trace.fixed))
                _known[key] = found
                while len(_known) > LIMIT:
                    del _known[next(iter(_known))]
    if isinstance(found, Unsupported):
        raise Unsupported(found.reason, found.source)
    return found


def _found(key: Any, cell: Cell) -> Compiled | Unsupported | None:
    found = _known.get(key)
    if isinstance(found, _Fixed):
        found = _known.get((key, _values(cell, found.names)))
    return None if isinstance(found, _Fixed) else found


def _values(cell: Cell, names: Sequence[str]) -> tuple[bytes, ...]:
    held = dict(tensors_of(cell))
    return tuple(held[name].detach().cpu().contiguous().numpy().tobytes() for name in names)


def _count(cell: Cell) -> None:
    """Raise for a cell that would be compiled again and again, such as one whose attribute follows a schedule."""
    _structures[cell] = _structures.get(cell, 0) + 1
    if _structures[cell] > CHANGES:
        raise Unsupported(
            f"its attributes have changed {CHANGES} times, and each time it was compiled again; "
            "use a buffer of floating-point numbers (register_buffer), which may change freely"
        )


def _compile(cell: Cell, dtype: torch.dtype, backend: Backend) -> Compiled | Unsupported:
    # hooks on saved tensors, such as those of checkpointing, must not see the tensors of a trace
    with torch.random.fork_rng(devices=[]), saved_tensors_hooks(_same, _same):
        try:
            with backend.preparing(dtype):
                trace = record(cell, dtype, KNOWN)
                planned = plan(lower(trace))
            return Compiled(trace, planned, Door(trace, cell, backend.device), backend.compile(planned, dtype))
        except Unsupported as why:
            return why
        except Exception as error:  # the loop runs the cell, or raises its error
            return Unsupported(f"tracing step failed: {type(error).__name__}: {error}")


def _same(tensor: Tensor) -> Tensor:
    return tensor
