"""From recorded operators to the engine's own language."""

from math import prod
from typing import Any

from elman.engine.planning.columns import Lowering
from elman.engine.planning.language import Deferred, Matrix, Value
from elman.engine.tracing.recording import reached, swap
from elman.engine.tracing.trace import Trace
from elman.engine.unsupported import Unsupported

__all__ = ["Lowered", "lower", "run_deferred"]


class Lowered:
    """Values of one step: what goes in, what comes out."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.new_states: list[Value] = []
        self.gradients: list[Any] = []  # Value, Deferred or None; of drives, states, thetas


def lower(trace: Trace) -> Lowered:
    """Translate a trace.

    Raises:
        Unsupported: naming the operator, and the line of ``step`` it came from.
    """
    work, low = Lowering(trace), Lowered(trace)
    tangents = set(trace.tangents)
    for kind, nodes in (("drive", trace.drives), ("state", trace.states), ("tangent", trace.tangents)):
        for index, node in enumerate(nodes):
            work.forward = kind != "tangent"
            work.env[node] = work.make(kind, (), prod(node.shape[1:]), True, index)
    work.forward = True
    for index, node in enumerate(trace.theta_inputs):
        if len([size for size in node.shape if size != 1]) > 1:
            if len(node.shape) != 2:
                raise Unsupported(
                    f"a parameter of shape {list(node.shape)} is used whole; only vectors and matrices are"
                )
            work.env[node] = Matrix(index, False, *node.shape)
        else:
            work.env[node] = work.make("theta", (), prod(node.shape), False, index)
    needed = reached(n for n in (*trace.new_states, *trace.gradients) if n is not None)
    for place, node in enumerate(trace.nodes):
        work.forward = place < trace.boundary
        if node in needed and node not in work.env and node not in tangents:
            work.env[node] = work.visit(node)
    for node, shape in zip(trace.new_states, trace.state_shapes, strict=True):
        work.node = node
        low.new_states.append(work.wide(work.env[node], prod(shape)))
    work.forward = False
    for node, start in zip(trace.gradients, (*trace.drives, *trace.states, *trace.theta_inputs), strict=True):
        value = None if node is None else work.env[node]
        if isinstance(value, Value) and not isinstance(work.env[start], Matrix) and start not in trace.theta_inputs:
            value = work.wide(value, work.env[start].width)
        elif value is not None and not isinstance(value, Deferred):
            raise Unsupported("a parameter's gradient is not a sum over the rows")
        low.gradients.append(value)
    return low


def run_deferred(value: Deferred, roots: dict[Deferred, Any], thetas: list[Any], done: dict[Any, Any]) -> Any:
    """Compute a parameter's gradient from the sums over all steps."""
    if value in roots:
        return roots[value]
    if value.op == "view" and value.args[0] in roots:
        root = roots[value.args[0]]
        return root if root.shape == value.shape else root.reshape(value.shape)
    if value not in done:

        def leaf(arg: Any) -> Any:
            if isinstance(arg, Deferred):
                return run_deferred(arg, roots, thetas, done)
            if isinstance(arg, Value):
                return thetas[arg.attr] if arg.op == "theta" else arg.attr
            if isinstance(arg, Matrix):
                return thetas[arg.index].t() if arg.transposed else thetas[arg.index]
            return arg

        if value.op == "view":
            done[value] = leaf(value.args[0]).reshape(value.shape)
        elif value.op == "total":
            done[value] = leaf(value.args[0]).sum()
        else:
            args, kwargs = swap(value.args, leaf)
            out = value.node.func(*args, **kwargs)
            done[value] = out if value.node.pick is None else out[value.node.pick]
    return done[value]
