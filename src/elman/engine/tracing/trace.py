"""A cell's step, read: the operators it runs forward, and those PyTorch runs to differentiate it.

Two recordings are made on a small batch. The first runs ``step`` itself; what depends on parameters alone is
cut off (the *prologue*, which stays plain PyTorch and runs once a call). The second replays the rest under
autograd, so that PyTorch, and not this library, writes the backward pass.
"""

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.tracing.cell_key import structure
from elman.engine.tracing.recording import Node, NoReading, Recording, reached, replay
from elman.engine.unsupported import Unsupported
from elman.tensors import tensors_of, with_tensors

__all__ = ["Trace", "record"]

# transposing a parameter is left in the step: the packing of a product reads it either way for free
STRUCTURAL = ("t", "permute", "transpose", "numpy_T")


@dataclass
class Trace:
    """The recordings of one cell, on a batch of ``batch`` rows."""

    batch: int
    dtype: torch.dtype
    state_shapes: list[tuple[int, ...]]
    drive_shapes: list[tuple[int, ...]]
    drive_is_tuple: bool
    linear: tuple[str, str | None] | None  # drive is linear(x, weight, bias) of these parameters
    single: Unsupported | None  # why a single row cannot be run by it, if it cannot
    names: list[str]  # parameters and buffers that the prologue reads
    prologue: list[Node]
    prologue_inputs: list[Node]
    thetas: list[Node]  # what the step reads of the prologue
    nodes: list[Node] = field(default_factory=list)  # of the joint recording
    drives: list[Node] = field(default_factory=list)
    states: list[Node] = field(default_factory=list)
    theta_inputs: list[Node] = field(default_factory=list)
    tangents: list[Node] = field(default_factory=list)
    new_states: list[Node] = field(default_factory=list)
    boundary: int = 0  # how many nodes of the joint recording are forward
    gradients: list[Node | None] = field(default_factory=list)  # of drives, states, thetas

    def run_prologue(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Compute the thetas from the cell's tensors, under autograd as it stands."""
        if not self.prologue:
            return list(tensors)
        env = dict(zip(self.prologue_inputs, tensors, strict=True))
        replay(self.prologue, env)
        return [env[node] for node in self.thetas]


@dataclass
class _Watched:
    """One run of a cell's step, and what it ran on."""

    recording: Recording
    clones: dict[str, Tensor]  # of the cell's parameters and buffers
    owned: dict[str, Node]
    drives: tuple[Tensor, ...]
    states: tuple[Tensor, ...]
    after: Any
    drive_is_tuple: bool
    linear: tuple[str, str | None] | None

    @property
    def inputs(self) -> list[Node]:
        """The nodes of the drives, then of the states."""
        return [self.recording.node(tensor) for tensor in (*self.drives, *self.states)]

    @property
    def outs(self) -> list[Node]:
        """The nodes of the new state's fields."""
        return [self.recording.node(tensor) for tensor in self.after]


def record(cell: Cell, dtype: torch.dtype) -> Trace:
    """Trace a cell.

    Raises:
        Unsupported: if the step, or what differentiates it, cannot be written down.
    """
    with torch.no_grad():
        few, many = (_watch(cell, dtype, rows).recording for rows in (2, 97))
        # a number of rows that no other dimension shares, so that shapes say what is a row
        sizes = {size for node in few.nodes for size in node.shape}
        batch = next(rows for rows in count(7) if rows not in sizes)
        watched = _watch(cell, dtype, batch)
        for other, rows in ((few, 2), (many, 97)):
            _compare(watched.recording, other, batch, rows)
        single = _alone(cell, dtype, watched.recording, batch)
    trace = _cut(watched.recording, watched.owned, watched.inputs, watched.outs, batch)
    trace.batch, trace.dtype, trace.linear = batch, dtype, watched.linear
    trace.drive_is_tuple, trace.single = watched.drive_is_tuple, single
    trace.drive_shapes = [tuple(d.shape[1:]) for d in watched.drives]
    trace.state_shapes = [tuple(s.shape[1:]) for s in watched.states]
    _differentiate(trace, watched)
    return trace


def _alone(cell: Cell, dtype: torch.dtype, recording: Recording, batch: int) -> Unsupported | None:
    """Return what a step does otherwise with a single row, whose dimension ``squeeze()`` drops; None if nothing."""
    try:
        return _difference(recording, _watch(cell, dtype, 1).recording, batch, 1)
    except Unsupported as why:
        return why
    except Exception as error:  # the loop will raise it where there is a single row
        return Unsupported(f"{type(error).__name__}: {error}")


def _watch(cell: Cell, dtype: torch.dtype, batch: int) -> _Watched:
    """Run a step on values drawn at random, and write it down."""
    clones = {name: tensor.detach().clone() for name, tensor in tensors_of(cell)}
    shadow = with_tensors(cell, clones)
    holds = structure(shadow), list(map(id, clones.values()))
    x = torch.randn(batch, cell.input_size, dtype=dtype)
    linear = _linear_drive(shadow, x, clones)
    drive = shadow.drive(x)
    drives = drive if isinstance(drive, tuple) else (drive,)
    drives = tuple(d.clone(memory_format=torch.contiguous_format) for d in drives)
    one = shadow.initial_state(1)
    kinds = [dtype if f.is_floating_point() else f.dtype for f in one]
    states = tuple(torch.randn(batch, *f.shape[1:]).to(kind) for f, kind in zip(one, kinds, strict=True))
    for tensor in (*drives, *states):
        if tensor.dtype != dtype or tensor.shape[0] != batch:
            raise Unsupported(
                f"a drive or state field is {list(tensor.shape)} of {tensor.dtype}, not [B, *] of {dtype}"
            )
    recording = Recording(decompose=False)
    owned = {name: recording.input(tensor) for name, tensor in clones.items()}
    for tensor in (*drives, *states):
        recording.input(tensor)
    for tensor in (*drives, *states, *(t for t in clones.values() if t.is_floating_point())):
        tensor.requires_grad_()
    dice = _dice()
    with torch.enable_grad(), recording, NoReading(recording):
        after = shadow.step(drives if isinstance(drive, tuple) else drives[0], type(one)(*states))
    if _dice() != dice:
        raise Unsupported("step draws random numbers")
    if (structure(shadow), [id(tensor) for _, tensor in tensors_of(shadow)]) != holds:
        raise Unsupported("drive or step stores something on the cell; return it as a state field")
    if type(after) is not type(one):
        raise Unsupported(f"step returned {type(after).__name__}, not {type(one).__name__}")
    for name, new, old in zip(one._fields, after, states, strict=True):
        if new.shape != old.shape or new.dtype != old.dtype:
            raise Unsupported(f"step turns state.{name} from {list(old.shape)} into {list(new.shape)} of {new.dtype}")
    _no_custom_gradients(after, recording)
    return _Watched(recording, clones, owned, drives, states, after, isinstance(drive, tuple), linear)


def _dice() -> Any:
    """The states of the random generators that PyTorch's dispatcher knows nothing of."""
    numpy = sys.modules.get("numpy")
    theirs = numpy.random.get_state(legacy=False)["state"] if numpy else {}
    return random.getstate(), theirs.get("pos"), bytes(theirs.get("key", b""))


def _compare(one: Recording, other: Recording, batch: int, rows: int) -> None:
    """Refuse a step that did something else with other values and another number of rows."""
    if why := _difference(one, other, batch, rows):
        raise why


def _difference(one: Recording, other: Recording, batch: int, rows: int) -> Unsupported | None:
    """Return what a step did otherwise with other values and another number of rows, None if nothing."""
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


def _no_custom_gradients(after: Any, recording: Recording) -> None:
    """Refuse what changes a gradient without an operator that could be seen."""
    if any(tensor._backward_hooks for tensor in recording.alive):
        raise Unsupported("step puts a hook on a tensor")
    stack, seen = [tensor.grad_fn for tensor in after], set()
    while stack:
        function = stack.pop()
        if function is None or function in seen:
            continue
        seen.add(function)
        if isinstance(function, torch.autograd.function.BackwardCFunction):
            raise Unsupported(f"step uses an autograd.Function of its own, {type(function).__name__}")
        stack += [parent for parent, _ in function.next_functions]


def _linear_drive(cell: Cell, x: Tensor, clones: dict[str, Tensor]) -> tuple[str, str | None] | None:
    seen = Recording(decompose=False)
    names = {seen.input(tensor): name for name, tensor in clones.items()}
    start = seen.input(x)
    try:
        with torch.enable_grad(), seen:
            result = cell.drive(x)
    except Unsupported:
        return None
    if isinstance(result, tuple):
        return None
    node = seen.node(result)
    if node.op == "addmm" and not node.kwargs and node.args[0] in names:
        bias, row, weight = node.args
    elif node.op == "mm":
        bias, (row, weight) = None, node.args
    else:
        return None
    if row is not start or weight.op not in STRUCTURAL or weight.args[0] not in names:
        return None
    if bias is not None and bias.shape != result.shape[-1:]:
        return None
    return names[weight.args[0]], names[bias] if bias is not None else None


def _cut(first: Recording, owned: dict[str, Node], inputs: list[Node], outs: list[Node], batch: int) -> Trace:
    """Split a recording into the prologue and the step proper."""
    needed = reached(outs)
    live: set[Node] = set(inputs)
    for node in first.nodes:
        if node.op == "constant" and node in needed and node.shape != ():
            raise Unsupported(
                "step reads a tensor that is neither a parameter nor a buffer; register_buffer makes it one",
                node.source,
            )
        # a constant, cheap and perhaps [B, *], or parameters laid out to the rows
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


def _differentiate(trace: Trace, watched: _Watched) -> None:
    """Replay the step proper under autograd and record both directions."""
    drives, states, clones, inputs, outs = (
        watched.drives, watched.states, watched.clones, watched.inputs, watched.outs,
    )  # fmt: skip
    with torch.no_grad():
        values = trace.run_prologue([clones[name] for name in trace.names])
    for value in values:
        if value.dtype != trace.dtype:
            raise Unsupported(
                f"step mixes {trace.dtype} with {value.dtype}; .to(x.dtype) turns a constant into its kind"
            )
    thetas = [v.detach().clone(memory_format=torch.contiguous_format) for v in values]
    leaves = [
        t.requires_grad_(t.is_floating_point())
        for t in (*(d.detach().clone() for d in drives), *(s.detach().clone() for s in states), *thetas)
    ]
    second = Recording(decompose=True)
    nodes = [second.input(leaf) for leaf in leaves]
    env = dict(zip(inputs + trace.thetas, leaves, strict=True))
    with torch.enable_grad(), second:
        replay(trace.nodes, env, second)
        second.source = ""
        after = [env[out] for out in outs]
        trace.new_states = [second.node(tensor) for tensor in after]
        trace.boundary = len(second.nodes)
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
