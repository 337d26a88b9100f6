"""Record what PyTorch computes around the kernels as lists of operators, which JavaScript runs.

These are a cell's drive, the tensors computed from its parameters, and its initial state, each with its backward
pass, which PyTorch derives. A list is plain data: one operator an entry, in the order in which they run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.engine.planning.deferred import Applied, Deferred, Held, StepSum, Total, View
from elman.engine.planning.language import Const
from elman.engine.tracing.recording import Node, Recording
from elman.engine.unsupported import Unsupported

__all__ = ["ROWS", "Json", "recorded", "sum_graph"]

Json = dict[str, Any]
ROWS = 1021  # rows of a recording, a number that no other dimension should have
#: The operators of ``playground/operators.js``; others are decomposed into these.
OPERATORS = frozenset([
    "abs", "add", "addmm", "alias", "amax", "cat", "clamp", "clone", "cos", "detach", "div", "eq", "exp",
    "expand", "expm1", "ge", "gt", "le", "log", "log1p", "logical_and", "logical_not", "logical_or", "lt",
    "maximum", "mean", "minimum", "mm", "mul", "ne", "neg", "permute", "pow", "reciprocal", "relu", "reshape",
    "rsqrt", "rsub", "select", "select_backward", "sigmoid", "sigmoid_backward", "sin", "slice",
    "slice_backward", "softplus", "softplus_backward", "split", "split_with_sizes", "sqrt", "squeeze", "sub",
    "sum", "t", "tanh", "tanh_backward", "tensor_split", "unbind", "chunk",
    "threshold_backward", "transpose", "_unsafe_view", "unsqueeze", "view", "where",
])  # fmt: skip
KINDS = (torch.dtype, torch.layout, torch.device, torch.memory_format)
WHOLE = ("constant", "full", "zeros", "ones", "scalar_tensor", "new_zeros", "new_ones", "new_full", "zeros_like",
         "ones_like", "full_like", "empty_like", "new_empty", "empty")  # fmt: skip
END = 2**53 - 1  # the largest integer of JavaScript; a slice's open end is larger


def recorded(
    function: Callable[..., tuple[Tensor, ...]], inputs: Sequence[Tensor], sizes: Mapping[int, str], what: str
) -> Json:
    """Record a function of tensors, and its backward pass.

    Args:
        function: what to record.
        inputs: its arguments.
        sizes: dimensions that are named instead of written as numbers.
        what: what the function is, for messages.

    Returns:
        ``nodes``, each ``[operator, arguments]`` or the value of a constant; the indices of ``inputs``, ``outputs``,
        ``tangents`` (gradients of the outputs) and ``gradients`` (of the inputs, null if there is no gradient); and
        how many nodes are ``forward``.

    Raises:
        Unsupported: if it uses an operator that JavaScript does not have.
    """
    leaves = [tensor.detach().clone().requires_grad_(tensor.is_floating_point()) for tensor in inputs]
    seen = Recording(OPERATORS)
    starts = [seen.input(leaf) for leaf in leaves]
    with torch.enable_grad(), seen:
        seen.source = ""
        outs = function(*leaves)
        ends = [seen.node(out) for out in outs]
        forward = len(seen.nodes)
    slopes = [torch.rand(out.shape, dtype=out.dtype) for out in outs]
    tangents = [seen.input(slope) for slope in slopes]
    targets = [(out, slope) for out, slope in zip(outs, slopes, strict=True) if out.requires_grad]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    grads: tuple[Tensor | None, ...] = (None,) * len(wanted)
    if targets and wanted:
        with seen:
            grads = torch.autograd.grad(
                [out for out, _ in targets], wanted, [slope for _, slope in targets], allow_unused=True
            )
    by_leaf = dict(zip(map(id, wanted), grads, strict=True))
    found = [by_leaf.get(id(leaf)) for leaf in leaves]
    gradients = [None if grad is None else seen.node(grad) for grad in found]
    write = _Writer(sizes, what)
    values = dict(zip(seen.nodes, seen.alive, strict=True))
    place = {node: write.node(node, values[node]) for node in values}
    return {
        "nodes": write.nodes,
        "forward": forward,
        "inputs": [place[node] for node in starts],
        "outputs": [place[node] for node in ends],
        "tangents": [place[node] for node in tangents],
        "gradients": [None if node is None else place[node] for node in gradients],
    }


class _Writer:
    """Writes nodes as data."""

    def __init__(self, sizes: Mapping[int, str], what: str):
        self.sizes, self.what = sizes, what
        self.nodes: list[Any] = []
        self.place: dict[Any, int] = {}
        self.fixed: set[Node] = set()  # nodes whose values do not depend on the inputs

    def add(self, key: Any, entry: Any) -> int:
        self.nodes.append(entry)
        self.place[key] = len(self.nodes) - 1
        return self.place[key]

    def node(self, node: Node, value: Tensor) -> int:
        if node.op == "input":
            return self.add(node, ["input", []])
        read = node.inputs()
        if node.op in WHOLE or (read and all(one in self.fixed for one in read)):
            self.fixed.add(node)
            return self.add(node, ["constant", [*self.constant(value)]])
        if node.op not in OPERATORS:
            raise Unsupported(f"{self.what} uses {node.op}, which the page cannot run", node.source)
        return self.add(node, [node.op, self.arguments(node.func, node.args, node.kwargs), node.pick or 0])

    def constant(self, value: Tensor) -> tuple[list[Any], list[float]]:
        """Return the shape and the numbers of a constant, one number if all are the same."""
        numbers = value.detach().to(torch.float32).flatten()
        shape = [self.size(size) for size in value.shape]
        if not len(numbers) or (numbers == numbers[0]).all():
            return shape, numbers[:1].tolist()
        if any(isinstance(size, str) for size in shape):
            raise Unsupported(f"{self.what} reads a constant tensor as wide as the input")
        return shape, numbers.tolist()

    def arguments(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """Return all arguments in the schema's order, defaults included."""
        found = []
        for place, argument in enumerate(func._schema.arguments):
            if place < len(args):
                value = args[place]
            else:
                value = kwargs.get(argument.name, argument.default_value if argument.has_default_value() else None)
            found.append(self.argument(value))
        return found

    def argument(self, value: Any) -> Any:
        if isinstance(value, (Node, Deferred, Held, Const)):
            return {"node": self.refer(value)}
        if isinstance(value, (tuple, list)):
            return [self.argument(part) for part in value]
        if isinstance(value, KINDS):
            return None
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return value
        if isinstance(value, int):
            return self.size(min(value, END))
        if isinstance(value, float):
            return value
        raise Unsupported(f"{self.what} passes a {type(value).__name__} to an operator, which the page cannot run")

    def size(self, size: int) -> int | str:
        return self.sizes.get(size, size)

    def refer(self, value: Any) -> int:
        return self.place[value]


class _SumWriter(_Writer):
    """Writes gradients that are computed from sums over the steps."""

    def __init__(self) -> None:
        super().__init__({}, "the gradient of a parameter")

    def refer(self, value: Any) -> int:
        if isinstance(value, Held):
            lies = [value.index, list(value.shape), list(value.sizes), list(value.strides), value.offset]
            return self.place[value] if value in self.place else self.add(value, ["held", lies, 0])
        if isinstance(value, Const):
            return self.add(value, ["constant", [[], [value.number]], 0])
        return self.deferred(value)

    def deferred(self, value: Any) -> int:
        if value in self.place:
            return self.place[value]
        match value:
            case View():
                of = self.deferred(value.of)
                return self.add(value, ["reshape", [{"node": of}, list(value.shape)], 0])
            case Total():
                of = self.deferred(value.of)
                return self.add(value, ["sum", [{"node": of}, None, False], 0])
            case Applied():
                func: Any = value.func
                name = func._schema.name.removeprefix("aten::")
                if name not in OPERATORS:
                    raise Unsupported(f"{self.what} uses {name}, which the page cannot run")
                args = self.arguments(func, value.args, value.kwargs)
                return self.add(value, [name, args, value.pick or 0])
        raise AssertionError(f"{value} is not computed after the loop")


def sum_graph(gradients: Sequence[Deferred | None], sums: Sequence[StepSum]) -> Json:
    """Return how gradients are computed from sums over the steps: the first nodes are these sums.

    An entry ``held`` is a view of a tensor that the step reads.
    """
    write = _SumWriter()
    for total in sums:
        shape = list(total.shape)
        write.add((total, "raw"), ["sums", [], 0])
        write.add(total, ["reshape", [{"node": len(write.nodes) - 1}, shape], 0])
    outputs = [None if gradient is None else write.deferred(gradient) for gradient in gradients]
    return {"nodes": write.nodes, "outputs": outputs}
