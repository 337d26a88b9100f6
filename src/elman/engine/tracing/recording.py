"""Record the operators that run, and replay them."""

import linecache
import sys
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from elman.engine.tracing.decompose import decomposition
from elman.engine.unsupported import Unsupported

__all__ = ["IN_PLACE", "Node", "Recording", "nodes_in", "reached", "replay", "swap"]

HERE = str(Path(__file__).parent)
TORCH = str(Path(torch.__file__).parent)
IN_PLACE = "writes into a tensor in place, here or inside the function called; use the form that returns a new one"
DRAW = "draw masks in initial_state, or noise in drive"
RANDOM = ("bernoulli", "rand", "normal", "dropout", "multinomial", "uniform", "exponential")


@dataclass(eq=False)
class Node:
    """One tensor of a recording: an input, or the result of an operator."""

    op: str  # the operator's name, "input", or "constant"
    args: tuple[Any, ...]  # with Nodes in place of tensors
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    dtype: torch.dtype
    source: str = ""
    func: Any = None
    pick: int | None = None  # index among several results
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


def reached(nodes: Iterable[Node]) -> set[Node]:
    """Return these nodes and all nodes they depend on."""
    found: set[Node] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += node.inputs()
    return found


def swap(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return nested tuples, lists and dicts with ``leaf`` applied to their elements."""
    if isinstance(tree, dict):
        return {key: swap(value, leaf) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        return type(tree)(swap(part, leaf) for part in tree)
    return leaf(tree)


class Recording(TorchDispatchMode):
    """Records each operator that runs. Tensors are identified by their memory, which aliases share.

    Args:
        simple: names of the operators to record unchanged; all others are decomposed into these. None records all
            operators unchanged.
    """

    def __init__(self, simple: Container[str] | None = None):
        super().__init__()
        self.nodes: list[Node] = []
        self.known: dict[Any, Node] = {}
        self.alive: list[Tensor] = []  # so that no address is used twice
        self.simple = simple
        self.source: str | None = None  # source line of the operator being replayed
        self.refused: Unsupported | None = None

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        if self.refused is not None:  # even if the step caught it
            raise self.refused

    def refuse(self, reason: str) -> NoReturn:
        """Refuse the step; an exception handler in the step cannot undo it.

        Raises:
            Unsupported: with the first reason.
        """
        self.refused = self.refused or Unsupported(reason, self.where())
        raise self.refused

    def where(self) -> str:
        """Return the line of the cell's own code that runs now."""
        return _source() if self.source is None else self.source

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True would import the compiler, which takes a second

    def input(self, tensor: Tensor) -> Node:
        """Declare an input tensor."""
        return self._add(tensor, Node("input", (), {}, tuple(tensor.shape), tensor.dtype))

    def node(self, tensor: Tensor) -> Node:
        """Return the node of a tensor; an unknown tensor is a constant."""
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
        """Run an in-place operator as its variant that returns a new tensor."""
        pure = getattr(getattr(torch.ops.aten, name[:-1]), func._overloadname)
        with self:
            out = pure(*args, **kwargs)
        node = self.node(out)
        func(*args, **kwargs)
        self.known[_place(args[0])] = node
        return args[0]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self.refused is not None:
            raise self.refused
        kwargs = kwargs or {}
        name = func._schema.name.removeprefix("aten::")
        if torch.Tag.nondeterministic_seeded in func.tags or name.startswith(RANDOM):
            self.refuse(f"{name} draws random numbers in step; {DRAW}")
        if func._schema.is_mutable and self.simple is not None and name.endswith("_"):
            # autograd's formulas write only into tensors they have just created
            return self.in_place(func, name, args, kwargs)
        if func._schema.is_mutable:
            self.refuse(f"{name} {IN_PLACE}")
        if self.simple is not None and (rule := decomposition(func, name, self.simple)) is not None:
            with self:
                result = rule(*args, **kwargs)
            if result is not NotImplemented:
                return result
        elif self.simple is not None and name not in self.simple:  # one that PyTorch itself makes of others
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        if self.simple is None and not torch.is_grad_enabled():
            self.refuse("step turns gradients off, or uses an autograd.Function of its own")
        args_read: tuple[Any, ...]
        args_read, kwargs_read = swap((tuple(args), kwargs), lambda a: self.node(a) if isinstance(a, Tensor) else a)
        if name == "view" and self.simple is not None:  # what is decomposed may lie otherwise in memory
            args = (args[0].contiguous(), *args[1:])
        out = func(*args, **kwargs)
        if name == "detach" and self.simple is None:
            out = out.clone()  # other memory, so that the recording distinguishes it from its source
        if isinstance(out, Tensor):
            self._add(out, Node(name, args_read, kwargs_read, tuple(out.shape), out.dtype, self.where(), func))
        elif isinstance(out, (tuple, list)):
            for pick, one in enumerate(out):
                if isinstance(one, Tensor):
                    self._add(
                        one, Node(name, args_read, kwargs_read, tuple(one.shape), one.dtype, self.where(), func, pick)
                    )
        else:
            self.refuse(f"{name} reads a number out of a tensor, so the step depends on its values; use torch.where")
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


def replay(nodes: Sequence[Node], env: dict[Node, Any], watched_by: Recording | None = None) -> None:
    """Run recorded operators again; ``watched_by`` records them with their source lines."""
    several: dict[int, Any] = {}  # results of operators with several results, by their shared arguments
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
