"""What a step stores, in which order, and what the backward pass finds again.

A step is a list of *levels*. A level first runs its products (all rows at once), then one pass over each
row, in which every pointwise run between products is done in registers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

from elman.engine.lower import Lowered
from elman.engine.trace import Trace
from elman.engine.values import CHEAP, Deferred, Matrix, Value

__all__ = ["Buffer", "Level", "Place", "Plan", "Product", "Program", "Store", "plan"]

INPUTS = frozenset(("drive", "state", "tangent", "theta", "const", "grad_out"))
REDUCTIONS = frozenset(("sum", "amax"))
BEFORE = -1  # level of what is there before the step begins


@dataclass(eq=False)
class Buffer:
    """Memory that a kernel reads or writes.

    ``kind`` says how a row is found: ``packed`` by its place among all real steps, ``row`` by its place in
    the batch, ``theta`` not at all, ``sum`` by the thread.
    """

    name: str
    kind: str
    width: int


@dataclass(frozen=True)
class Place:
    """Columns of a buffer, from ``column`` on."""

    buffer: Buffer
    column: int = 0


@dataclass(eq=False)
class Store:
    """Compute ``width`` columns of a value and put them somewhere.

    ``mode`` is ``set``, ``add`` (into a sum over steps and rows) or a reduction over the columns.
    """

    value: Value
    start: int
    width: int
    place: Place
    mode: str = "set"
    level: int = 0


@dataclass(eq=False)
class Product:
    """Rows times a matrix, into a buffer."""

    value: Value
    operand: Place
    matrix: Matrix
    place: Place
    level: int = 0


@dataclass
class Level:
    """What can run once the levels before it have."""

    products: list[Product] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)


@dataclass
class Program:
    """One time step of one direction, ready to be written out."""

    buffers: list[Buffer]
    levels: list[Level]
    homes: dict[Value, list[tuple[int, int, Place, int]]]  # start, width, where, available after which level


class Scheduler:
    """Finds levels and buffers for a set of requested stores."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.homes: dict[Value, list[tuple[int, int, Place, int]]] = {}
        self.stores: list[Store] = []
        self.products: dict[Value, Product] = {}
        self.levels: dict[tuple[Value, int, int], int] = {}
        self.scratch = 0

    def buffer(self, name: str, kind: str, width: int) -> Buffer:
        made = Buffer(name, kind, width)
        self.buffers.append(made)
        return made

    def temporary(self, width: int) -> Buffer:
        self.scratch += 1
        return self.buffer(f"scratch{self.scratch}", "row", width)

    def give(self, value: Value, place: Place, start: int = 0, width: int | None = None, level: int = BEFORE) -> None:
        """Say that columns of a value lie in memory after ``level``."""
        self.homes.setdefault(value, []).append((start, value.width if width is None else width, place, level))

    def home(self, value: Value, start: int, width: int, level: int = 10**9) -> tuple[Place, int] | None:
        """Return where columns of a value can be loaded from by a pass of ``level``."""
        for s, n, place, after in self.homes.get(value, ()):
            if s <= start and start + width <= s + n and after < level:
                return Place(place.buffer, place.column + start - s), after
        return None

    def store(
        self, value: Value, place: Place, mode: str = "set", start: int = 0, width: int | None = None
    ) -> list[Store]:
        """Ask for columns of a value; returns the pieces, cut where its parts begin."""
        width = value.width if width is None else width
        edges = sorted({0, width, *cuts(value, start, width, self.homes)})
        pieces = [
            Store(
                value,
                start + a,
                b - a,
                Place(place.buffer, place.column + (0 if mode in REDUCTIONS else a)),
                mode,
            )
            for a, b in pairwise(edges)
        ]
        for piece in pieces:
            piece.level = self.level(value, piece.start, piece.width)
        self.stores += pieces
        return pieces

    def level(self, value: Value, start: int, width: int) -> int:
        """Return the first level whose pass can compute these columns."""
        key = (value, start, width)
        if key not in self.levels:
            self.levels[key] = self.find_level(value, start, width)
        return self.levels[key]

    def find_level(self, value: Value, start: int, width: int) -> int:
        # What a store of this step will leave in memory is not waited for: it can be computed twice.
        if self.home(value, start, width, 0) is not None or value.op in ("const", "theta"):
            return 0
        if value.op == "mm":
            return self.product(value).level
        if value.op in REDUCTIONS:
            if (found := self.home(value, 0, 1)) is not None:
                return found[1] + 1
            place = Place(self.temporary(1))
            pieces = self.store(value.args[0], place, value.op)
            after = max(piece.level for piece in pieces)
            for piece in pieces:
                piece.level = after  # one pass adds them all up
            self.give(value, place, level=after)
            return after + 1
        if value.op in ("slice", "cat"):
            return max(self.level(v, s, n) for v, s, n in through(value, start, width))
        return max((self.level(a, *((start, width) if a.width > 1 else (0, 1))) for a in value.args), default=0)

    def product(self, value: Value) -> Product:
        """Schedule a product, and its operand to lie in memory first."""
        if value not in self.products:
            (operand,) = value.args
            after = BEFORE
            pieces = through(operand, 0, operand.width)
            found = self.home(*pieces[0]) if len(pieces) == 1 else None
            if found is None:
                found = self.home(operand, 0, operand.width)
            if found is None:
                place = Place(self.temporary(operand.width))
                after = max(piece.level for piece in self.store(operand, place))
                self.give(operand, place, level=after)
            else:
                place, after = found
            level = after + 1
            out = Place(self.temporary(value.width))
            self.products[value] = Product(value, place, value.attr, out, level)
            # the product runs before the pass of its level, which may thus read it
            self.give(value, out, level=level - 1)
        return self.products[value]

    def keep_what_returns(self) -> None:
        """Store a costly value that several levels read when it is first computed."""
        while True:
            uses: dict[tuple[Value, int, int], set[int]] = {}
            for store in self.stores:
                for key in self.costly(store.value, store.start, store.width, store.level):
                    uses.setdefault(key, set()).add(store.level)
            twice = [(min(levels), key) for key, levels in uses.items() if len(levels) > 1]
            if not twice:
                return
            _, (value, start, width) = min(twice, key=lambda item: item[0])
            place = Place(self.temporary(width))
            pieces = self.store(value, place, "set", start, width)
            self.give(value, place, start, width, max(piece.level for piece in pieces))

    def costly(self, value: Value, start: int, width: int, level: int) -> Iterable[tuple[Value, int, int]]:
        seen: set[tuple[Value, int, int]] = set()
        stack = [(value, start, width)]
        while stack:
            v, s, n = stack.pop()
            if (v, s, n) in seen or v.op in INPUTS or self.home(v, s, n, level) is not None:
                continue
            seen.add((v, s, n))
            if v.op in ("slice", "cat"):
                stack += through(v, s, n)
                continue
            if v.op not in CHEAP and v.op != "mm" and v.op not in REDUCTIONS and not v.boolean:
                yield v, s, n
            if v.op != "mm" and v.op not in REDUCTIONS:
                stack += [(a, s, n) if a.width > 1 else (a, 0, 1) for a in v.args]

    def finish(self, states: list[tuple[Value, Buffer, Value]]) -> Program:
        """Add the new states, each ``(its value, its buffer, the value now in that buffer)``."""
        direct = [self.store(value, Place(buffer)) if value is not old else [] for value, buffer, old in states]
        self.keep_what_returns()
        last = max([s.level for s in self.stores] + [p.level for p in self.products.values()], default=0)
        for (_, buffer, _), pieces in zip(states, direct, strict=True):
            if any(self.read_late(buffer, piece) for piece in pieces):
                for piece in pieces:
                    waiting = Place(self.temporary(piece.width))
                    piece.place = waiting
                    late = Value("waiting", (), piece.width, True)
                    self.give(late, waiting, level=piece.level)
                    self.stores.append(Store(late, 0, piece.width, Place(buffer, piece.start), "set", last + 1))
        count = max([s.level for s in self.stores] + [p.level for p in self.products.values()], default=-1) + 1
        levels = [Level() for _ in range(count)]
        for product in self.products.values():
            levels[product.level].products.append(product)
        for store in self.stores:
            levels[store.level].stores.append(store)
        return Program(self.buffers, levels, self.homes)

    def read_late(self, buffer: Buffer, write: Store) -> bool:
        """Say whether the old contents are still wanted once ``write`` has begun."""
        if any(p.operand.buffer is buffer and p.level > write.level for p in self.products.values()):
            return True
        for store in self.stores:
            if store.level < write.level:
                continue
            for column, width in self.reads(buffer, store):
                same_pass = store.level == write.level and store.width == write.width
                if not same_pass or width != write.width or column != write.place.column:
                    return True
        return False

    def reads(self, buffer: Buffer, store: Store) -> Iterable[tuple[int, int]]:
        """Yield the columns of ``buffer`` that computing a store loads."""
        stack, seen = [(store.value, store.start, store.width)], set()
        while stack:
            v, s, n = stack.pop()
            if (v, s, n) in seen:
                continue
            seen.add((v, s, n))
            found = self.home(v, s, n, store.level)
            if found is not None:
                if found[0].buffer is buffer:
                    yield found[0].column, n
            elif v.op in ("slice", "cat"):
                stack += through(v, s, n)
            else:
                stack += [(a, s, n) if a.width > 1 else (a, 0, 1) for a in v.args]


def through(value: Value, start: int, width: int) -> list[tuple[Value, int, int]]:
    """Return the columns of a value as columns of what it was sliced from or joined of."""
    if value.op == "slice":
        return through(value.args[0], value.attr + start, width)
    if value.op != "cat":
        return [(value, start, width)]
    found, at = [], 0
    for part in value.args:
        low, high = max(start, at), min(start + width, at + part.width)
        if low < high:
            found += through(part, low - at, high - low)
        at += part.width
    return found


def cuts(value: Value, start: int, width: int, homes: dict[Value, list[tuple[int, int, Place, int]]]) -> set[int]:
    """Return where, within ``width`` columns, the parts of joined values meet."""
    found: set[int] = set()
    stack, seen = [(value, start, width, 0)], set()
    while stack:
        v, s, n, at = stack.pop()
        if (v, s, n, at) in seen or n == 0:
            continue
        seen.add((v, s, n, at))
        if any(a <= s and s + n <= a + m and after == BEFORE for a, m, _, after in homes.get(v, ())):
            continue
        if v.op in ("slice", "cat"):
            position = at
            for u, first, m in through(v, s, n):
                found.add(position)
                stack.append((u, first, m, position))
                position += m
        elif v.op not in INPUTS and v.op not in REDUCTIONS and v.op != "mm":
            stack += [(a, s, n, at) for a in v.args if a.width > 1]
    return {edge for edge in found if 0 < edge < width}


@dataclass
class Plan:
    """All that a cell's kernels need to know."""

    trace: Trace
    lowered: Lowered
    inference: Program
    training: Program
    backward: Program
    saved_width: int  # numbers saved for the backward pass, a row and step
    saved: list[tuple[Value, int, int]]
    kept_states: list[int]  # state fields whose value before each step is saved
    constant_states: list[int]  # state fields that pass through unchanged
    needs_drive: list[int]
    roots: dict[Deferred, tuple[str, tuple[Place, ...]]]  # how each sum over the steps is made
    sum_width: int
    kept_width: int


def plan(trace: Trace, low: Lowered) -> Plan:
    """Decide what is saved, recomputed, deferred, and in which order a step runs."""
    states, drives = _inputs(low, trace)
    constant = [i for i, value in enumerate(low.new_states) if value is states[i]]
    d, s = len(drives), len(states)
    grad_out = Value("grad_out", (), low.new_states[0].width, True, 0, forward=False)
    tangents = _swap_first_tangent(low, grad_out)
    grads = low.gradients
    roots = _roots(grads[d + s :])

    wanted: list[Value] = [g for g in grads[: d + s] if isinstance(g, Value)]
    wanted += [value for root in roots for value in root.args]
    need = _Needs(low.new_states[0])
    for value in wanted:
        need.whole(value)
    kept = sorted({v.attr for v in need.inputs if v.op == "state" and v.attr not in constant})
    needs_drive = sorted({v.attr for v in need.inputs if v.op == "drive"})
    saved, width = [], 0
    for value, start, n in need.ranges():
        saved.append((value, start, n, width))
        width += n

    def forward(training: bool) -> Program:
        work = Scheduler()
        for i, value in enumerate(drives):
            work.give(value, Place(work.buffer(f"drive{i}", "packed", value.width)))
        buffers = []
        for i, value in enumerate(states):
            buffers.append(work.buffer(f"state{i}", "row", value.width))
            work.give(value, Place(buffers[i]))
        if training:
            memory = work.buffer("saved", "packed", width)
            for i in kept:
                work.store(states[i], Place(work.buffer(f"before{i}", "packed", states[i].width)))
            for value, start, n, column in saved:
                pieces = work.store(value, Place(memory, column), "set", start, n)
                if value.op != "mm":
                    work.give(value, Place(memory, column), start, n, max(p.level for p in pieces))
        work.store(low.new_states[0], Place(work.buffer("outputs", "packed", low.new_states[0].width)))
        return work.finish(list(zip(low.new_states, buffers, states, strict=True)))

    work = Scheduler()
    for i in needs_drive:
        work.give(drives[i], Place(work.buffer(f"drive{i}", "packed", drives[i].width)))
    for i in range(s):
        if i in kept:
            work.give(states[i], Place(work.buffer(f"before{i}", "packed", states[i].width)))
        elif i in constant:
            work.give(states[i], Place(work.buffer(f"state{i}", "row", states[i].width)))
    memory = work.buffer("saved", "packed", width)
    for value, start, n, column in saved:
        work.give(value, Place(memory, column), start, n)
    if need.output:
        work.give(low.new_states[0], Place(work.buffer("outputs", "packed", low.new_states[0].width)))
    work.give(grad_out, Place(work.buffer("grad_out", "packed", grad_out.width)))
    gradients = []
    for i, tangent in enumerate(tangents):
        gradients.append(work.buffer(f"grad_state{i}", "row", states[i].width))
        work.give(tangent, Place(gradients[i]))
    lies: dict[Value, Place] = {}
    for i, value in enumerate(states):
        if i in kept:
            lies[value] = Place(next(b for b in work.buffers if b.name == f"before{i}"))
    for i, grad in enumerate(grads[:d]):
        if isinstance(grad, Value):
            place = Place(work.buffer(f"grad_drive{i}", "packed", grad.width))
            _remember(lies, grad, place)
            after = max(piece.level for piece in work.store(grad, place))
            work.give(grad, place, level=after)
    kept_buffer = Buffer("kept", "packed", 0)
    sums = Buffer("sums", "sum", 0)
    made: dict[Deferred, tuple[str, tuple[Place, ...]]] = {}
    for root in sorted(roots, key=lambda r: r.op):  # outer products first: what they keep, sums can read
        places = []
        for value in root.args:
            if value not in lies and root.op == "outer":
                place = Place(kept_buffer, kept_buffer.width)
                kept_buffer.width += value.width
                _remember(lies, value, place)
                after = max(piece.level for piece in work.store(value, place))
                if value.op != "mm":
                    work.give(value, place, level=after)
            elif value not in lies:
                lies[value] = Place(sums, sums.width)
                work.store(value, lies[value], "add")
                sums.width += value.width
            places.append(lies[value])
        made[root] = (root.op, tuple(places))
    if kept_buffer.width:
        work.buffers.append(kept_buffer)
    if sums.width:
        work.buffers.append(sums)
    zero = {i: Value("const", (), states[i].width, True, 0.0, forward=False) for i in range(s)}
    ends = [g if isinstance(g, Value) else zero[i] for i, g in enumerate(grads[d : d + s])]
    backward = work.finish(list(zip(ends, gradients, tangents, strict=True)))
    return Plan(
        trace, low, forward(False), forward(True), backward, width, [entry[:3] for entry in saved], kept, constant,
        needs_drive, made, sums.width, kept_buffer.width,
    )  # fmt: skip


def _remember(lies: dict[Value, Place], value: Value, place: Place) -> None:
    lies.setdefault(value, place)
    if value.op == "cat":
        at = place.column
        for part in value.args:
            _remember(lies, part, Place(place.buffer, at))
            at += part.width


def _walk(low: Lowered) -> list[Value]:
    found: dict[Value, None] = {}
    stack: list[object] = [*low.new_states, *low.gradients]
    deferred: set[Deferred] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, Deferred) and item not in deferred:
            deferred.add(item)
            stack += _flat(item.args)
        elif isinstance(item, Value) and item not in found:
            found[item] = None
            stack += item.args
    return list(found)


def _flat(tree: object) -> list[object]:
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in _flat(part)]
    if isinstance(tree, dict):
        return _flat(list(tree.values()))
    return [tree]


def _inputs(low: Lowered, trace: Trace) -> tuple[list[Value], list[Value]]:
    seen = {(v.op, v.attr): v for v in _walk(low) if v.op in ("drive", "state")}

    def all_of(kind: str, shapes: list[tuple[int, ...]]) -> list[Value]:
        return [seen.get((kind, i)) or Value(kind, (), prod(shape), True, i) for i, shape in enumerate(shapes)]

    return all_of("state", trace.state_shapes), all_of("drive", trace.drive_shapes)


def _swap_first_tangent(low: Lowered, grad_out: Value) -> list[Value]:
    """The first state is also the output: its tangent is what flows back plus the output's own gradient."""
    tangents = [Value("tangent", (), v.width, True, i, forward=False) for i, v in enumerate(low.new_states)]
    total = Value("add", (tangents[0], grad_out), grad_out.width, True, forward=False)
    for value in _walk(low):
        value.args = (
            tuple(
                (total if a.attr == 0 else tangents[a.attr]) if a.op == "tangent" and a is not tangents[0] else a
                for a in value.args
            )
            if value is not total
            else value.args
        )

    def top(item: object) -> object:
        if isinstance(item, Value) and item.op == "tangent":
            return total if item.attr == 0 else tangents[item.attr]
        return item

    low.gradients = [top(g) for g in low.gradients]
    for root in _roots(low.gradients):
        root.args = tuple(top(a) for a in root.args)
    return tangents


def _roots(gradients: Iterable[object]) -> list[Deferred]:
    found: dict[Deferred, None] = {}
    stack = [g for g in gradients if isinstance(g, Deferred)]
    seen: set[Deferred] = set()
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        if item.op in ("outer", "rowsum"):
            found[item] = None
        else:
            stack += [a for a in _flat(item.args) if isinstance(a, Deferred)]
    return list(found)


class _Needs:
    """What the backward pass reads of the forward one."""

    def __init__(self, output: Value):
        self.h = output
        self.saved: dict[tuple[Value, int, int], None] = {}
        self.inputs: set[Value] = set()
        self.output = False
        self.seen: set[tuple[Value, int, int]] = set()

    def ranges(self) -> list[tuple[Value, int, int]]:
        """Return what to save: of each value, one stretch of columns that holds all that is read."""
        found: dict[Value, tuple[int, int]] = {}
        for value, start, width in self.saved:
            low, high = found.get(value, (start, start + width))
            found[value] = min(low, start), max(high, start + width)
        return [(value, low, high - low) for value, (low, high) in found.items()]

    def whole(self, value: Value) -> None:
        edges = sorted({0, value.width, *cuts(value, 0, value.width, {})})
        for a, b in pairwise(edges):
            self.columns(value, a, b - a)

    def columns(self, value: Value, start: int, width: int) -> None:
        if (value, start, width) in self.seen:
            return
        self.seen.add((value, start, width))
        if value.op in INPUTS:
            self.inputs.add(value)
        elif value.op in ("slice", "cat"):
            for piece in through(value, start, width):
                self.columns(*piece)
        elif value is self.h and value.op not in ("state", "drive"):
            self.output = True
        elif value.forward and (value.op not in CHEAP) and value.rows:
            self.saved[value, start, width] = None
        elif value.op == "mm" or value.op in REDUCTIONS:
            self.whole(value.args[0])
        else:
            for arg in value.args:
                self.columns(arg, *((start, width) if arg.width > 1 else (0, 1)))
