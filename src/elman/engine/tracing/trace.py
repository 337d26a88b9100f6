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
    drive_shapes: list[tuple[int, ...]]
    drive_is_tuple: bool
    linear: tuple[str, str | None] | None  # names, if drive is linear(x, weight, bias)
    single: Unsupported | None  # why a batch of one row cannot use this trace, if so
    names: list[str]  # parameters and buffers that the prologue reads
    prologue: list[Node]
    prologue_inputs: list[Node]
    thetas: list[Node]  # results of the prologue that the step reads
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
        # a batch size that no other dimension has, so that shapes identify the batch dimension
        sizes = {size for node in few.nodes for size in node.shape}
        batch = next(rows for rows in count(97) if rows not in sizes)
        watched = dry.run(batch)
        _compare(watched.recording, few, batch, 2)
        single = _alone(dry, watched.recording, batch)
    trace = _cut(watched.recording, watched.owned, watched.inputs, watched.outs, batch)
    trace.batch, trace.dtype, trace.linear = batch, dtype, dry.linear
    trace.drive_is_tuple, trace.single = dry.drive_is_tuple, single
    trace.drive_shapes = [tuple(d.shape[1:]) for d in watched.drives]
    trace.state_shapes = [tuple(s.shape[1:]) for s in watched.states]
    _differentiate(trace, watched, simple)
    return trace


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


def _alone(dry: "_DryRuns", recording: Recording, batch: int) -> Unsupported | None:
    """Return how a step differs for a batch of one row, whose dimension ``squeeze()`` drops; None if it does not."""
    try:
        return _difference(recording, dry.run(1).recording, batch, 1)
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
        kinds = [self.dtype if f.is_floating_point() else f.dtype for f in one]
        states = tuple(
            self._checked(torch.randn(rows, *f.shape[1:]).to(kind), rows) for f, kind in zip(one, kinds, strict=True)
        )
        recording = Recording()
        owned = {name: recording.input(tensor) for name, tensor in clones.items()}
        with torch.enable_grad():  # with non-leaf inputs, as in a loop
            drives, states = (tuple(t.requires_grad_().clone() for t in tensors) for tensors in (drives, states))
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

    def _copy(self) -> tuple[Cell, dict[str, Tensor]]:
        clones = {name: tensor.detach().clone() for name, tensor in tensors_of(self.cell)}
        for name, tensor in tensors_of(self.cell):
            vars(clones[name]).update(vars(tensor))
        return with_tensors(self.cell, clones), clones

    def _checked(self, tensor: Tensor, rows: int) -> Tensor:
        if tensor.dtype != self.dtype or tensor.shape[0] != rows:
            raise Unsupported(
                f"a drive or state field is {list(tensor.shape)} of {tensor.dtype}, expected [B, *] of {self.dtype}"
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


def _compare(one: Recording, other: Recording, batch: int, rows: int) -> None:
    """Raise if a step behaves differently with other values or another batch size."""
    if why := _difference(one, other, batch, rows):
        raise why


def _difference(one: Recording, other: Recording, batch: int, rows: int) -> Unsupported | None:
    """Return how a step differs with other values or another batch size, None if it does not."""
    place = {node: index for index, node in enumerate(one.nodes)}
    place |= {node: index for index, node in enumerate(other.nodes)}

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, (tuple, list)) and type(a) is type(b) and len(a) == len(b):
            sizes = isinstance(a, list) and all(isinstance(part, int) for part in (*a, *b))
            return all((sizes and (p, q) == (batch, rows)) or same(p, q) for p, q in zip(a, b, strict=True))
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
        if isinstance(a, Node):
            return isinstance(b, Node) and place[a] == place[b]
        return type(a) is type(b) and (a == b or a != a)

    for a, b in zip(one.nodes, other.nodes, strict=False):
        if a.op == b.op == "constant" and a.shape == b.shape == ():
            assert a.value is not None
            assert b.value is not None
            if not torch.equal(a.value, b.value):
                return Unsupported("a number in step differs from one run to the next", a.source)
        elif not same((a.op, a.pick, [*a.shape], a.args, a.kwargs), (b.op, b.pick, [*b.shape], b.args, b.kwargs)):
            return Unsupported("step depends on the number of rows, on their values, or on chance", a.source)
    if len(one.nodes) != len(other.nodes):
        return Unsupported("step depends on the number of rows, on their values, or on chance")
    return None


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
        if node.op == "constant" and node in needed and node.shape != ():
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
        if batch in node.shape:
            raise Unsupported("step depends on the number of rows", node.source)
    trace = Trace(0, torch.float32, [], [], False, None, None, [used[n] for n in starts], prologue, starts, frontier)
    trace.nodes = [n for n in first.nodes if n in live and n.op != "input"]
    return trace


def _differentiate(trace: Trace, watched: _Watched, simple: Container[str]) -> None:
    """Replay the step without its prologue under autograd, and record both directions."""
    drives, states, clones, inputs, outs = (
        watched.drives, watched.states, watched.clones, watched.inputs, watched.outs,
    )  # fmt: skip
    with torch.no_grad():
        values = trace.run_prologue([clones[name] for name in trace.names])
    for value in values:
        if value.dtype != trace.dtype:
            raise Unsupported(f"step mixes {trace.dtype} with {value.dtype}; convert constants with .to(x.dtype)")
    thetas = [v.detach().clone(memory_format=torch.contiguous_format) for v in values]
    leaves = [
        t.requires_grad_(t.is_floating_point())
        for t in (*(d.detach().clone() for d in drives), *(s.detach().clone() for s in states), *thetas)
    ]
    second = Recording(simple)
    nodes = [second.input(leaf) for leaf in leaves]
    env = dict(zip(inputs + trace.thetas, leaves, strict=True))
    with torch.enable_grad(), second:
        replay(trace.nodes, env, second)
        second.source = ""
        after = [env[out] for out in outs]
        trace.new_states = [second.node(tensor) for tensor in after]
    tangents = [torch.rand(tensor.shape, dtype=tensor.dtype) for tensor in after]
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
