"""Rules for sums, maxima and cumulative sums: over columns in the step, over all rows after the loop."""

from math import prod

import torch

from elman.engine.planning.deferred import Applied, Deferred, RowSum, Total, View
from elman.engine.planning.language import Op, Reduction, Value
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.planning.views import Atom, Dims, Laid, flat, has_rows, merged, sizes_of, spread
from elman.engine.tracing.recording import Node


@lowers("sum")
def summed(low: Lowering, node: Node) -> Laid | Deferred:
    """A sum over columns, or over all rows and perhaps columns."""
    laid, dims = low.laid(node.args[0]), _dims(low, node)
    if not any(has_rows(laid.dims[d]) for d in dims):
        return _over_columns(low, node, Reduction.SUM)
    width = prod(atom.size for atom in flat(laid.dims) if atom.stride is not None)
    total: Deferred = RowSum((width,), (low.wide(low.whole(laid), width),))
    rest = [prod(a.size for a in dim if a.stride is not None) for dim in laid.dims]
    over = [d for d in dims if rest[d] != 1]
    if not over:
        return View(node.shape, total)
    if all(n == 1 or d in over for d, n in enumerate(rest)):
        return View(node.shape, Total((), total))
    left = tuple(1 if d in over else n for d, n in enumerate(rest))
    return View(node.shape, Applied(left, torch.sum, None, (View(tuple(rest), total), over), {"keepdim": True}))


@lowers("mean")
def mean(low: Lowering, node: Node) -> Laid:
    """The sum over columns, divided by their number."""
    count = prod(node.args[0].shape) / prod(node.shape)
    total = _over_columns(low, node, Reduction.SUM)
    return Laid(low.call(Op.MUL, total.value, low.const(1 / count)), total.dims)


@lowers("amax", "amin")
def extreme(low: Lowering, node: Node) -> Laid:
    """The largest or the smallest of some columns."""
    return _over_columns(low, node, Reduction(node.op))


def _dims(low: Lowering, node: Node) -> list[int]:
    """Return the dimensions that are reduced, in order."""
    shape = node.args[0].shape
    if not prod(shape):
        raise low.bad(f"{node.op} of no columns")
    dims = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
    dims = [dims] if isinstance(dims, int) else dims
    return sorted(d % len(shape) for d in dims) if dims else list(range(len(shape)))


def _over_columns(low: Lowering, node: Node, how: Reduction) -> Laid:
    laid, over = low.laid(node.args[0]), _dims(low, node)
    if any(has_rows(laid.dims[d]) for d in over):
        raise low.bad(f"{node.op} over the rows of the batch, which a step must not mix; give dim, such as dim=-1")
    keepdim = len(node.shape) == len(laid.dims)
    kept: Dims = tuple(dim if d not in over else () for d, dim in enumerate(laid.dims))
    value = _reduced(low, how, laid, over)
    dims = spread(kept, value.width)
    return Laid(value, dims if keepdim else tuple(dim for d, dim in enumerate(dims) if d not in over))


def _reduced(low: Lowering, how: Reduction, laid: Laid, over: list[int]) -> Value:
    """Return the reduction of some dimensions, the others in order."""
    kept = [a for d, dim in enumerate(laid.dims) for a in dim if d not in over and a.stride is not None]
    gone = [a for d in over for a in laid.dims[d]]
    count = prod(atom.size for atom in gone)
    if count == 1:
        return low.number(low.whole(laid))
    if not kept:
        return low.values.reduce(how, low.wide(low.whole(laid), count))
    same = prod(atom.size for atom in gone if not atom.stride) if laid.value.width > 1 else count
    gone = [atom for atom in gone if atom.stride] if laid.value.width > 1 else []
    if not gone:  # each number as often as it was repeated
        value = low.number(low.pick(laid.value, kept, laid.offset))
        return low.call(Op.MUL, value, low.const(same)) if how is Reduction.SUM else value
    once = low.number(low.pick(laid.value, kept, laid.offset))
    if once.width == 1 and prod(atom.size for atom in kept) > 1:  # all groups are alike
        value = low.values.reduce(how, low.wide(low.pick(laid.value, gone, laid.offset), prod(a.size for a in gone)))
    else:
        value = _grouped(low, how, laid, over, kept, gone)
    return low.call(Op.MUL, value, low.const(same)) if how is Reduction.SUM and same > 1 else value


def _grouped(low: Lowering, how: Reduction, laid: Laid, over: list[int], kept: list[Atom], gone: list[Atom]) -> Value:
    count = prod(atom.size for atom in gone)
    marks = [(a, d in over) for d, dim in enumerate(laid.dims) for a in dim if a.stride is not None and
             (d not in over or a.stride)]  # fmt: skip
    reduces = [mark for _, mark in marks]
    first, last = reduces.index(True), len(reduces) - reduces[::-1].index(True)
    if all(reduces[first:last]) and len(merged([a for a, _ in marks])) == 1:
        inner = prod(a.size for a, _ in marks[last:])
        return low.values.reduce(
            how, low.number(low.pick(laid.value, [a for a, _ in marks], laid.offset)), count, inner
        )
    return low.values.reduce(how, low.number(low.pick(laid.value, [*kept, *gone], laid.offset)), count)


@lowers("cumsum", "cummax")
def cumulative(low: Lowering, node: Node) -> Laid:
    """Cumulative sums or maxima along a dimension."""
    source, dim = node.args[:2]
    laid = low.laid(source)
    dim %= max(len(laid.dims), 1)
    if not laid.dims or not laid.dims[dim]:
        return Laid(low.const(0), spread(laid.dims, 1)) if node.pick == 1 else laid
    if has_rows(laid.dims[dim]):
        raise low.bad(f"{node.op} over the rows of the batch, which a step must not mix")
    order = [*(d for d in range(len(laid.dims)) if d != dim), dim]
    turned: Dims = tuple(laid.dims[d] for d in order)
    width, count = prod(a.size for a in flat(turned) if a.stride is not None), sizes_of(laid.dims)[dim]
    value = low.wide(low.pick(laid.value, flat(turned), laid.offset), width)
    result = low.values.scan(Reduction.SUM if node.op == "cumsum" else Reduction.AMAX, value, count)
    if node.pick == 1:  # the place of each maximum
        places = low.values.numbers([*range(count)] * (width // count))
        here = low.call(Op.SELECT, low.call(Op.EQ, value, result), places, low.const(0))
        result = low.values.scan(Reduction.AMAX, here, count)
    dims = spread(turned, 2)
    return Laid(result, tuple(dims[order.index(d)] for d in range(len(order))))
