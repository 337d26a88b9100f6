"""Rules for operators that fill a tensor with a number, or change its shape."""

import torch

from elman.engine.planning.language import Op, Value
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.planning.views import Atom, Dims, Laid, flat, has_rows, regrouped, spread
from elman.engine.tracing.recording import Node

__all__ = ["SAME"]

SAME = (
    "clone", "detach", "alias", "view", "_unsafe_view", "reshape", "_reshape_alias", "unsqueeze", "squeeze",
    "expand", "expand_copy", "contiguous", "lift_fresh", "lift_fresh_copy",
)  # fmt: skip

FILLS = {"zeros": 0, "ones": 1, "zeros_like": 0, "ones_like": 1, "new_zeros": 0, "new_ones": 1}
LARGEST = 1 << 16  # numbers of a constant


@lowers(*FILLS, "full", "full_like", "new_full", "scalar_tensor")
def full(low: Lowering, node: Node) -> Laid:
    """The same number everywhere."""
    number = FILLS.get(node.op)
    if number is None:
        number = node.args[0] if node.op == "scalar_tensor" else node.args[-1]
    dims = low.broadcast(node) if node.op.endswith("_like") else _dims_beside(low, node)
    number = torch.tensor(number, dtype=node.dtype).item()
    width = 1
    for atom in flat(dims):
        width *= 1 if atom.stride is None else atom.size
    value: Value = low.const(number, width, has_rows(flat(dims)))
    return Laid(low.call(Op.NE, value, low.const(0)) if node.dtype == torch.bool else value, spread(dims, width))


def _dims_beside(low: Lowering, node: Node) -> Dims:
    """Return the dimensions of a new tensor; one may hold the rows of the batch several times."""
    shape = node.shape
    if any(size % low.batch == 0 and size > low.batch for size in shape):
        # as many rows as the tensor that it is made beside
        for read in node.inputs():
            own = low.laid(read).dims
            for place, size in enumerate(shape):
                dim = next((d for d in own if has_rows(d)), ())
                total = 1
                for atom in dim:
                    total *= atom.size
                if size == total:
                    rest = [() if n == 1 else (Atom(n, 0),) for n in shape]
                    return spread([dim if i == place else one for i, one in enumerate(rest)], 2)
        raise low.bad(f"{node.op} makes {low.spell(shape)}, whose rows are not those of the batch")
    return low.dims_of(shape)


@lowers("constant", "arange")
def constant(low: Lowering, node: Node) -> Laid:
    """A tensor that ``step`` creates from numbers."""
    made = node.value if node.value is not None else node.func(*node.args, **node.kwargs)
    if low.batch in made.shape:
        raise low.bad(f"{node.op} makes a tensor whose size is the number of rows")
    if made.numel() > LARGEST:
        raise low.bad(f"a constant of {made.numel()} numbers; use register_buffer")
    dims = low.dims_of(made.shape)
    value: Value = low.const(made.item()) if made.numel() == 1 else low.values.numbers(made.flatten().tolist())
    if made.dtype == torch.bool:
        value = low.call(Op.NE, value, low.const(0))
    return Laid(value, spread(dims, value.width))


@lowers(*SAME)
def same(low: Lowering, node: Node) -> Laid:
    """The same numbers, possibly in another shape."""
    source = node.args[0]
    laid = low.laid(source)
    if node.shape == source.shape:
        return laid
    if node.op.startswith("expand"):
        return _expanded(low, node, laid)
    dims = regrouped(flat(laid.dims), node.shape)
    if dims is None:
        laid = low.in_order(laid)
        dims = regrouped(flat(laid.dims), node.shape)
    if dims is None:
        raise low.bad(
            f"{node.op} turns {low.spell(source.shape)} into {low.spell(node.shape)}, "
            "which mixes the rows of the batch"
        )
    return Laid(laid.value, dims, laid.offset)


def _expanded(low: Lowering, node: Node, laid: Laid) -> Laid:
    """Repeat numbers along a dimension."""
    dims: list[tuple[Atom, ...]] = []
    missing = len(node.shape) - len(laid.dims)
    for place, size in enumerate(node.shape):
        own = laid.dims[place - missing] if place >= missing else ()
        if own or size == 1:
            dims.append(own)
        else:
            dims.append((Atom(size, None if size == low.batch else 0),))
    if sum(has_rows(dim) for dim in dims) > 1:
        raise low.bad(f"{node.op} combines each row of the batch with every other: {low.spell(node.shape)}")
    value = laid.value
    if has_rows(flat(dims)) and not value.rows:
        value = low.call(Op.MUL, value, low.const(1.0, 1, True))
    return Laid(value, tuple(dims), laid.offset)


@lowers("t", "permute", "transpose", "numpy_T")
def transpose(low: Lowering, node: Node) -> Laid:
    """The same numbers, with dimensions in another order."""
    laid = low.laid(node.args[0])
    count = len(laid.dims)
    order = list(range(count))
    if node.op == "permute":
        order = [d % count for d in node.args[1]]
    elif node.op == "transpose":
        a, b = (d % count for d in node.args[1:3])
        order[a], order[b] = b, a
    else:
        order.reverse()
    return Laid(laid.value, tuple(laid.dims[d] for d in order), laid.offset)
