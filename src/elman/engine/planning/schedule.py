"""Levels and buffers of one time step.

A step is a list of *levels*. A level first runs its products (all rows at once), then one pass over each
row, in which every pointwise run between products is done in registers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from elman.engine.planning.language import CHEAP, Matrix, Value

__all__ = ["BEFORE", "INPUTS", "REDUCTIONS", "Buffer", "Level", "Place", "Product", "Program", "Scheduler", "Store"]

INPUTS = frozenset(("drive", "state", "tangent", "theta", "const", "grad_out"))
REDUCTIONS = frozenset(("sum", "amax"))
BEFORE = -1  # level of what is there before the step begins


@dataclass(eq=False)
class Buffer:
    """Memory that a kernel reads or writes.

    ``kind`` says how a row is found: ``packed`` by its place among all real steps, ``row`` by its place in
    the batch, ``theta`` not at all, ``sum`` by the thread. Rows of a ``carried`` buffer come from the caller
    before the first step and go back to the caller after the last.
    """

    name: str
    kind: str
    width: int
    carried: bool = False


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


#: Where columns of values lie: first column, width, where, after which level.
Homes = dict[Value, list[tuple[int, int, Place, int]]]


def home_of(homes: Homes, value: Value, start: int, width: int, level: int) -> tuple[Place, int] | None:
    """Return where columns of a value can be loaded from by a pass of ``level``, and after which it is there."""
    for s, n, place, after in homes.get(value, ()):
        if s <= start and start + width <= s + n and after < level:
            return Place(place.buffer, place.column + start - s), after
    return None


@dataclass
class Program:
    """One time step of one direction, ready to be written out."""

    buffers: list[Buffer]
    levels: list[Level]
    homes: Homes


class Scheduler:
    """Finds levels and buffers for a set of requested stores."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.homes: Homes = {}
        self.stores: list[Store] = []
        self.products: dict[Value, Product] = {}
        self.levels: dict[tuple[Value, int, int], int] = {}
        self.scratch = 0

    def buffer(self, name: str, kind: str, width: int, carried: bool = False) -> Buffer:
        """Add a buffer."""
        made = Buffer(name, kind, width, carried)
        self.buffers.append(made)
        return made

    def temporary(self, width: int) -> Buffer:
        """Add a buffer for use within a step."""
        self.scratch += 1
        return self.buffer(f"scratch{self.scratch}", "row", width)

    def give(self, value: Value, place: Place, start: int = 0, width: int | None = None, level: int = BEFORE) -> None:
        """Say that columns of a value lie in memory after ``level``."""
        self.homes.setdefault(value, []).append((start, value.width if width is None else width, place, level))

    def home(self, value: Value, start: int, width: int, level: int = 10**9) -> tuple[Place, int] | None:
        """Return where columns of a value can be loaded from by a pass of ``level``, and after which it is there."""
        return home_of(self.homes, value, start, width, level)

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
        """Work out :meth:`level`, scheduling products and reductions on the way."""
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
        """Yield what is worth keeping of all that computing these columns runs."""
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


def cuts(value: Value, start: int, width: int, homes: Homes) -> set[int]:
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
