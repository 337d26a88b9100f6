"""A cell's step, read: the operators it runs forward, and those PyTorch runs to differentiate it.

Two recordings are made on a small batch. The first runs ``step`` itself; what depends on parameters alone is
cut off (the *prologue*, which stays plain PyTorch and runs once a call). The second replays the rest under
autograd, so that PyTorch, and not this library, writes the backward pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.recording import Node, Recording, replay
from elman.engine.structure import structure
from elman.engine.why import Unsupported
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


def record(cell: Cell, dtype: torch.dtype) -> Trace:
    """Trace a cell.

    Raises:
        Unsupported: if the step, or what differentiates it, cannot be written down.
    """
    held = tensors_of(cell)
    # A row count that no other dimension shares, so that shapes say what is a row.
    sizes = {size for _, tensor in held for size in tensor.shape} | {cell.input_size, cell.hidden_size}
    with torch.no_grad():
        one = cell.initial_state(1)
        for state_field in one:
            sizes |= set(state_field.shape[1:])
        batch = next(p for p in (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47) if p not in sizes)
        clones = {name: tensor.detach().clone() for name, tensor in held}
        shadow = with_tensors(cell, clones)
        x = torch.rand(batch, cell.input_size, dtype=dtype)
        linear = _linear_drive(shadow, x, clones)
        drive = shadow.drive(x)
        drives = drive if isinstance(drive, tuple) else (drive,)
        drives = tuple(d.clone(memory_format=torch.contiguous_format) for d in drives)
        kinds = [dtype if f.is_floating_point() else f.dtype for f in one]
        states = tuple(torch.ones(batch, *f.shape[1:], dtype=kind) for f, kind in zip(one, kinds, strict=True))
        for tensor in (*drives, *states):
            if tensor.dtype != dtype or tensor.shape[0] != batch:
                raise Unsupported(
                    f"a drive or state field is {list(tensor.shape)} of {tensor.dtype}, not [B, *] of {dtype}"
                )
        first = Recording(decompose=False)
        owned = {name: first.input(tensor) for name, tensor in clones.items()}
        inputs = [first.input(tensor) for tensor in (*drives, *states)]
        for tensor in (*drives, *states, *(t for t in clones.values() if t.is_floating_point())):
            tensor.requires_grad_()
        holds = structure(shadow)
        with torch.enable_grad(), first:
            after = shadow.step(drives if isinstance(drive, tuple) else drives[0], type(one)(*states))
        if structure(shadow) != holds:
            raise Unsupported("step stores something on the cell; return it as a state field")
        if type(after) is not type(one):
            raise Unsupported(f"step returned {type(after).__name__}, not {type(one).__name__}")
        outs = [first.node(tensor) for tensor in after]
        _no_custom_gradients(after, first)
    trace = _cut(first, owned, inputs, outs)
    trace.batch, trace.dtype, trace.linear = batch, dtype, linear
    trace.drive_is_tuple = isinstance(drive, tuple)
    trace.drive_shapes = [tuple(d.shape[1:]) for d in drives]
    trace.state_shapes = [tuple(s.shape[1:]) for s in states]
    _differentiate(trace, first, drives, states, inputs, outs, clones)
    return trace


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
    if bias is not None and len(bias.shape) != 1:
        return None
    return names[weight.args[0]], names[bias] if bias is not None else None


def _cut(first: Recording, owned: dict[str, Node], inputs: list[Node], outs: list[Node]) -> Trace:
    """Split a recording into the prologue and the step proper."""
    needed: set[Node] = set()
    stack: list[Node] = list(outs)
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += node.inputs()
    live: set[Node] = set(inputs)
    for node in first.nodes:
        if node.op == "constant" and node in needed and node.shape != ():
            raise Unsupported(
                "step reads a tensor that is neither a parameter nor a buffer; register_buffer makes it one",
                node.source,
            )
        filled = node.op in ("full", "zeros", "ones", "scalar_tensor")  # a constant, cheap and perhaps [B, *]
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
    cone: set[Node] = set()
    stack = list(frontier)
    while stack:
        node = stack.pop()
        if node not in cone:
            cone.add(node)
            stack += node.inputs()
    plain = all(node.op == "input" for node in frontier)
    used = {node: name for name, node in owned.items() if node in cone}
    starts = frontier if plain else list(used)
    prologue = [] if plain else [n for n in first.nodes if n in cone and n.op != "input"]
    trace = Trace(0, torch.float32, [], [], False, None, [used[n] for n in starts], prologue, starts, frontier)
    trace.nodes = [n for n in first.nodes if n in live and n.op != "input"]
    return trace


def _differentiate(
    trace: Trace,
    first: Recording,
    drives: Any,
    states: Any,
    inputs: list[Node],
    outs: list[Node],
    clones: Any,
) -> None:
    """Replay the step proper under autograd and record both directions."""
    with torch.no_grad():
        values = trace.run_prologue([clones[name] for name in trace.names])
    if any(v.is_floating_point() and v.dtype != trace.dtype for v in values):
        raise Unsupported("step mixes floating-point types")
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
