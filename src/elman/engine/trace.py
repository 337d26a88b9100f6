"""A cell's step, read: the operators it runs forward, and those PyTorch runs to differentiate it.

Two recordings are made on a small batch. The first runs ``step`` itself; what depends on parameters alone is
cut off (the *prologue*, which stays plain PyTorch and runs once a call). The second replays the rest under
autograd, so that PyTorch, and not this library, writes the backward pass.
"""

import linecache
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from elman.cell import Cell
from elman.engine.decompose import decomposition
from elman.engine.structure import structure
from elman.engine.why import Unsupported

__all__ = ["Node", "Recording", "Trace", "Unsupported", "record", "tensors_of", "with_tensors"]

HERE = str(Path(__file__).parent)
TORCH = str(Path(torch.__file__).parent)
RANDOM = ("bernoulli", "rand", "normal", "dropout", "multinomial", "uniform", "exponential")
# transposing a parameter is left in the step: the packing of a product reads it either way for free
STRUCTURAL = ("t", "permute", "transpose", "numpy_T")


@dataclass(eq=False)
class Node:
    """One tensor of a recording: an input, or the result of an operator."""

    op: str  # the operator's name, "input", or "constant"
    args: tuple[Any, ...]  # Nodes in the place of tensors
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    dtype: torch.dtype
    source: str = ""
    func: Any = None
    pick: int | None = None  # which of several results
    value: Tensor | None = None  # of a constant

    def inputs(self) -> list["Node"]:
        """Return the nodes this one reads."""
        return nodes_in((self.args, self.kwargs))


def nodes_in(tree: Any) -> list[Node]:
    """Return every node in nested tuples, lists and dicts."""
    if isinstance(tree, Node):
        return [tree]
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [node for part in tree for node in nodes_in(part)] if isinstance(tree, (tuple, list)) else []


def swap(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return nested tuples, lists and dicts with ``leaf`` applied to what they hold."""
    if isinstance(tree, dict):
        return {key: swap(value, leaf) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        return type(tree)(swap(part, leaf) for part in tree)
    return leaf(tree)


class Recording(TorchDispatchMode):
    """Writes down each operator that runs. Tensors are known by where they lie, which aliases share."""

    def __init__(self, decompose: bool):
        super().__init__()
        self.nodes: list[Node] = []
        self.known: dict[Any, Node] = {}
        self.alive: list[Tensor] = []  # so that no address is used twice
        self.decompose = decompose
        self.source: str | None = None  # where the operator being replayed came from

    def where(self) -> str:
        """Return the line of the cell's own code that runs now."""
        return _source() if self.source is None else self.source

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # skipping it would import the compiler, a second's work, to say so

    def input(self, tensor: Tensor) -> Node:
        """Declare a tensor that comes from outside."""
        return self._add(tensor, Node("input", (), {}, tuple(tensor.shape), tensor.dtype))

    def node(self, tensor: Tensor) -> Node:
        """Return the node of a tensor; one never seen is a constant."""
        found = self.known.get(_place(tensor))
        if found is None:
            found = Node("constant", (), {}, tuple(tensor.shape), tensor.dtype, self.where(), value=tensor.detach())
            self._add(tensor, found)
        return found

    def _add(self, tensor: Tensor, node: Node) -> Node:
        self.alive.append(tensor)
        self.nodes.append(node)
        return self.known.setdefault(_place(tensor), node)

    def in_place(self, func: Any, name: str, args: Any, kwargs: Any) -> Tensor:
        """Run an operator that writes into its first argument as the one that returns a new tensor."""
        pure = getattr(getattr(torch.ops.aten, name[:-1]), func._overloadname)
        with self:
            out = pure(*args, **kwargs)
        node = self.node(out)
        func(*args, **kwargs)
        self.known[_place(args[0])] = node
        return args[0]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.removeprefix("aten::")
        if torch.Tag.nondeterministic_seeded in func.tags or name.startswith(RANDOM):
            raise Unsupported(f"{name} draws random numbers in step", self.where())
        if func._schema.is_mutable and self.decompose and name.endswith("_"):
            # autograd's own formulas write only into what they have just made
            return self.in_place(func, name, args, kwargs)
        if func._schema.is_mutable:
            raise Unsupported(
                f"{name} writes into a tensor in place; use the form that returns a new one", self.where()
            )
        if self.decompose and (rule := decomposition(func, name)) is not None:
            with self:
                return rule(*args, **kwargs)
        if not self.decompose and not torch.is_grad_enabled():
            raise Unsupported("step turns gradients off, or uses an autograd.Function of its own", self.where())
        args_read: tuple[Any, ...]
        args_read, kwargs_read = swap((tuple(args), kwargs), lambda a: self.node(a) if isinstance(a, Tensor) else a)
        out = func(*args, **kwargs)
        if name == "detach" and not self.decompose:
            out = out.clone()  # another place: here it is not the same as what it was detached from
        if isinstance(out, Tensor):
            self._add(out, Node(name, args_read, kwargs_read, tuple(out.shape), out.dtype, self.where(), func))
        elif isinstance(out, (tuple, list)):
            for pick, one in enumerate(out):
                if isinstance(one, Tensor):
                    self._add(
                        one, Node(name, args_read, kwargs_read, tuple(one.shape), one.dtype, self.where(), func, pick)
                    )
        else:
            raise Unsupported(
                f"{name} reads a number out of a tensor, so the step depends on its values", self.where()
            )
        return out


def _place(tensor: Tensor) -> Any:
    if not tensor.numel():
        return id(tensor)
    return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride()


def _source() -> str:
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((TORCH, HERE)) and "importlib" not in file:
            return f"{Path(file).name}:{frame.f_lineno}: {linecache.getline(file, frame.f_lineno).strip()}"
        frame = frame.f_back
    return ""


def tensors_of(module: nn.Module, prefix: str = "") -> list[tuple[str, Tensor]]:
    """Return every parameter and buffer of a module, by place; a tied one appears once a place."""
    found = []
    for held in (module._parameters, module._buffers):
        found += [(prefix + name, tensor) for name, tensor in held.items() if tensor is not None]
    for name, child in module._modules.items():
        if child is not None:
            found += tensors_of(child, f"{prefix}{name}.")
    return found


def with_tensors(module: Any, tensors: dict[str, Tensor], prefix: str = "") -> Any:
    """Return a copy of a module that computes with other tensors; the module itself is never touched."""
    copy = object.__new__(type(module))
    copy.__dict__.update(module.__dict__)
    for kind in ("_parameters", "_buffers"):
        held = module.__dict__[kind]
        copy.__dict__[kind] = {name: tensors.get(prefix + name, old) for name, old in held.items()}
    copy.__dict__["_modules"] = {
        name: child if child is None else with_tensors(child, tensors, f"{prefix}{name}.")
        for name, child in module._modules.items()
    }
    return copy


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


def replay(nodes: Sequence[Node], env: dict[Node, Any], watched_by: Recording | None = None) -> None:
    """Run recorded operators again; a recording that watches is told where each came from."""
    several: dict[int, Any] = {}  # results of operators that have more than one, by their shared arguments
    for node in nodes:
        if node in env:
            continue
        if node.op == "constant":
            env[node] = node.value
            continue
        if watched_by is not None:
            watched_by.source = node.source
        args, kwargs = swap((node.args, node.kwargs), lambda a: env[a] if isinstance(a, Node) else a)
        if node.pick is None:
            env[node] = node.func(*args, **kwargs)
            continue
        if id(node.args) not in several:
            several[id(node.args)] = node.func(*args, **kwargs)
        env[node] = several[id(node.args)][node.pick]


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
        states = tuple(torch.rand(batch, *f.shape[1:], dtype=f.dtype) for f in one)
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
