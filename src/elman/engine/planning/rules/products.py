"""Rules for matrix products: with parameters, between rows of the batch, and over all rows after the loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from elman.engine.planning.deferred import Outer
from elman.engine.planning.language import Matrix, Op, Theta, Value
from elman.engine.planning.lowering import Lowering, Meaning, lowers
from elman.engine.planning.views import Atom, Laid, flat, has_rows, merged, regrouped, spread
from elman.engine.tracing.recording import Node

Atoms = Sequence[Atom]


@dataclass
class Factor:
    """A factor of a product ``[g, i, k] [g, k, j]``: its value, and the factors of its dimensions."""

    laid: Laid
    g: Atoms
    own: Atoms  # i or j
    k: Atoms

    @property
    def value(self) -> Value:
        """The value that it is a view of."""
        return self.laid.value

    def pick(self, low: Lowering, *order: Atoms) -> Value:
        """Return its numbers in an order, all of them."""
        atoms = [atom for part in order for atom in part]
        return low.wide(low.pick(self.value, atoms, self.laid.offset), size(atoms))


def size(atoms: Atoms) -> int:
    """Return how many numbers these factors count in a row."""
    return prod(atom.size for atom in atoms if atom.stride is not None)


@lowers("mm", "addmm")
def product(low: Lowering, node: Node) -> Meaning:
    """A product of two matrices, perhaps added to a bias."""
    *bias, left, right = node.args
    out = _product(low, node, left, right, 0)
    if not bias:
        return out
    if node.kwargs or not isinstance(out, Laid):
        raise low.bad("addmm with factors")
    return _added(low, out, bias[0])


@lowers("bmm")
def batched_product(low: Lowering, node: Node) -> Meaning:
    """Products of matrices, one for each index of the first dimension."""
    return _product(low, node, node.args[0], node.args[1], 1)


def _added(low: Lowering, out: Laid, bias: Node) -> Laid:
    low.dims = out.dims
    value = low.call(Op.ADD, low.whole(out), low.row(bias))
    return Laid(value, spread(out.dims, value.width))


def _product(low: Lowering, node: Node, left: Node, right: Node, stacked: int) -> Meaning:
    if 0 in (*left.shape, *right.shape):
        raise low.bad(f"{node.op} of no columns")
    laids = low.laid(left), low.laid(right)
    dims = [laid.dims for laid in laids]
    a = Factor(laids[0], flat(dims[0][:stacked]), dims[0][stacked], dims[0][stacked + 1])
    b = Factor(laids[1], flat(dims[1][:stacked]), dims[1][stacked + 1], dims[1][stacked])
    a, b = _matched(low, a, b)
    where = [[has_rows(part) for part in (f.g, f.own, f.k)] for f in (a, b)]
    match where:
        case [[False, False, True], [False, False, True]]:
            return _over_rows(node, low, a, b)
        case [[_, _, False], [_, _, False]] if not (where[0][1] and where[1][1]):
            if where[0][0] or where[1][0]:
                g = a.g if where[0][0] else b.g
                return _contracted(low, a, b, (tuple(g), tuple(a.own), tuple(b.own)))
            if where[0][1] or where[1][1]:
                out = _by_parameters(low, a, b) if where[0][1] else _turned(_by_parameters(low, b, a))
                return out if stacked else Laid(out.value, out.dims[1:], out.offset)
    shapes = f"{low.spell(left.shape)} by {low.spell(right.shape)}"
    raise low.bad(f"{node.op} multiplies {shapes}, which combines each row of the batch with every other")


def _matched(low: Lowering, a: Factor, b: Factor) -> tuple[Factor, Factor]:
    """Return two factors whose common dimensions are divided alike."""

    def alike(x: Atoms, y: Atoms) -> bool:
        return [(p.size, p.stride is None) for p in x] == [(p.size, p.stride is None) for p in y]

    def cut(x: Atoms, y: Atoms) -> tuple[Atoms, Atoms] | None:
        for one, other, turned in ((x, y, False), (y, x, True)):
            dims = regrouped(one, [p.size for p in other])
            found = None if dims is None else flat(dims)
            if found is not None and alike(found, other):
                return (other, found) if turned else (found, other)
        return None

    for part in ("g", "k"):
        x, y = getattr(a, part), getattr(b, part)
        if alike(x, y):
            continue
        if (has_rows(x) and not has_rows(y)) or (has_rows(y) and not has_rows(x)):
            x, y = ([p for p in z if p.stride is not None] for z in (x, y))
        pair = cut(x, y)
        if pair is None:
            raise low.bad(f"{low.node.op} multiplies tensors whose dimensions were merged differently")
        keep = [next((i for i, p in enumerate(getattr(f, part)) if p.stride is None), None) for f in (a, b)]
        for f, atoms, at in zip((a, b), pair, keep, strict=True):
            rows = [p for p in getattr(f, part) if p.stride is None]
            setattr(f, part, list(atoms) if at is None or has_rows(atoms) else [*rows, *atoms] if at == 0 else None)
            if getattr(f, part) is None:
                raise low.bad(f"{low.node.op} multiplies tensors whose dimensions were merged differently")
    return a, b


def _over_rows(node: Node, low: Lowering, a: Factor, b: Factor) -> Outer:
    """A product that sums over the rows: computed after the loop."""
    parts = a.pick(low, a.g, a.k, a.own), b.pick(low, b.g, b.k, b.own)
    return Outer(node.shape, parts, size(a.g), size(a.k))


def _by_parameters(low: Lowering, a: Factor, b: Factor) -> Laid:
    """Rows times parameters; ``i`` counts the rows, and perhaps several of them in each row of the batch."""
    matrix = _matrix(b)
    inner = [atom for atom in a.own if atom.stride is not None]
    dims = (tuple(a.g), tuple(a.own), tuple(b.own))
    if matrix is None or (len(a.g) and a.value.width == 1):
        return _contracted(low, a, b, dims)
    operand = low.pick(a.value, [*a.g, *inner, *a.k], a.laid.offset)
    groups = size(a.g) * size(inner)
    value = low.values.matmul(low.wide(operand, groups * size(a.k)), matrix, groups)
    return Laid(value, spread(dims, value.width))


def _turned(out: Laid) -> Laid:
    """Exchange the last two dimensions."""
    return Laid(out.value, (*out.dims[:-2], out.dims[-1], out.dims[-2]), out.offset)


def _matrix(b: Factor) -> Matrix | None:
    """Return the matrix that the right factor is, whole and from its beginning, or None."""
    if not isinstance(b.value, Theta) or b.laid.offset:
        return None
    g, k, n = (merged(part) for part in (b.g, b.k, b.own))
    if max(map(len, (g, k, n))) > 1:
        return None
    blocks = g[0].size if g and g[0].stride else 1
    depth, width = size(k), size(n)
    if blocks * depth * width != b.value.width or (blocks > 1 and g[0].stride != depth * width):
        return None
    lies = (not k or k[0].stride == width) and (not n or n[0].stride == 1)
    turned = (not k or k[0].stride == 1) and (not n or n[0].stride == depth)
    if not lies and not turned:
        return None
    return Matrix(b.value.index, not lies, depth, width, blocks)


def _contracted(
    low: Lowering, a: Factor, b: Factor, dims: tuple[tuple[Atom, ...], tuple[Atom, ...], tuple[Atom, ...]]
) -> Laid:
    inner = [[atom for atom in part if atom.stride is not None] for part in (a.g, a.own, a.k, b.g, b.k, b.own)]
    ag, ai, ak, bg, bk, bj = inner
    if not size(ak) > 1:  # an outer product, number by number
        left = low.pick(a.value, [*ag, *ai, *(Atom(x.size, 0) for x in bj)], a.laid.offset)
        right = low.pick(b.value, [*bg, *(Atom(x.size, 0) for x in ai), *bj], b.laid.offset)
        value: Value = low.call(Op.MUL, left, right)
        return Laid(value, spread(dims, value.width))
    left, (ag, ai, ak) = _strided(low, a, ag, ai, ak)
    right, (bg, bk, bj) = _strided(low, b, bg, bk, bj)
    sizes = [size(ag), size(ai), size(bj), size(ak)]
    steps = [(part[0].stride or 0) if part else 0 for part in (ag, ai, ak, bg, bk, bj)]
    one, other = (steps[0], steps[1], steps[2]), (steps[3], steps[4], steps[5])
    if sizes[2] == 1 and sizes[1] > 1:  # a column vector: the matrix's rows become the columns of the result
        left, right, sizes[1], sizes[2] = right, left, 1, sizes[1]
        one, other = (other[0], 0, other[1]), (one[0], one[2], one[1])
    if sizes[2] > 1 and other[2] != 1 and not (other[1] == one[2] == 1):
        # neither the columns nor the sum run along memory
        ids = [x + y + z for x in _steps(sizes[0], other[0]) for y in _steps(sizes[3], other[1])
               for z in _steps(sizes[2], other[2])]  # fmt: skip
        right = low.values.gather(right, ids)
        other = sizes[3] * sizes[2], sizes[2], 1
    value = low.values.contract(left, right, (sizes[0], sizes[1], sizes[2], sizes[3]), one, other)
    return Laid(value, spread(dims, value.width))


def _steps(count: int, stride: int) -> list[int]:
    return [i * stride for i in range(count)]


def _strided(low: Lowering, f: Factor, *parts: Atoms) -> tuple[Value, list[list[Atom]]]:
    """Return a value whose columns a factor's dimensions reach by one stride each, from the first column on."""
    joined = [merged(part) for part in parts]
    value = f.value
    plain = value.width > 1 and not value.boolean and max(map(len, joined)) <= 1
    strides = [atom.stride or 0 for part in joined for atom in part]
    if plain and min(strides, default=0) >= 0:
        reach = 1 + sum((atom.size - 1) * (atom.stride or 0) for part in joined for atom in part)
        return low.values.slice(value, f.laid.offset, reach), joined
    value = f.pick(low, *parts)
    dims = [(Atom(size(part), 0),) if size(part) > 1 else () for part in parts]
    return value, [list(dim) for dim in spread(dims, max(value.width, 2))]
