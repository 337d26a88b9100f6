"""Trace a cell's step: the operators of its forward pass, and those that PyTorch runs to differentiate it.

There are two recordings on a small batch. The first runs ``step`` itself; operators that depend only on parameters
are split off as the *prologue*, which PyTorch runs once per call. The second replays the rest under autograd, so that
PyTorch itself derives the backward pass.
"""

import random
import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.tracing.cell_key import Holdings, structure
from elman.engine.tracing.compare import compare, difference
from elman.engine.tracing.recording import Node, Recording, reached, replay
from elman.engine.tracing.watch import NoReading, Watch, uncollected
from elman.engine.unsupported import Unsupported
from elman.tensors import tensors_of, with_tensors

__all__ = ["Trace", "record"]

# transposes of parameters stay in the step, because packing a matrix for a product can transpose it for free
STRUCTURAL = ("t", "permute", "transpose", "numpy_T")


@dataclass
class Trace:
    """The recordings of one cell, on a batch of ``batch`` rows."""

    batch: int
    dtype: torch.dtype
    state_shapes: list[tuple[int, ...]]
    state_types: list[torch.dtype]
    drive_shapes: list[tuple[int, ...]]
    drive_is_tuple: bool
    linear: tuple[str, str | None] | None  # names, if drive is linear(x, weight, bias)
    single: Unsupported | None  # why a batch of one row cannot use this trace, if so
    names: list[str]  # parameters and buffers that the prologue reads
    prologue: list[Node]
    prologue_inputs: list[Node]
    thetas: list[Node]  # results of the prologue that the step reads
    fixed: list[str] = field(default_factory=list)  # names of the buffers whose values are part of the trace
    nodes: list[Node] = field(default_factory=list)  # of the joint recording
    drives: list[Node] = field(default_factory=list)
    states: list[Node] = field(default_factory=list)
    theta_inputs: list[Node] = field(default_factory=list)
    tangents: list[Node] = field(default_factory=list)
    new_states: list[Node] = field(default_factory=list)
    gradients: list[Node | None] = field(default_factory=list)  # of drives, states, thetas

    def run_prologue(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Compute the thetas from the cell's tensors, in the present autograd mode."""
        if not self.prologue:
            return list(tensors)
        env = dict(zip(self.prologue_inputs, tensors, strict=True))
        replay(self.prologue, env)
        return [env[node] for node in self.thetas]


@dataclass
class _Watched:
    """One recorded run of a cell's step, with its inputs."""

    recording: Recording
    clones: dict[str, Tensor]  # of the cell's parameters and buffers
    owned: dict[str, Node]
    drives: tuple[Tensor, ...]
    states: tuple[Tensor, ...]
    after: Any

    @property
    def inputs(self) -> list[Node]:
        """The nodes of the drives, then of the states."""
        return [self.recording.node(tensor) for tensor in (*self.drives, *self.states)]

    @property
    def outs(self) -> list[Node]:
        """The nodes of the new state's fields."""
        return [self.recording.node(tensor) for tensor in self.after]


@uncollected()
def record(cell: Cell, dtype: torch.dtype, simple: Container[str]) -> Trace:
    """Trace a cell. This runs ``drive`` once or twice, and ``step`` three times, on a copy with copied tensors.

    Args:
        cell: the cell.
        dtype: the dtype of all tensors.
        simple: names of the operators to record unchanged; all others are decomposed into these.

    Raises:
        Unsupported: if the step or its backward pass cannot be recorded.
    """
    with _as_it_was(cell) as held, torch.no_grad():
        dry = _DryRuns(cell, dtype, held)
        few = dry.run(2).recording
        # a prime that divides no other dimension, so that shapes identify the dimension of the rows
        sizes = {size for node in few.nodes for size in node.shape if size}
        batch = next(n for n in count(97) if _is_prime(n) and all(size % n for size in sizes))
        watched = dry.run(batch)
        compare(watched.recording, few, batch, 2)
        single = _alone(dry, watched, batch)
    trace = _cut(watched.recording, watched.owned, watched.inputs, watched.outs, batch)
    trace.batch, trace.dtype, trace.linear = batch, dtype, dry.linear
    trace.drive_is_tuple, trace.single = dry.drive_is_tuple, single
    trace.drive_shapes = [tuple(d.shape[1:]) for d in watched.drives]
    trace.state_shapes = [tuple(s.shape[1:]) for s in watched.states]
    trace.state_types = [s.dtype for s in watched.states]
    _differentiate(trace, watched, simple)
    return trace


def _is_prime(n: int) -> bool:
    return all(n % i for i in range(2, int(n**0.5) + 1))


@contextmanager
def _as_it_was(cell: Cell) -> Iterator[Holdings]:
    """Restore the lists, dicts and random generators that a dry run changes."""
    structure(cell)  # raises if something could not be restored
    held = Holdings(cell)
    copies = [(one, one.copy()) for one in held.containers]
    numpy = sys.modules.get("numpy")
    dice, theirs = random.getstate(), numpy and numpy.random.get_state(legacy=False)
    try:
        yield held
    finally:
        for one, copy in copies:
            one.clear()
            one.extend(copy) if isinstance(one, list) else one.update(copy)
        random.setstate(dice)
        if numpy:
            numpy.random.set_state(theirs)


def _alone(dry: "_DryRuns", watched: "_Watched", batch: int) -> Unsupported | None:
    """Return how a step differs for a batch of one row, whose dimension ``squeeze()`` drops; None if it does not."""
    try:
        why = difference(watched.recording, dry.run(1).recording, batch, 1)
        return why if why is None or not dry.same_alone(watched) else None
    except Unsupported as why:
        return why
    except Exception as error:  # the loop raises it for a batch of one row
        return Unsupported(f"{type(error).__name__}: {error}")


class _DryRuns:
    """Runs a cell on random values and records its operators.

    Args:
        cell: the cell.
        dtype: the dtype of all tensors.
        held: the objects that the cell's key covers.
    """

    def __init__(self, cell: Cell, dtype: torch.dtype, held: Holdings):
        self.cell, self.dtype, self.held = cell, dtype, held
        shadow, clones = self._copy()
        holds = _state_of(shadow)
        self.linear, drive = self._drive(shadow, clones)
        self.drive_is_tuple = isinstance(drive, tuple)
        self.drives = tuple(self._checked(one, 2) for one in (drive if isinstance(drive, tuple) else (drive,)))
        self.state = shadow.initial_state(1)
        if _state_of(shadow) != holds:
            raise Unsupported("drive or initial_state stores something on the cell; return it as a state field")

    def run(self, rows: int) -> _Watched:
        """Run the step once."""
        shadow, clones = self._copy()
        holds, one = _state_of(shadow), self.state
        drives = tuple(torch.randn(rows, *drive.shape[1:], dtype=self.dtype) for drive in self.drives)
        states = tuple(
            torch.randn(rows, *f.shape[1:], dtype=self.dtype)
            if f.is_floating_point()
            else self._checked(torch.randint(2, (rows, *f.shape[1:])).to(f.dtype), rows)
            for f in one
        )
        recording = Recording()
        owned = {name: recording.input(tensor) for name, tensor in clones.items()}
        with torch.enable_grad():  # with non-leaf inputs, as in a loop
            drives, states = (
                tuple(t.requires_grad_(t.is_floating_point()).clone() for t in tensors)
                for tensors in (drives, states)
            )
        for tensor in (*drives, *states):
            recording.input(tensor)
        for tensor in clones.values():
            tensor.requires_grad_(tensor.is_floating_point())
        drive = drives if self.drive_is_tuple else drives[0]
        with torch.enable_grad(), recording, NoReading(recording), Watch(recording, self.held):
            after = shadow.step(drive, type(one)(*states))
        if _state_of(shadow) != holds:
            raise Unsupported("step stores something on the cell; return it as a state field")
        if type(after) is not type(one):
            raise Unsupported(f"step returned {type(after).__name__}, expected {type(one).__name__}")
        for name, new, old in zip(one._fields, after, states, strict=True):
            if new.shape != old.shape or new.dtype != old.dtype:
                raise Unsupported(
                    f"step turns state.{name} from {list(old.shape)} into {list(new.shape)} of {new.dtype}"
                )
        _no_custom_gradients(after)
        return _Watched(recording, clones, owned, drives, states, after)

    def same_alone(self, watched: _Watched) -> bool:
        """Return whether the first row of a run has the same numbers and gradients when it is the only row.

        PyTorch's own functions take other ways for a size of one, to the same results.
        """
        shadow, clones = self._copy()
        held = [tensor.requires_grad_() for tensor in clones.values() if tensor.is_floating_point()]
        before = [tensor for tensor in watched.clones.values() if tensor.is_floating_point()]
        inputs = [*watched.drives, *watched.states]
        with torch.enable_grad():
            rows = [t[:1].detach().requires_grad_(t.requires_grad) for t in inputs]
            drives, states = rows[: len(self.drives)], rows[len(self.drives) :]
            drive = tuple(drives) if self.drive_is_tuple else drives[0]
            after = shadow.step(drive, type(self.state)(*states))
            results = []
            for fields, leaves in ((after, [*rows, *held]), (watched.after, [*inputs, *before])):
                firsts = [field[:1] for field in fields if field.requires_grad]
                loss: Any = sum((f * torch.linspace(1, 2, f.numel()).view(f.shape)).sum() for f in firsts)
                leaves = [leaf for leaf in leaves if leaf.requires_grad]
                results.append(torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True))
        pairs = [*zip(after, watched.after, strict=True), *zip(*results, strict=True)]
        tolerance = 1e-4 if self.dtype == torch.float32 else 1e-9
        return all(
            a.shape[1:] == b.shape[1:] and torch.allclose(a, b if a.shape == b.shape else b[:1], tolerance, tolerance)
            for a, b in pairs
        )

    def _copy(self) -> tuple[Cell, dict[str, Tensor]]:
        clones = {name: tensor.detach().clone() for name, tensor in tensors_of(self.cell)}
        for name, tensor in tensors_of(self.cell):
            vars(clones[name]).update(vars(tensor))
        return with_tensors(self.cell, clones), clones

    def _checked(self, tensor: Tensor, rows: int) -> Tensor:
        if tensor.dtype not in (self.dtype, torch.int64, torch.bool) or tensor.shape[0] != rows:
            also = ", int64 or bool" if tensor.dtype.is_complex else ""
            raise Unsupported(
                f"a drive or state field is {list(tensor.shape)} of {tensor.dtype}, "
                f"expected [B, *] of {self.dtype}{also}"
            )
        return tensor

    def _drive(self, shadow: Cell, clones: dict[str, Tensor]) -> tuple[tuple[str, str | None] | None, Any]:
        """Return the names of weight and bias if the drive is a linear layer, and the drive of two rows."""
        x = torch.randn(2, self.cell.input_size, dtype=self.dtype)
        seen = Recording()
        names = {seen.input(tensor): name for name, tensor in clones.items()}
        start = seen.input(x)
        watch = Watch(seen, self.held)
        try:
            with torch.enable_grad(), seen, NoReading(seen), watch:
                drive = shadow.drive(x)
        except Exception:  # a drive that cannot be recorded runs unchanged in each call
            if watch.changes:
                raise
            return None, shadow.drive(x)
        if isinstance(drive, tuple):
            return None, drive
        return _linear(seen.node(drive), start, names), drive


def _state_of(shadow: Cell) -> Any:
    """Return what a step must not change. Tensors are compared by identity."""
    return structure(shadow), [id(tensor) for _, tensor in tensors_of(shadow)]


def _no_custom_gradients(after: Any) -> None:
    """Raise for operations that change a gradient without a recorded operator."""
    stack, seen = [tensor.grad_fn for tensor in after], set()
    while stack:
        function = stack.pop()
        if function is None or function in seen:
            continue
        seen.add(function)
        if isinstance(function, torch.autograd.function.BackwardCFunction):
            raise Unsupported(f"step uses an autograd.Function of its own, {type(function).__name__}")
        stack += [parent for parent, _ in function.next_functions]


def _linear(node: Node, start: Node, names: dict[Node, str]) -> tuple[str, str | None] | None:
    """Return the names of weight and bias if the drive is a linear layer, otherwise None."""
    if node.op == "addmm" and not node.kwargs and node.args[0] in names:
        bias, row, weight = node.args
    elif node.op == "mm":
        bias, (row, weight) = None, node.args
    else:
        return None
    if row is not start or weight.op not in STRUCTURAL or weight.args[0] not in names:
        return None
    if bias is not None and bias.shape != node.shape[-1:]:
        return None
    return names[weight.args[0]], names[bias] if bias is not None else None


def _cut(first: Recording, owned: dict[str, Node], inputs: list[Node], outs: list[Node], batch: int) -> Trace:
    """Split a recording into the prologue and the rest of the step."""
    needed = reached(outs)
    live: set[Node] = set(inputs)
    for node in first.nodes:
        if node.op == "constant" and node in needed and node.shape != () and node.dtype.is_floating_point:
            raise Unsupported(
                "step reads a tensor that is neither a parameter nor a buffer; use register_buffer",
                node.source,
            )
        # a constant, which is cheap and may be [B, *], or parameters expanded to the rows
        filled = node.op in ("full", "zeros", "ones", "scalar_tensor")
        filled |= node.op == "expand" and node.shape[:1] == (batch,)
        if node in needed and (filled or any(read in live for read in node.inputs())):
            live.add(node)
    frontier: list[Node] = []
    step_views: set[Node] = set()

    def leave(node: Node) -> None:
        if node.op in STRUCTURAL and len(node.shape) == 2:
            step_views.add(node)
            leave(node.args[0])
        elif node not in frontier:
            frontier.append(node)

    for node in [n for n in first.nodes if n in live and n.op != "input"]:
        for read in node.inputs():
            if read not in live:
                leave(read)
    for out in outs:
        if out not in live:
            raise Unsupported("a new state field does not depend on the drive or the state")
    live |= step_views
    cone = reached(frontier)
    plain = all(node.op == "input" for node in frontier)
    used = {node: name for name, node in owned.items() if node in cone}
    starts = frontier if plain else list(used)
    prologue = [] if plain else [n for n in first.nodes if n in cone and n.op != "input"]
    for node in prologue:
        if any(size and size % batch == 0 for size in node.shape):
            raise Unsupported("step depends on the number of rows", node.source)
    trace = Trace(
        0, torch.float32, [], [], [], False, None, None, [used[n] for n in starts], prologue, starts, frontier
    )
    whole = reached(node for node in frontier if not node.dtype.is_floating_point and not node.dtype.is_complex)
    trace.fixed = [name for node, name in used.items() if node in whole]
    trace.nodes = [n for n in first.nodes if n in live and n.op != "input"]
    return trace


def _differentiate(trace: Trace, watched: _Watched, simple: Container[str]) -> None:
    """Replay the step without its prologue under autograd, and record both directions."""
    drives, states, clones, inputs, outs = (
        watched.drives, watched.states, watched.clones, watched.inputs, watched.outs,
    )  # fmt: skip
    with torch.no_grad():
        values = trace.run_prologue([clones[name] for name in trace.names])
    for value, node in zip(values, trace.thetas, strict=True):
        if value.dtype.is_complex:
            raise Unsupported(
                "step computes with complex numbers; write real and imaginary parts as two real tensors", node.source
            )
        if value.dtype.is_floating_point and value.dtype != trace.dtype:
            raise Unsupported(f"step mixes {trace.dtype} with {value.dtype}; convert constants with .to(x.dtype)")
    # whole numbers and truth values, such as indices, become constants of the trace
    constants = {n: v.detach() for n, v in zip(trace.thetas, values, strict=True) if not v.dtype.is_floating_point}
    values = [v for v, n in zip(values, trace.thetas, strict=True) if n not in constants]
    trace.thetas = [n for n in trace.thetas if n not in constants]
    if constants and not trace.prologue:
        kept = [(n, name) for n, name in zip(trace.prologue_inputs, trace.names, strict=True) if n not in constants]
        trace.prologue_inputs, trace.names = [n for n, _ in kept], [name for _, name in kept]
    thetas = [v.detach().clone(memory_format=torch.contiguous_format) for v in values]
    leaves = [
        t.requires_grad_(t.is_floating_point())
        for t in (*(d.detach().clone() for d in drives), *(s.detach().clone() for s in states), *thetas)
    ]
    second = Recording(simple)
    nodes = [second.input(leaf) for leaf in leaves]
    env = dict(zip(inputs + trace.thetas, leaves, strict=True)) | constants
    with torch.enable_grad(), second:
        replay(trace.nodes, env, second)
        second.source = ""
        after = [env[out] for out in outs]
        trace.new_states = [second.node(tensor) for tensor in after]
    tangents = [torch.rand(tensor.shape, dtype=trace.dtype) for tensor in after]
    trace.tangents = [second.input(tensor) for tensor in tangents]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    targets = [(a, g) for a, g in zip(after, tangents, strict=True) if a.requires_grad]
    with second:
        grads = torch.autograd.grad([a for a, _ in targets], wanted, [g for _, g in targets], allow_unused=True)
    by_leaf = dict(zip(map(id, wanted), grads, strict=True))
    trace.gradients = [None if (g := by_leaf.get(id(leaf))) is None else second.node(g) for leaf in leaves]
    d, s = len(drives), len(states)
    trace.drives, trace.states, trace.theta_inputs = nodes[:d], nodes[d : d + s], nodes[d + s :]
    trace.nodes = second.nodes
