"""Write blocks: products of matrices that each row has of its own, reductions of groups of columns, and scans."""

from collections.abc import Iterator

from elman.engine.cpu.functions import pointwise
from elman.engine.cpu.llvm import Writer
from elman.engine.planning.language import Contract, Reduce, Reduction, Scan, Value

__all__ = ["block_work", "folded", "write_block"]

VECTORS = 4  # vectors of columns that are computed at once
ROWS = 4  # rows of a product that share what is loaded of the right factor


def block_work(value: Value) -> float:
    """Return about how many operations a block takes."""
    match value:
        case Contract():
            g, i, j, k = value.sizes
            return 2.0 * g * i * j * k
        case Scan():
            return 8.0 * value.width
    return 4.0 * value.args[0].width


def write_block(w: Writer, value: Value, operands: list[str], to: str) -> None:
    """Write one row's block; operands and result are addresses of the row."""
    match value:
        case Contract():
            _contract(w, value, operands[0], operands[1], to)
        case Reduce():
            _reduce(w, value, operands[0], to)
        case Scan():
            _scan(w, value, operands[0], to)
        case _:
            raise AssertionError(value)


def folded(w: Writer, how: Reduction, value: str) -> str:
    """Return a reduction of a vector's lanes in every lane, halves onto halves."""
    V = w.lanes
    shift = V.count // 2
    while shift:
        order = ", ".join(f"i32 {(i + shift) % V.count}" for i in range(V.count))
        moved = w.do(f"shufflevector {V.type} {value}, {V.type} poison, <{V.count} x i32> <{order}>")
        value = pointwise(w, how.combine, [value, moved])
        shift //= 2
    return value


def _put_one(w: Writer, vector: str, address: str) -> None:
    V = w.lanes
    first = w.do(f"extractelement {V.type} {vector}, i32 0")
    w.put(f"store {V.scalar} {first}, ptr {address}")


def _one(w: Writer, address: str) -> str:
    """Load a number into every lane."""
    return w.broadcast(w.do(f"load {w.lanes.scalar}, ptr {address}"))


def _stretches(w: Writer, width: int, most: int) -> Iterator[tuple[int, int, list[str | None]]]:
    """Yield how to cover columns by vectors: where to begin, how often, and the mask of each vector."""
    count = w.lanes.count
    vectors, rest = divmod(width, count)
    if whole := vectors // most:
        yield 0, whole, [None] * most
    if single := vectors % most:
        yield whole * most * count, single, [None]
    if rest:
        yield vectors * count, 1, [w.mask_of(rest)]


def _step(w: Writer, base: str, *moves: tuple[str | int, int]) -> str:
    """Return an address some strides further on."""
    for index, stride in moves:
        if stride and index != 0:
            base = w.at(base, w.integer("mul", index, stride))
    return base


def _contract(w: Writer, value: Contract, a: str, b: str, to: str) -> None:
    g, i, j, k = value.sizes
    with w.loop(g) as block:
        a, b = _step(w, a, (block, value.a_strides[0])), _step(w, b, (block, value.b_strides[0]))
        to = _step(w, to, (block, i * j))
        if j > 1 and value.b_strides[2] == 1:
            whole = i // ROWS * ROWS
            for first, last, rows in ((0, whole, ROWS), (whole, i, 1)):
                if last > first:
                    with w.loop(last, rows, first) as row:
                        _columns(w, value, rows, _step(w, a, (row, value.a_strides[1])), b, _step(w, to, (row, j)))
        else:
            with w.loop(i) as row, w.loop(j) as column:
                left, right = _step(w, a, (row, value.a_strides[1])), _step(w, b, (column, value.b_strides[2]))
                result = _dot(w, k, left, value.a_strides[2], right, value.b_strides[1])
                _put_one(w, result, w.at(to, w.integer("add", w.integer("mul", row, j), column)))


def _columns(w: Writer, value: Contract, rows: int, a: str, b: str, to: str) -> None:
    """Some rows of a product whose right factor's columns lie side by side."""
    V, (_, _, j, k) = w.lanes, value.sizes
    for begin, times, masks in _stretches(w, j, VECTORS if rows == 1 else 2):
        with w.loop(times) as t:
            first = w.integer("add", begin, w.integer("mul", t, len(masks) * V.count))
            sums = [[w.slot(V.type) for _ in masks] for _ in range(rows)]
            for slot in (slot for row in sums for slot in row):
                w.put(f"store {V.type} {V.splat(0)}, ptr {slot}")
            with w.loop(k) as step:
                right = w.at(_step(w, b, (step, value.b_strides[1])), first)
                vectors = [w.load(w.at(right, n * V.count), mask) for n, mask in enumerate(masks)]
                for r, row in enumerate(sums):
                    left = _one(w, w.at(_step(w, a, (step, value.a_strides[2])), r * value.a_strides[1]))
                    for slot, vector in zip(row, vectors, strict=True):
                        total = w.fma(left, vector, w.do(f"load {V.type}, ptr {slot}"))
                        w.put(f"store {V.type} {total}, ptr {slot}")
            for r, row in enumerate(sums):
                for n, (slot, mask) in enumerate(zip(row, masks, strict=True)):
                    at = w.at(w.at(to, first), r * j + n * V.count)
                    w.store(w.do(f"load {V.type}, ptr {slot}"), at, mask)


def _dot(w: Writer, k: int, a: str, a_stride: int, b: str, b_stride: int) -> str:
    """The sum of products of two runs of numbers."""
    V = w.lanes
    slot = w.slot(V.type)
    w.put(f"store {V.type} {V.splat(0)}, ptr {slot}")
    if a_stride != 1 or b_stride != 1:
        with w.loop(k) as step:
            left, right = (_one(w, _step(w, base, (step, by))) for base, by in ((a, a_stride), (b, b_stride)))
            w.put(f"store {V.type} {w.fma(left, right, w.do(f'load {V.type}, ptr {slot}'))}, ptr {slot}")
        return w.do(f"load {V.type}, ptr {slot}")
    for begin, times, masks in _stretches(w, k, 1):
        with w.loop(times) as t:
            first = w.integer("add", begin, w.integer("mul", t, V.count))
            left, right = (w.load(w.at(base, first), masks[0]) for base in (a, b))
            w.put(f"store {V.type} {w.fma(left, right, w.do(f'load {V.type}, ptr {slot}'))}, ptr {slot}")
    return folded(w, Reduction.SUM, w.do(f"load {V.type}, ptr {slot}"))


def _reduce(w: Writer, value: Reduce, source: str, to: str) -> None:
    V, count, inner = w.lanes, value.count, value.inner
    outer = value.width // inner
    if inner == 1 and count <= V.count and outer >= V.count // 2:
        _of_short_groups(w, value, source, to, outer)
        return
    slot = w.slot(V.type)
    start = f"store {V.type} {V.splat(value.how.start)}, ptr {slot}"

    def take(vector: str) -> None:
        total = pointwise(w, value.how.combine, [w.do(f"load {V.type}, ptr {slot}"), vector])
        w.put(f"store {V.type} {total}, ptr {slot}")

    with w.loop(outer) as group:
        base = _step(w, source, (group, count * inner))
        if inner == 1:
            w.put(start)
            for begin, times, masks in _stretches(w, count, 1):
                with w.loop(times) as t:
                    vector = w.load(w.at(base, w.integer("add", begin, w.integer("mul", t, V.count))), masks[0])
                    take(vector if masks[0] is None else w.select(masks[0], vector, V.splat(value.how.start)))
            _put_one(w, folded(w, value.how, w.do(f"load {V.type}, ptr {slot}")), w.at(to, group))
        else:
            for begin, times, masks in _stretches(w, inner, 1):
                with w.loop(times) as t:
                    first = w.integer("add", begin, w.integer("mul", t, V.count))
                    w.put(start)
                    with w.loop(count) as step:
                        take(w.load(w.at(_step(w, base, (step, inner)), first), masks[0]))
                    w.store(w.do(f"load {V.type}, ptr {slot}"), w.at(_step(w, to, (group, inner)), first), masks[0])


def _of_short_groups(w: Writer, value: Reduce, source: str, to: str, outer: int) -> None:
    """Each lane reduces a group of its own."""
    V, count = w.lanes, value.count
    lanes = "<" + ", ".join(f"i32 {i * count}" for i in range(V.count)) + ">"
    for begin, times, masks in _stretches(w, outer, 1):
        with w.loop(times) as t:
            first = w.integer("add", begin, w.integer("mul", t, V.count))
            base = w.at(source, w.integer("mul", first, count))
            total = w.gather(base, lanes, masks[0])
            for step in range(1, count):
                total = pointwise(w, value.how.combine, [total, w.gather(w.at(base, step), lanes, masks[0])])
            w.store(total, w.at(to, first), masks[0])


def _scan(w: Writer, value: Scan, source: str, to: str) -> None:
    V = w.lanes
    slot = w.slot(V.type)
    with w.loop(value.width // value.count) as group:
        base, out = _step(w, source, (group, value.count)), _step(w, to, (group, value.count))
        w.put(f"store {V.type} {V.splat(value.how.start)}, ptr {slot}")
        with w.loop(value.count) as i:
            total = pointwise(w, value.how.combine, [w.do(f"load {V.type}, ptr {slot}"), _one(w, w.at(base, i))])
            w.put(f"store {V.type} {total}, ptr {slot}")
            _put_one(w, total, w.at(out, i))
