"""Schedule the stores of a program: find its levels and buffers."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from elman.engine.planning.language import (
    Cat,
    Const,
    Gather,
    Input,
    MatMul,
    Numbers,
    Pointwise,
    Reduce,
    Reduction,
    Slice,
    Theta,
    Value,
    is_block,
    is_cheap,
)
from elman.engine.planning.program import (
    BEFORE,
    Block,
    Buffer,
    Columns,
    Held,
    Homes,
    Level,
    Place,
    Product,
    Program,
    Store,
    held,
    home_of,
    through,
)

__all__ = ["Scheduler", "cuts"]


class Scheduler:
    """Collects the stores of one program, and schedules the values that they need."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.homes: dict[Value, list[tuple[int, int, Place, int]]] = {}
        self.stores: list[Store] = []
        self.products: dict[Value, Product] = {}
        self.blocks: dict[Value, Block] = {}
        self.levels: dict[Columns, int] = {}
        self.scratch = 0

    def buffer(self, name: str, kind: Literal["packed", "row", "sum"], width: int, carried: bool = False) -> Buffer:
        """Add a buffer."""
        made = Buffer(name, kind, width, carried)
        self.buffers.append(made)
        return made

    def temporary(self, width: int) -> Place:
        """Add a buffer for use within a step."""
        self.scratch += 1
        return Place(self.buffer(f"scratch{self.scratch}", "row", width))

    def give(self, value: Value, place: Place, start: int = 0, width: int | None = None, level: int = BEFORE) -> None:
        """Declare that columns of a value are in memory after ``level``."""
        self.homes.setdefault(value, []).append((start, value.width if width is None else width, place, level))

    def home(self, value: Value, start: int, width: int, level: int = 10**9) -> tuple[Place, int] | None:
        """Return the place from which a pass of ``level`` can load columns, and after which level it is there."""
        return home_of(self.homes, value, start, width, level)

    def store(
        self,
        value: Value,
        place: Place,
        mode: Literal["set", "add"] | Reduction = "set",
        start: int = 0,
        width: int | None = None,
    ) -> int:
        """Schedule a store of columns of a value; return the level after which they are in memory."""
        return max((piece.level for piece in self.pieces(value, place, mode, start, width)), default=BEFORE)

    def pieces(
        self,
        value: Value,
        place: Place,
        mode: Literal["set", "add"] | Reduction = "set",
        start: int = 0,
        width: int | None = None,
    ) -> list[Store]:
        """Do the same as :meth:`store`; return the stores, split where the value's parts begin."""
        width = value.width if width is None else width
        edges = self.edges(value, start, width)
        levels = [self.level(value, start + a, b - a) for a, b in pairwise(edges)]
        reduces = isinstance(mode, Reduction)
        if reduces:
            levels = [max(levels)] * len(levels)  # one pass adds them all
        stores = [
            Store(value, start + a, b - a, place if reduces else place.after(a), mode, level)
            for (a, b), level in zip(pairwise(edges), levels, strict=True)
        ]
        self.stores += stores
        return stores

    def edges(self, value: Value, start: int, width: int) -> list[int]:
        """Return where, within ``width`` columns, the stores of a value begin and end."""
        return sorted({0, width, *cuts(value, start, width, self.homes)})

    def level(self, value: Value, start: int, width: int) -> int:
        """Return the first level whose pass can compute these columns."""
        stack = [(value, start, width)]  # and not recursion, because a step may chain thousands of operators
        while stack:
            if (top := stack[-1]) in self.levels:
                stack.pop()
            elif missing := [columns for columns in self.needed(*top) if columns not in self.levels]:
                stack += reversed(missing)
            else:
                self.levels[top] = self.find_level(*top)
        return self.levels[value, start, width]

    def needed(self, value: Value, start: int, width: int) -> list[Columns]:
        """Return the columns whose levels :meth:`find_level` needs."""
        if self.home(value, start, width, 0) is not None:
            return []
        match value:
            case Reduce() if not is_block(value):
                return [] if self.home(value, 0, 1) is not None else self.parts(value.args[0])
            case MatMul() | Gather():
                (operand,) = value.args
                there = value in self.products or held(operand) or self.operand_home(operand)
                return [] if there else self.parts(operand)
            case _ if is_block(value):
                stored = () if value in self.blocks else value.args
                stored = [arg for arg in stored if not held(arg) and self.operand_home(arg) is None]
                return [columns for arg in stored for columns in self.parts(arg)]
            case Slice() | Cat():
                return through(value, start, width)
        return operands(value, start, width)

    def parts(self, value: Value) -> list[Columns]:
        """Return all columns of a value, split where its stores begin."""
        return [(value, a, b - a) for a, b in pairwise(self.edges(value, 0, value.width))]

    def find_level(self, value: Value, start: int, width: int) -> int:
        """Compute :meth:`level` from known levels, and schedule the products and reductions needed."""
        # Do not wait for a store of the same step: its value can be computed twice.
        if self.home(value, start, width, 0) is not None:
            return 0
        match value:
            case MatMul():
                return self.product(value).level
            case Gather():
                return 0 if held(value.args[0]) else self.in_memory(value.args[0])[1] + 1
            case _ if is_block(value):
                return self.block(value).level + 1
            case Reduce():
                return self.reduction(value) + 1
        return max((self.levels[columns] for columns in self.needed(value, start, width)), default=0)

    def reduction(self, value: Reduce) -> int:
        """Schedule a reduction; return the level after which it is in memory."""
        if (found := self.home(value, 0, 1)) is not None:
            return found[1]
        place = self.temporary(1)
        after = self.store(value.args[0], place, value.how)
        self.give(value, place, level=after)
        return after

    def product(self, value: MatMul) -> Product:
        """Schedule a product, and before it the store of its operand."""
        if value not in self.products:
            place, after = self.in_memory(value.args[0])
            out = self.temporary(value.width)
            self.products[value] = Product(value, place, out, after + 1)
            # the product runs before the pass of its level, so the pass may read it
            self.give(value, out, level=after)
        return self.products[value]

    def operand_home(self, operand: Value) -> tuple[Place, int] | None:
        """Return the place of a product's operand in memory, and after which level it is there; or None."""
        pieces = through(operand, 0, operand.width)
        found = self.home(*pieces[0]) if len(pieces) == 1 else None
        return self.home(operand, 0, operand.width) if found is None else found

    def in_memory(self, operand: Value) -> tuple[Place, int]:
        """Return where a whole value is, and after which level; schedule its store if it is not in memory."""
        found = self.operand_home(operand)
        if found is None:
            place = self.temporary(operand.width)
            after = self.store(operand, place)
            self.give(operand, place, level=after)
            return place, after
        return found

    def block(self, value: Value) -> Block:
        """Schedule a block, and before it the stores of its operands."""
        if value not in self.blocks:
            operands: list[Place | Held] = []
            level = 0
            for operand in value.args:
                found = held(operand)
                if found is None:
                    found, after = self.in_memory(operand)
                    level = max(level, after + 1)
                operands.append(found)
            out = self.temporary(value.width)
            self.blocks[value] = Block(value, tuple(operands), out, level)
            self.give(value, out, level=level)
        return self.blocks[value]

    def keep_what_returns(self) -> None:
        """Store expensive values that several levels read when they are first computed."""
        while True:
            uses: dict[Columns, set[int]] = {}
            for store in self.stores:
                for key in self.costly(store.value, store.start, store.width, store.level):
                    uses.setdefault(key, set()).add(store.level)
            twice = [(min(levels), key) for key, levels in uses.items() if len(levels) > 1]
            if not twice:
                return
            _, (value, start, width) = min(twice, key=lambda item: item[0])
            place = self.temporary(width)
            self.give(value, place, start, width, self.store(value, place, "set", start, width))

    def costly(self, value: Value, start: int, width: int, level: int) -> Iterable[Columns]:
        """Yield the values worth storing among those that these columns are computed from."""
        seen: set[Columns] = set()
        stack = [(value, start, width)]
        while stack:
            columns = stack.pop()
            if columns in seen or is_leaf(columns[0]) or self.home(*columns, level) is not None:
                continue
            seen.add(columns)
            match columns[0]:
                case Slice() | Cat():
                    stack += through(*columns)
                case Pointwise() as v:
                    if not is_cheap(v):
                        yield columns
                    stack += operands(*columns)

    def finish(self, states: list[tuple[Value, Buffer, Value]]) -> Program:
        """Add the new states, each ``(its value, its buffer, the value now in that buffer)``."""
        direct = [self.pieces(value, Place(buffer)) if value is not old else [] for value, buffer, old in states]
        self.keep_what_returns()
        end = self.count()
        for (_, buffer, _), pieces in zip(states, direct, strict=True):
            if any(self.read_late(buffer, piece) for piece in pieces):
                for piece in pieces:
                    self.put_aside(piece, Place(buffer, piece.start), end)
        levels = tuple(
            Level(
                tuple(p for p in self.products.values() if p.level == number),
                tuple(s for s in self.stores if s.level == number),
                tuple(b for b in self.blocks.values() if b.level == number),
            )
            for number in range(self.count())
        )
        return Program(tuple(self.buffers), levels, self.homes)

    def count(self) -> int:
        """Return how many levels there are."""
        levels = [one.level for one in (*self.stores, *self.products.values(), *self.blocks.values())]
        return 1 + max(levels, default=-1)

    def put_aside(self, piece: Store, place: Place, end: int) -> None:
        """Compute a new state in a temporary buffer, and move it to its place after all other levels."""
        waiting = self.temporary(piece.width)
        self.stores[self.stores.index(piece)] = replace(piece, place=waiting)
        late = Input(piece.width, True, (), "waiting", 0)
        self.give(late, waiting, level=piece.level)
        self.stores.append(Store(late, 0, piece.width, place, "set", end))

    def read_late(self, buffer: Buffer, write: Store) -> bool:
        """Return whether the old content of a buffer is still read after ``write`` begins."""
        if any(p.operand.buffer is buffer and p.level > write.level for p in self.products.values()):
            return True
        for block in self.blocks.values():
            reads = any(isinstance(place, Place) and place.buffer is buffer for place in block.operands)
            if reads and block.level > write.level:
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
            columns = stack.pop()
            if columns in seen:
                continue
            seen.add(columns)
            found = self.home(*columns, store.level)
            if found is not None:
                if found[0].buffer is buffer:
                    yield found[0].column, columns[2]
            elif isinstance(columns[0], (Slice, Cat)):
                stack += through(*columns)
            elif isinstance(columns[0], Gather):
                (operand,) = columns[0].args
                if not held(operand) and self.in_memory(operand)[0].buffer is buffer:
                    yield -1, columns[2]  # in another order
            else:
                stack += operands(*columns)


def is_leaf(value: Value) -> bool:
    """Return whether a value is an input or a constant, which need not be computed."""
    return isinstance(value, (Input, Theta, Const, Numbers))


def operands(value: Value, start: int, width: int) -> list[Columns]:
    """Return the columns of its operands that columns of a pointwise value are computed from."""
    return [(arg, start, width) if arg.width > 1 else (arg, 0, 1) for arg in value.args]


def cuts(value: Value, start: int, width: int, homes: Homes) -> set[int]:
    """Return where, within ``width`` columns, the parts of concatenated values meet."""
    found: set[int] = set()
    stack, seen = [(value, start, width, 0)], set()
    while stack:
        v, s, n, at = stack.pop()
        if (v, s, n, at) in seen or n == 0:
            continue
        seen.add((v, s, n, at))
        if any(a <= s and s + n <= a + m and after == BEFORE for a, m, _, after in homes.get(v, ())):
            continue
        match v:
            case Slice() | Cat():
                position = at
                for u, first, m in through(v, s, n):
                    found.add(position)
                    stack.append((u, first, m, position))
                    position += m
            case Pointwise():
                stack += [(a, s, n, at) for a in v.args if a.width > 1]
    return {edge for edge in found if 0 < edge < width}
