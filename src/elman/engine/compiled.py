"""The native engine: the whole sequence in one compiled function, with autograd around it."""

import os
import threading
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch._C._functorch import peek_interpreter_stack
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.modules import module as torch_module

from elman.cell import Cell
from elman.engine import loop
from elman.engine.cpu.dense import linear, product_over_rows
from elman.engine.cpu.kernels import Kernels, Rows
from elman.engine.symbols import Symbols, looked_up
from elman.engine.tracing.cell_key import structure
from elman.engine.unsupported import Unsupported
from elman.tensors import with_tensors

__all__ = ["auto", "find", "run"]

LIMIT = 512  # structures remembered; the oldest goes first
CHANGES = 16  # structures that one cell may have had

_known: dict[Any, Kernels | Unsupported] = {}
_compiled: WeakKeyDictionary[Cell, int] = WeakKeyDictionary()
_lock = threading.RLock()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def auto(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False
) -> tuple[Tensor, Any]:
    """Run natively if possible, else by the loop; so too one step, which takes less time than a kernel's call."""
    if len(batch_sizes) == 1:
        return loop.run(cell, x, batch_sizes, state, reverse)
    found = find(cell, x, batch_sizes, state)
    if isinstance(found, Unsupported):
        return loop.run(cell, x, batch_sizes, state, reverse)
    return _run(found, cell, x, batch_sizes, state, reverse)


def run(
    cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool = False
) -> tuple[Tensor, Any]:
    """Run natively; the arguments and results are those of :func:`elman.engine.loop.run`.

    Raises:
        ValueError: if the cell, or this input, cannot be run natively, with the reason.
    """
    found = find(cell, x, batch_sizes, state)
    if isinstance(found, Empty):
        return loop.run(cell, x, batch_sizes, state, reverse)
    if isinstance(found, Unsupported):
        raise ValueError(
            f"{type(cell).__name__} cannot run on the native engine: {found}\n"
            "engine='auto' runs it on the loop instead"
        )
    return _run(found, cell, x, batch_sizes, state, reverse)


class Empty(Unsupported):
    """There is no step to run."""


def find(cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any) -> Kernels | Unsupported:
    """Return the kernels for a call, or why there are none."""
    why = _surroundings()
    if why is not None:
        return Unsupported(why)
    for tensor in (x.table if isinstance(x, Symbols) else x, *state):
        if not _plain(tensor):
            return Unsupported(f"a tensor is {_describe(tensor)}, where the engine takes plain ones on the CPU")
        if tensor.dtype != x.dtype:
            return Unsupported(f"input and state mix {x.dtype} and {tensor.dtype}")
    if x.dtype not in (torch.float32, torch.float64):
        return Unsupported(f"the input is {x.dtype}, where the engine knows float32 and float64")
    if not batch_sizes or not len(x) or not len(state[0]):
        return Empty("there is no step to run")
    found = kernels_of(cell, x.dtype)
    if isinstance(found, Kernels):
        if batch_sizes[-1] == 1 and found.trace.single is not None:
            return Unsupported("step treats a single row as no other number of rows", found.trace.single.source)
        for field, shape in zip(state, found.trace.state_shapes, strict=True):
            if field.shape[1:] != shape:
                return Unsupported(f"a state field is {list(field.shape)}, not [B, {', '.join(map(str, shape))}]")
    return found


def kernels_of(cell: Cell, dtype: torch.dtype) -> Kernels | Unsupported:
    """Return the kernels of a cell, made now if no cell of its structure was seen before."""
    try:
        key = (dtype, structure(cell))
        found = _known.get(key)
        if found is None:
            with _lock:
                found = _known.get(key)
                if found is None:
                    _count(cell)
                    found = _known[key] = _make(cell, dtype)
                    if len(_known) > LIMIT:
                        del _known[next(iter(_known))]
    except Unsupported as why:
        return why
    if isinstance(found, Kernels):
        for name, tensor in _tensors(cell, found.trace.names):
            if not _plain(tensor):
                return Unsupported(f"{name} is {_describe(tensor)}, where the engine takes plain tensors on the CPU")
    return found


def _count(cell: Cell) -> None:
    """Refuse a cell that would be compiled again and again, as one whose attribute follows a schedule."""
    _compiled[cell] = _compiled.get(cell, 0) + 1
    if _compiled[cell] > CHANGES:
        raise Unsupported(
            f"its attributes have changed {CHANGES} times, and each time it was compiled again; "
            "a buffer (register_buffer) may change freely"
        )


def _make(cell: Cell, dtype: torch.dtype) -> Kernels | Unsupported:
    # what others do with saved tensors, as checkpointing does, is not for the tensors of a trace
    with torch.random.fork_rng(devices=[]), saved_tensors_hooks(_same, _same):
        try:
            return Kernels(cell, dtype)
        except Unsupported as why:
            return why
        except Exception as error:  # the loop will run the cell, or raise what is truly wrong with it
            return Unsupported(f"tracing step failed: {type(error).__name__}: {error}")


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _surroundings() -> str | None:
    """Return what about this moment keeps the engine from running, if anything."""
    if torch.is_autocast_enabled("cpu"):
        return "autocast is on, under which each operator chooses its own type"
    if torch.compiler.is_compiling() or torch._C._is_tracing():
        return "the call is being compiled, exported or traced"
    if peek_interpreter_stack() is not None:
        return "the call is inside a torch.func transform"
    if torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack():
        return "a torch mode watches every operator"
    if torch.autograd.forward_ad._current_level >= 0:
        return "forward-mode differentiation is on"
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:
        return "global module hooks are set"
    return None


def _plain(tensor: Tensor) -> bool:
    kind = type(tensor)
    return (
        (kind is Tensor or kind is torch.nn.Parameter)
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and not tensor.is_neg()
    )


def _describe(tensor: Tensor) -> str:
    return f"a {type(tensor).__name__} on {tensor.device} with layout {tensor.layout}"


def _tensors(cell: Any, names: list[str]) -> list[tuple[str, Tensor]]:
    found = []
    for name in names:
        module, leaf = cell, name
        while "." in leaf:
            head, leaf = leaf.split(".", 1)
            module = module._modules[head]
        tensor = module._parameters.get(leaf)
        found.append((name, module._buffers[leaf] if tensor is None else tensor))
    return found


class _Call:
    """Everything about one run that is not a tensor to differentiate."""

    def __init__(self, kernels: Kernels, cell: Cell, rows: Rows, kind: Any, held: list[str], by_product: bool):
        self.kernels, self.rows, self.kind, self.held = kernels, rows, kind, held
        self.cell = with_tensors(cell, {}) if torch.is_grad_enabled() else cell
        trace = kernels.trace
        self.by_product = by_product  # whether the drive is still to be made of x
        self.drives = 1 if by_product else len(trace.drive_shapes)
        self.states = len(trace.state_shapes)

    def split(self, tensors: Any) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        d, s = self.drives, self.drives + self.states
        return list(tensors[:d]), list(tensors[d:s]), list(tensors[s:])


def _run(
    kernels: Kernels, cell: Cell, x: Tensor | Symbols, batch_sizes: list[int], state: Any, reverse: bool
) -> tuple[Tensor, Any]:
    trace = kernels.trace
    names = list(trace.names)
    by_product = trace.linear is not None
    if isinstance(x, Symbols) and by_product and len(x.table) < len(x):
        by_product = False  # a drive for each row of the table, looked up for every token
        sources: tuple[Tensor, ...] = (Symbols(x.tokens, cell.drive(x.table)).vectors,)
    elif trace.linear:
        sources = (looked_up(x),)
        names += [name for name in trace.linear if name is not None]
    else:
        drive = cell.drive(looked_up(x))
        sources = drive if isinstance(drive, tuple) else (drive,)
    call = _Call(kernels, cell, Rows(batch_sizes, len(state[0]), reverse), type(state), names, by_product)
    tensors = (*sources, *state, *(tensor for _, tensor in _tensors(cell, names)))
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        outputs, *finals = _Sequence.apply(call, *tensors)
    else:
        outputs, finals, _ = _forward(call, tensors, False)
    ends = list(state)
    for i, final in zip(kernels.moving, finals, strict=True):
        ends[i] = final
    return outputs, type(state)(*ends)


def _forward(call: _Call, tensors: Any, training: bool) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
    kernels, trace = call.kernels, call.kernels.trace
    drives, states, held = call.split(tensors)
    with torch.no_grad():
        if call.by_product:
            drives = [linear(drives[0], *held[len(trace.names) :])]
        thetas = trace.run_prologue(held[: len(trace.names)])
        return kernels.forward(drives, states, thetas, call.rows, training)


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, *tensors: Tensor) -> Any:
        outputs, finals, memory = _forward(call, tensors, True)
        ctx.call, ctx.names = call, list(memory)
        ctx.save_for_backward(*tensors, *memory.values())
        ctx.set_materialize_grads(False)
        return outputs, *finals

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        call, saved = ctx.call, ctx.saved_tensors
        count = len(saved) - len(ctx.names)
        tensors, memory = saved[:count], dict(zip(ctx.names, saved[count:], strict=True))
        needed = ctx.needs_input_grad[1:]
        if all(grad is None for grad in grads):
            return (None,) * (count + 1)
        if torch.is_grad_enabled() or not all(grad is None or torch._C._has_storage(grad) for grad in grads):
            return None, *_differentiable(call, tensors, grads, needed)
        return None, *_backward(call, tensors, memory, grads, needed)


def _backward(call: _Call, tensors: Any, memory: dict[str, Tensor], grads: Any, needed: Any) -> list[Tensor | None]:
    kernels, trace = call.kernels, call.kernels.trace
    sources, states, held = call.split(tensors)
    own, drive_own = held[: len(trace.names)], held[len(trace.names) :]
    leaves = own
    if trace.prologue:
        leaves = [t.detach().requires_grad_(t.is_floating_point()) for t in own]
        with torch.enable_grad():
            thetas = trace.run_prologue(leaves)
    else:
        thetas = own
    plain = [theta.detach() for theta in thetas]
    grad_drives, grad_states, grad_thetas = kernels.gradients(
        memory, states, plain, call.rows, grads[0], list(grads[1:])
    )
    if trace.prologue:
        pairs = [
            (t, g.reshape(t.shape))
            for t, g in zip(thetas, grad_thetas, strict=True)
            if g is not None and t.requires_grad
        ]
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        results, theirs = [t for t, _ in pairs], [g for _, g in pairs]
        back = iter(torch.autograd.grad(results, wanted, theirs, allow_unused=True) if pairs else ())
        grad_thetas = [next(back, None) if leaf.requires_grad else None for leaf in leaves]
    else:
        grad_thetas = [g if g is None else g.reshape(t.shape) for g, t in zip(grad_thetas, own, strict=True)]
    if not call.by_product:
        grad_sources = [g if g is None else g.reshape(s.shape) for g, s in zip(grad_drives, sources, strict=True)]
        return [*grad_sources, *grad_states, *grad_thetas]
    (grad,), (x,) = grad_drives, sources
    if grad is None:
        return [None, *grad_states, *grad_thetas, *(None for _ in drive_own)]
    last = len(needed) - len(drive_own)
    return [
        linear(grad, drive_own[0].t()) if needed[0] else None,
        *grad_states,
        *grad_thetas,
        product_over_rows(grad, x) if needed[last] else None,
        *(grad.sum(0) if needed[last + 1] else None for _ in drive_own[1:]),
    ]


def _differentiable(call: _Call, tensors: Any, grads: Any, needed: Any) -> list[Tensor | None]:
    """The backward pass for gradients that are differentiated again, or are many in one: the loop's, by autograd."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        # views, so that a gradient is the partial one even where one input was computed from another
        inputs = [t.view_as(t) if need else t for t, need in zip(tensors, needed, strict=True)]
        sources, states, held = call.split(inputs)
        trace, rows = call.kernels.trace, call.rows
        cell = with_tensors(call.cell, dict(zip(call.held, held, strict=True)))
        if call.by_product:
            drive: Any = cell.drive(sources[0])
        else:
            drive = tuple(sources) if trace.drive_is_tuple else sources[0]
        outputs, final = loop.steps(cell, drive, rows.batch_sizes, call.kind(*states), rows.reverse)
    results = [outputs, *(final[i] for i in call.kernels.moving)]
    pairs = [(r, g) for r, g in zip(results, grads, strict=True) if g is not None and r.requires_grad]
    wanted = [t for t, need in zip(inputs, needed, strict=True) if need]
    found = iter(
        torch.autograd.grad(
            [r for r, _ in pairs], wanted, [g for _, g in pairs], create_graph=again, allow_unused=True
        )
    )
    return [next(found) if need else None for need in needed]
