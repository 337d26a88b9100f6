"""Rules for sums and maxima: over columns in the step, over all rows after the loop."""

from math import prod

from elman.engine.planning.deferred import Deferred, RowSum, Total, View
from elman.engine.planning.language import Op, Reduction, Value
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.tracing.recording import Node


@lowers("sum")
def summed(low: Lowering, node: Node) -> Value | Deferred:
    """A sum over all columns, or over all rows."""
    shape = node.args[0].shape
    dims = _dims(low, node)
    if not (low.row(node.args[0]).rows and dims and dims[0] == 0):
        return _over_columns(low, node, Reduction.SUM)
    if len(dims) > 1 and dims != list(range(len(shape))):
        raise low.bad(f"{node.op} over some dimensions of {low.spell(shape)}")
    _, width = low.extent(shape)
    total: Deferred = RowSum((width,), (low.wide(low.row(node.args[0]), width),))
    if len(dims) > 1:
        total = Total((), total)
    return View(node.shape, total)


@lowers("mean")
def mean(low: Lowering, node: Node) -> Value:
    """The sum over all columns, divided by their number."""
    count = prod(node.args[0].shape) / prod(node.shape)
    return low.call(Op.MUL, _over_columns(low, node, Reduction.SUM), low.const(1 / count))


@lowers("amax")
def amax(low: Lowering, node: Node) -> Value:
    """The largest column."""
    return _over_columns(low, node, Reduction.AMAX)


def _dims(low: Lowering, node: Node) -> list[int]:
    """Return the dimensions that are reduced, in order."""
    shape = node.args[0].shape
    if not prod(shape):
        raise low.bad(f"{node.op} of no columns")
    dims = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
    return sorted(d % len(shape) for d in dims) if dims else list(range(len(shape)))


def _over_columns(low: Lowering, node: Node, how: Reduction) -> Value:
    value, shape, dims = low.row(node.args[0]), node.args[0].shape, _dims(low, node)
    if value.rows and dims and dims[0] == 0:
        raise low.bad(f"{node.op} over the rows of the batch")
    if not dims or prod(shape[d] for d in dims) == 1:
        return low.number(value)
    if any(d not in dims and shape[d] != 1 for d in range(1 if value.rows else 0, len(shape))):
        raise low.bad(f"{node.op} over some dimensions of {low.spell(shape)}")
    _, width = low.extent(shape)
    return low.values.reduce(how, low.wide(value, width))
