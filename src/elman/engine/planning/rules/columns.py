"""Rules for operators that slice or concatenate columns."""

from math import prod
from typing import Any

from elman.engine.planning.language import Value
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.tracing.recording import Node


def _unit(low: Lowering, shape: tuple[int, ...], dim: int) -> int:
    """Check that an operator acts along the columns; return the number of columns per index of ``dim``."""
    dim %= len(shape)
    rows = 1 if shape[0] == low.batch else 0
    if dim < rows or prod(shape[rows:dim]) != 1:
        raise low.bad(f"{low.node.op} along dimension {dim} of {low.spell(shape)}: only along the columns")
    return prod(shape[dim + 1 :])


def _dim(node: Node, place: int) -> int:
    return node.args[place] if len(node.args) > place else node.kwargs.get("dim", 0)


def _first(start: int | None, size: int) -> int:
    """Return where a slice of ``size`` columns begins; negative indices count from the end."""
    start = start or 0
    return min(max(start + size if start < 0 else start, 0), size)


@lowers("cat")
def cat(low: Lowering, node: Node) -> Value:
    """The concatenation of columns."""
    _unit(low, node.shape, _dim(node, 1))
    return low.cat([low.row(part) for part in node.args[0]])


@lowers("split_with_sizes")
def split_with_sizes(low: Lowering, node: Node) -> Value:
    """One of several parts."""
    source, sizes = node.args[:2]
    unit = _unit(low, source.shape, _dim(node, 2))
    return low.values.slice(low.row(source), sum(sizes[: node.pick]) * unit, sizes[node.pick] * unit)


@lowers("split")
def split(low: Lowering, node: Node) -> Value:
    """One of several parts of the same size; the last may be shorter."""
    source, size = node.args[:2]
    dim = _dim(node, 2)
    unit = _unit(low, source.shape, dim)
    assert node.pick is not None
    return low.values.slice(low.row(source), size * node.pick * unit, node.shape[dim] * unit)


@lowers("unbind")
def unbind(low: Lowering, node: Node) -> Value:
    """One index of a dimension, as one of several results."""
    source = node.args[0]
    unit = _unit(low, source.shape, _dim(node, 1))
    assert node.pick is not None
    return low.values.slice(low.row(source), node.pick * unit, unit)


@lowers("select")
def select(low: Lowering, node: Node) -> Value:
    """One index of a dimension."""
    source, dim, index = node.args
    unit = _unit(low, source.shape, dim)
    return low.values.slice(low.row(source), index % source.shape[dim] * unit, unit)


@lowers("slice")
def sliced(low: Lowering, node: Node) -> Value:
    """Some indices of a dimension."""
    given: list[Any] = [*node.args, *(0, 0, None, 1)[len(node.args) - 1 :]]
    source, dim, start, _, step = given[:5]
    value = low.row(source)
    if node.shape == source.shape:
        return value
    if step != 1:
        raise low.bad(f"slice with a step of {step}")
    unit = _unit(low, source.shape, dim)
    return low.values.slice(value, _first(start, source.shape[dim]) * unit, node.shape[dim] * unit)


@lowers("slice_backward")
def slice_backward(low: Lowering, node: Node) -> Value:
    """The gradient of a slice's input."""
    grad, shape, dim, start, _, step = node.args
    if tuple(grad.shape) == tuple(shape):
        return low.row(grad)
    if step != 1:
        raise low.bad(f"slice with a step of {step}")
    return _pad(low, node, low.row(grad), _first(start, shape[dim]) * _unit(low, node.shape, dim))


@lowers("select_backward")
def select_backward(low: Lowering, node: Node) -> Value:
    """The gradient of the input of ``select``."""
    grad, shape, dim, index = node.args
    return _pad(low, node, low.row(grad), index % shape[dim] * _unit(low, node.shape, dim))


def _pad(low: Lowering, node: Node, value: Value, before: int) -> Value:
    rows, width = low.extent(node.shape)
    after = width - before - value.width
    if after < 0:
        raise low.bad(f"{node.op} past the end of {low.spell(node.shape)}")
    return low.cat([low.const(0, before, rows), value, low.const(0, after, rows)])
