"""Rules for operators that pick, join or rearrange columns; which ones is known when the step is traced."""

from typing import Any

import numpy as np

from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.planning.views import Atom, Laid, flat, has_rows, sizes_of, spread
from elman.engine.tracing.recording import Node

__all__ = ["first_index"]


def _dim(node: Node, place: int) -> int:
    return node.args[place] if len(node.args) > place else node.kwargs.get("dim", 0)


def _along(low: Lowering, source: Any, dim: int) -> tuple[Laid, int]:
    """Return a tensor whose dimension ``dim`` is a single factor of columns, and the dimension counted from 0."""
    laid = low.laid(source)
    dim %= len(laid.dims)
    if has_rows(laid.dims[dim]):
        raise low.bad(f"{low.node.op} along the rows of the batch, dimension {dim} of {low.spell(source.shape)}")
    return (laid if len(laid.dims[dim]) <= 1 else low.in_order(laid)), dim


def first_index(start: int | None, size: int) -> int:
    """Return where a slice of ``size`` columns begins; negative indices count from the end."""
    start = start or 0
    return min(max(start + size if start < 0 else start, 0), size)


def _part(low: Lowering, source: Any, dim: int, start: int, count: int, step: int = 1, drop: bool = False) -> Laid:
    """Return some indices of a dimension; ``drop`` removes the dimension."""
    laid = low.laid(source)
    dim %= len(laid.dims)
    if has_rows(laid.dims[dim]) and laid.dims[dim][0].stride is not None:  # of batches one after the other, some
        (first, *rest), inner = laid.dims[dim], int(np.prod([a.size for a in laid.dims[dim][1:]]))
        if step == 1 and start % inner == count % inner == 0:
            times = (Atom(count // inner, first.stride),) if count > inner else ()
            dims = (*laid.dims[:dim], (*times, *rest), *laid.dims[dim + 1 :])
            return Laid(laid.value, dims, laid.offset + start // inner * (first.stride or 0))
    laid, dim = _along(low, source, dim)
    stride = laid.dims[dim][0].stride or 0 if laid.dims[dim] else 0
    kept: tuple[tuple[Atom, ...], ...] = () if drop else (() if count == 1 else (Atom(count, stride * step),),)
    return Laid(laid.value, (*laid.dims[:dim], *kept, *laid.dims[dim + 1 :]), laid.offset + start * stride)


@lowers("cat")
def cat(low: Lowering, node: Node) -> Laid:
    """The concatenation along a dimension."""
    parts = [part for part in node.args[0] if 0 not in part.shape]
    dim = _dim(node, 1) % len(node.shape)
    laids = [low.laid(part) for part in parts]
    like = max(laids, key=lambda laid: (has_rows(flat(laid.dims)), len(flat(laid.dims))))
    if any(has_rows(laid.dims[dim]) for laid in laids):
        return _stacked(low, node, laids, dim)
    size = node.shape[dim]
    dims = (*like.dims[:dim], (Atom(size, 0),) if size != 1 else (), *like.dims[dim + 1 :])
    values, arrays, width = [], [], 0
    for laid in laids:
        if [has_rows(a) for a in laid.dims] != [has_rows(a) for a in dims] and has_rows(flat(laid.dims)):
            raise low.bad(f"cat of tensors whose rows are in different dimensions: {low.spell(node.shape)}")
        sizes = [
            atom.size for place, one in enumerate(dims) if place != dim for atom in one if atom.stride is not None
        ]
        before = len([a for one in dims[:dim] for a in one if a.stride is not None])
        sizes.insert(before, sizes_of(laid.dims)[dim])
        count = int(np.prod(sizes))
        value = low.wide(low.whole(laid), count) if not low.whole(laid).boolean else low.whole(laid)
        values.append(value)
        arrays.append(width + (np.arange(count) if value.width == count else np.zeros(count, int)).reshape(sizes))
        width += value.width
    before = len([a for one in dims[:dim] for a in one if a.stride is not None])
    if not values:
        raise low.bad("cat of no columns")
    ids = np.concatenate(arrays, before)
    value = low.cat(values)
    return Laid(low.values.gather(value, ids.ravel().tolist()), spread(dims, ids.size))


def _stacked(low: Lowering, node: Node, laids: list[Laid], dim: int) -> Laid:
    """Batches one after the other: a factor that counts them, before the one that counts rows."""
    sizes = [[(atom.size, atom.stride is None) for one in laid.dims for atom in one] for laid in laids]
    if any(one != sizes[0] for one in sizes):
        raise low.bad(f"cat along the rows of the batch, dimension {dim} of {low.spell(node.shape)}")
    dims = laids[0].dims
    count = int(np.prod([size for size, rows in sizes[0] if not rows]))
    values = [low.wide(low.whole(laid), count) for laid in laids]
    form = [size for size, rows in sizes[0] if not rows]
    before = len([a for one in dims[:dim] for a in one if a.stride is not None])
    ids = np.stack([i * count + np.arange(count).reshape(form) for i in range(len(laids))], before)
    dims = (*dims[:dim], (Atom(len(laids), 0), *dims[dim]), *dims[dim + 1 :])
    return Laid(low.values.gather(low.cat(values), ids.ravel().tolist()), spread(dims, ids.size))


@lowers("split_with_sizes")
def split_with_sizes(low: Lowering, node: Node) -> Laid:
    """One of several parts."""
    source, sizes = node.args[:2]
    assert node.pick is not None
    return _part(low, source, _dim(node, 2), sum(sizes[: node.pick]), sizes[node.pick])


@lowers("split")
def split(low: Lowering, node: Node) -> Laid:
    """One of several parts of the same size; the last may be shorter."""
    source, size = node.args[:2]
    dim = _dim(node, 2)
    assert node.pick is not None
    return _part(low, source, dim, size * node.pick, node.shape[dim])


@lowers("unbind")
def unbind(low: Lowering, node: Node) -> Laid:
    """One index of a dimension, as one of several results."""
    assert node.pick is not None
    return _part(low, node.args[0], _dim(node, 1), node.pick, 1, drop=True)


@lowers("select")
def select(low: Lowering, node: Node) -> Laid:
    """One index of a dimension."""
    source, dim, index = node.args
    return _part(low, source, dim, index % source.shape[dim], 1, drop=True)


@lowers("slice")
def sliced(low: Lowering, node: Node) -> Laid:
    """Some indices of a dimension."""
    given: list[Any] = [*node.args, *(0, 0, None, 1)[len(node.args) - 1 :]]
    source, dim, start, _, step = given[:5]
    if node.shape == source.shape:
        return low.laid(source)
    return _part(low, source, dim, first_index(start, source.shape[dim]), node.shape[dim], step)


@lowers("narrow")
def narrow(low: Lowering, node: Node) -> Laid:
    """Some neighbouring indices of a dimension."""
    source, dim, start, count = node.args
    return _part(low, source, dim, start % source.shape[dim], count)


@lowers("flip")
def flip(low: Lowering, node: Node) -> Laid:
    """Dimensions in reverse order."""
    laid = low.laid(node.args[0])
    for dim in node.args[1]:
        source = laid
        dim %= len(source.dims)
        if has_rows(source.dims[dim]):
            raise low.bad(f"flip along the rows of the batch, dimension {dim} of {low.spell(node.shape)}")
        offset = source.offset + sum((a.size - 1) * (a.stride or 0) for a in source.dims[dim])
        turned = tuple(Atom(a.size, -(a.stride or 0)) for a in source.dims[dim])
        laid = Laid(source.value, (*source.dims[:dim], turned, *source.dims[dim + 1 :]), offset)
    return laid
