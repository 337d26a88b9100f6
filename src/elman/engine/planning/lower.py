"""Translate a trace to the engine's intermediate language."""

from functools import partial
from math import prod

import torch

from elman.engine.planning.advice import instead
from elman.engine.planning.deferred import Deferred
from elman.engine.planning.language import Op, Value
from elman.engine.planning.lowering import RULES, Lowering, Meaning
from elman.engine.planning.rules.linear import LINEAR, linear
from elman.engine.planning.rules.shapes import SAME
from elman.engine.planning.step import Step
from elman.engine.planning.views import Laid, spread
from elman.engine.tracing.recording import Node, reached
from elman.engine.tracing.trace import Trace
from elman.engine.unsupported import Unsupported

__all__ = ["KNOWN", "lower"]

GROWING = frozenset(["mul", "pow", "square", "bitwise_and", "bitwise_or", "bitwise_not", "sum", "cumsum"])
#: PyTorch's operators that a trace may contain; all others are decomposed into these.
KNOWN = LINEAR.union(RULES)


def lower(trace: Trace, meanings: dict[Node, Meaning] | None = None) -> Step:
    """Translate a trace.

    Args:
        trace: the trace.
        meanings: receives the translation of each recorded tensor, if given.

    Raises:
        Unsupported: if an operator cannot be translated; names the operator and its line of ``step``.
    """
    low = Lowering(trace.batch, trace.dtype)
    widths = [prod(shape) for shape in trace.state_shapes]
    drives = tuple(low.values.input("drive", prod(shape), i) for i, shape in enumerate(trace.drive_shapes))
    states = tuple(low.values.input("state", width, i) for i, width in enumerate(widths))
    tangents = tuple(low.values.input("tangent", width, i) for i, width in enumerate(widths))
    grad_out = low.values.input("grad_out", widths[0])
    # the first field is also the output, so its gradient is the sum of both gradients
    flowing = (low.values.pointwise(Op.ADD, tangents[0], grad_out), *tangents[1:])
    for nodes, values in ((trace.drives, drives), (trace.states, states), (trace.tangents, flowing)):
        for node, value in zip(nodes, values, strict=True):
            low.env[node] = Laid(value, spread(low.dims_of(node.shape), 2))
    for node, value in zip(trace.states, states, strict=True):
        if node.dtype == torch.bool:
            truth = low.values.pointwise(Op.NE, value, low.const(0))
            low.env[node] = Laid(truth, spread(low.dims_of(node.shape), 2))
    for index, node in enumerate(trace.theta_inputs):
        theta = low.values.theta(prod(node.shape), index)
        low.env[node] = Laid(theta, spread(low.dims_of(node.shape), 2))
    needed = reached(n for n in (*trace.new_states, *trace.gradients) if n is not None)
    for node in trace.nodes:
        if node in needed and node not in low.env:
            low.env[node] = _meaning(low, node)
    if meanings is not None:
        meanings.update(low.env)
    d, s = len(drives), len(states)
    return Step(
        drives,
        states,
        tangents,
        grad_out,
        tuple(map(partial(_row, low), trace.new_states, widths)),
        tuple(map(partial(_gradient, low), trace.gradients[:d], (drive.width for drive in drives))),
        tuple(map(partial(_gradient, low), trace.gradients[d : d + s], widths)),
        tuple(map(partial(_sum, low), trace.gradients[d + s :])),
    )


def _meaning(low: Lowering, node: Node) -> Meaning:
    """Translate one recorded operator."""
    low.node = node
    if any(isinstance(low.env[n], Deferred) for n in node.inputs()):
        return linear(low, node)
    rule = RULES.get(node.op)
    if rule is None:
        raise low.bad(f"{node.op} is not an operator the engine knows; {instead(node.op)}")
    if node.dtype.is_complex:
        raise low.bad(f"{node.op} computes with complex numbers; write real and imaginary parts as two real tensors")
    if 0 in node.shape and not rule.elementwise:
        return Laid(low.const(0, 0, True), low.dims_of(node.shape))
    if rule.elementwise:
        low.dims = low.broadcast(node)
        value = rule.read(low, node)
        out: Meaning = Laid(value, spread(low.dims, value.width))
    else:
        out = rule.read(low, node)
    if isinstance(out, Laid) and node.dtype == torch.bool and not out.value.boolean:
        raise low.bad(f"{node.op} converts numbers to truth values; compare them with 0")
    whole = any(read.dtype == torch.int64 for read in node.inputs())
    if whole and node.dtype == torch.int64 and node.op in GROWING:
        raise low.bad(f"{node.op} of whole numbers, which may grow too large to be exact; compute with .to(h.dtype)")
    if isinstance(out, Laid) and not _exact(low, node):
        raise low.bad(f"{node.op} computes in {node.dtype}, not in {low.dtype}")
    return out


def _exact(low: Lowering, node: Node) -> bool:
    """Return whether the engine, which computes in one dtype, represents a node's numbers exactly."""
    before = [read.dtype for read in node.inputs()]
    if not before or node.dtype in (low.dtype, torch.bool) or node.op == "cummax":
        return True
    if node.dtype in before and (node.op == "where" or node.op in SAME):
        return True
    return node.dtype == torch.int64 and not any(kind.is_floating_point for kind in before)


def _row(low: Lowering, node: Node, width: int) -> Value:
    """Return a new state field."""
    laid = low.env[node]
    if not isinstance(laid, Laid):
        raise Unsupported("a state field, or the gradient of one or of a drive, is not computed row by row")
    low.node = node
    return low.wide(low.whole(laid), width)


def _gradient(low: Lowering, node: Node | None, width: int) -> Value | None:
    """Return the gradient of a drive or a state field, or None."""
    return None if node is None else _row(low, node, width)


def _sum(low: Lowering, node: Node | None) -> Deferred | None:
    """Return the gradient of a parameter, or None."""
    gradient = None if node is None else low.env[node]
    if gradient is not None and not isinstance(gradient, Deferred):
        raise Unsupported("a parameter's gradient is not a sum over the rows")
    return gradient
