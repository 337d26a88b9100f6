"""Rules for operators that put numbers among zeros, or pick columns by constant indices."""

from typing import Any

import numpy as np

from elman.engine.planning.language import Op
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.planning.rules.columns import first_index
from elman.engine.planning.views import Atom, Dims, Laid, flat, has_rows, sizes_of, spread
from elman.engine.tracing.recording import Node


def _without_rows(low: Lowering, node: Any, dims: Dims) -> tuple[int, tuple[int, ...]]:
    """Return which dimension counts the rows, -1 for none, and the shape with 1 in its place."""
    place = next((i for i, dim in enumerate(dims) if has_rows(dim)), -1)
    if place >= 0 and len(dims[place]) > 1:
        raise low.bad(f"{low.node.op} works on {low.spell(sizes_of(dims))}, whose first dimension holds several rows")
    return place, tuple(1 if i == place else n for i, n in enumerate(sizes_of(dims)))


def _scattered(low: Lowering, node: Node, grad: Any, place: Any) -> Laid:
    """Return a tensor of zeros with another in some of its places; ``place`` picks them from a NumPy array."""
    laid = low.laid(grad)
    like = next((dim for dim in laid.dims if has_rows(dim)), None)
    dims: list[tuple[Atom, ...]] = []
    for size in node.shape:
        rows = size % low.batch == 0 and size > 0 and like is not None
        dims.append(like if rows and like is not None else () if size == 1 else (Atom(size, 0),))
    if 0 in grad.shape:
        return Laid(low.const(0, 1, True), spread(dims, 1))
    value = low.whole(laid)
    inner = [atom.size for atom in flat(laid.dims) if atom.stride is not None]
    ids = np.full([1 if has_rows(dim) else n for dim, n in zip(dims, node.shape, strict=True)], -1)
    if like is not None and len(like) > 1:  # several rows in one dimension: each of them alike
        raise low.bad(f"{node.op} on {low.spell(grad.shape)}, whose first dimension holds several rows")
    shape = [1 if has_rows(dim) else n for dim, n in zip(laid.dims, grad.shape, strict=True)]
    numbers = np.arange(int(np.prod(inner))) if value.width > 1 else np.zeros(int(np.prod(inner)), int)
    place(ids, numbers.reshape(shape))
    return low.placed(ids, value, spread(dims, 2))


@lowers("slice_backward")
def slice_backward(low: Lowering, node: Node) -> Laid:
    """The gradient of a slice's input."""
    grad, shape, dim, start, _, step = node.args
    if tuple(grad.shape) == tuple(shape):
        return low.laid(grad)
    first = first_index(start, shape[dim])

    def place(ids: np.ndarray, numbers: np.ndarray) -> None:
        where = [slice(None)] * ids.ndim
        where[dim] = slice(first, first + step * (grad.shape[dim] - 1) + 1, step)
        ids[tuple(where)] = numbers

    return _scattered(low, node, grad, place)


@lowers("select_backward")
def select_backward(low: Lowering, node: Node) -> Laid:
    """The gradient of the input of ``select``."""
    grad, _, dim, index = node.args

    def place(ids: np.ndarray, numbers: np.ndarray) -> None:
        where: list[Any] = [slice(None)] * ids.ndim
        where[dim] = index
        ids[tuple(where)] = numbers

    return _scattered(low, node, grad, place)


@lowers("constant_pad_nd")
def constant_pad_nd(low: Lowering, node: Node) -> Laid:
    """Zeros around a tensor; negative numbers cut it."""
    source, pads = node.args[:2]
    if (node.args[2] if len(node.args) > 2 else 0) != 0:
        raise low.bad("a pad with another number than 0; pad with 0 and add")
    pairs = [(0, 0)] * (len(node.shape) - len(pads) // 2) + list(zip(pads[::2], pads[1::2], strict=True))[::-1]

    def place(ids: np.ndarray, numbers: np.ndarray) -> None:
        into, of = [], []
        for (left, right), size in zip(pairs, numbers.shape, strict=True):
            into.append(slice(max(left, 0), max(left, 0) + size + min(left, 0) + min(right, 0)))
            of.append(slice(max(-left, 0), size - max(-right, 0)))
        ids[tuple(into)] = numbers[tuple(of)]

    return _scattered(low, node, source, place)


def _indices(low: Lowering, given: Any) -> list[Any]:
    """Return the constant indices of an advanced index, None where a dimension is taken whole."""
    found: list[Any] = []
    for index in given:
        if index is not None and index.value is None:
            raise low.bad(
                f"{low.node.op} picks columns by an index computed from the state or the input; "
                "index with a constant, or weigh all columns and sum them"
            )
        found.append(index if index is None else index.value.cpu().numpy())
    return found


def _where(low: Lowering, found: list[Any], dims: Dims) -> tuple[Any, ...]:
    place, _ = _without_rows(low, low.node, dims)
    if 0 <= place < len(found) and found[place] is not None:
        raise low.bad(f"{low.node.op} picks rows of the batch")
    return tuple(slice(None) if index is None else index for index in found)


@lowers("index", "_unsafe_index")
def index(low: Lowering, node: Node) -> Laid:
    """Columns picked by constants."""
    laid = low.laid(node.args[0])
    found = _indices(low, node.args[1])
    where = _where(low, found, laid.dims)
    place, shape = _without_rows(low, node, laid.dims)
    value = low.whole(laid)
    whole = int(np.prod(shape))
    ids = (np.arange(whole) if value.width > 1 else np.zeros(whole, int)).reshape(shape)[where]
    dims: list[tuple[Atom, ...]] = [() if n == 1 else (Atom(n, 0),) for n in ids.shape]
    if place >= 0:
        rows = next((i for i, n in enumerate(node.shape) if n == low.batch), -1)
        if rows < 0:
            raise low.bad(f"{node.op} picks rows of the batch")
        dims[rows] = (Atom(low.batch, None),)
    return Laid(low.values.gather(value, ids.ravel().tolist()), spread(dims, ids.size))


@lowers("index_put", "_unsafe_index_put")
def index_put(low: Lowering, node: Node) -> Laid:
    """The gradient of ``index``: values added to zeros at constant places."""
    base, given, grad = node.args[:3]
    zero = low.laid(base).value
    if getattr(zero, "number", None) != 0:
        raise low.bad(f"{node.op} into a tensor that is not zero; use torch.where")
    found, dims = _indices(low, given), low.laid(base).dims
    where = _where(low, found, dims)
    place, shape = _without_rows(low, node, dims)
    whole = int(np.prod(shape))
    laid = low.laid(grad)
    value = low.whole(laid)
    into = np.arange(whole).reshape(shape)[where].ravel()
    sources: list[list[int]] = [[] for _ in range(whole)]
    for i, j in enumerate(into):
        sources[j].append(i if value.width > 1 else 0)
    most = max(map(len, sources), default=0)
    sizes: Dims = tuple(
        (Atom(low.batch, None),) if i == place else (() if n == 1 else (Atom(n, 0),)) for i, n in enumerate(shape)
    )
    layers = np.array([[s[k] if k < len(s) else -1 for s in sources] for k in range(max(most, 1))])
    total = None
    for layer in layers:
        part = low.placed(layer, value, sizes)
        one = low.wide(low.whole(part), whole)
        total = one if total is None else low.values.pointwise(Op.ADD, total, one)
    assert total is not None
    return Laid(total, spread(sizes, whole))


@lowers("index_select")
def index_select(low: Lowering, node: Node) -> Laid:
    """Constant indices of one dimension."""
    source, dim, chosen = node.args
    node.args = source, [*([None] * (dim % len(source.shape))), chosen]
    return index(low, node)
