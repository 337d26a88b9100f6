"""Write one pass over a row: all pointwise operators between two products, in vector registers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from elman.engine.cpu.blocks import folded
from elman.engine.cpu.functions import pointwise
from elman.engine.cpu.llvm import Writer
from elman.engine.planning.language import Cat, Const, Gather, Numbers, Pointwise, Reduction, Slice, Theta, Value
from elman.engine.planning.program import Buffer, Homes, Place, Store, held, home_of, through

__all__ = ["Pass", "share"]

Wanted = tuple[Value, int, int, bool]  # columns of a value: from the start, that many, or one number per row if flat


def share(w: Writer, whole: str | int) -> tuple[str, str]:
    """Write the thread's own range of ``whole`` items; return its begin and its end."""
    edges = [w.integer("mul", whole, at) for at in ("%thread", w.integer("add", "%thread", 1))]
    return w.integer("sdiv", edges[0], "%count"), w.integer("sdiv", edges[1], "%count")


@dataclass
class Pass:
    """Writes the stores of one level in one row."""

    w: Writer
    homes: Homes
    level: int
    theta: dict[int, str]  # address of each
    rows: dict[Buffer, str]  # address of the row in each
    wide: bool  # whether threads share the columns
    # the fields below change while a pass is written
    memo: dict[tuple[Value, int, bool], str] = field(default_factory=dict)
    totals: dict[Place, str] = field(default_factory=dict)  # slots of the reductions
    column: str = "0"
    mask: str | None = None

    def write(self, stores: Sequence[Store]) -> None:
        """Write the pass that computes these stores."""
        w, V = self.w, self.w.lanes
        for store in stores:
            if isinstance(store.mode, Reduction) and store.place not in self.totals:
                slot = self.totals[store.place] = w.slot(V.type)
                w.put(f"store {V.type} {V.splat(store.mode.start)}, ptr {slot}")
        for width in dict.fromkeys(store.width for store in stores):
            self.columns([store for store in stores if store.width == width], width)
        for store in stores:
            if isinstance(store.mode, Reduction) and store.place in self.totals:
                self.finish(self.totals.pop(store.place), store.place, store.mode)

    def columns(self, group: Sequence[Store], width: int) -> None:
        """Write stores of the same width: a loop over whole vectors, then the shorter last one."""
        w, V = self.w, self.w.lanes
        self.memo = {}
        self.column, self.mask = "0", None
        if width == 1:
            with self.one_thread():
                self.body(group, True)
            return
        for store in group:
            self.flat_parts(store.value, store.start, width)
        outside = dict(self.memo)
        start: str | int
        stop: str | int
        whole = width // V.count * V.count
        if whole:
            start, stop = (0, whole)
            if self.wide:
                start, stop = (w.integer("mul", edge, V.count) for edge in share(w, whole // V.count))
            with w.loop(stop, V.count, start) as j:
                self.column = j
                self.body(group, False)
        if width > whole:
            self.memo = outside
            self.column, self.mask = str(whole), w.mask_of(width - whole)
            with self.one_thread():
                self.body(group, False)

    def one_thread(self) -> AbstractContextManager[None]:
        """Open a block that only one of the threads sharing a row runs."""
        return self.w.when(self.w.do("icmp eq i64 %thread, 0")) if self.wide else nullcontext()

    def finish(self, slot: str, place: Place, how: Reduction) -> None:
        """Fold the lanes of a reduction, halves onto halves."""
        w, V = self.w, self.w.lanes
        value = w.do(f"load {V.type}, ptr {slot}")
        value = folded(w, how, value)
        first = w.do(f"extractelement {V.type} {value}, i32 0")
        w.put(f"store {V.scalar} {first}, ptr {w.at(self.rows[place.buffer], place.column)}")

    def flat_parts(self, value: Value, start: int, width: int) -> None:
        """Compute values of one number per row before the loop over columns."""
        stack, seen = [(value, start)], set()
        while stack:
            v, s = stack.pop()
            if (v, s) in seen or self.home(v, s, width) is not None:
                continue
            seen.add((v, s))
            if isinstance(v, (Slice, Cat)):
                stack += [(u, first) for u, first, _ in through(v, s, width)]
            elif isinstance(v, Pointwise):
                for arg in v.args:
                    if arg.width == 1:
                        self.value(arg, 0, 1, True)
                    else:
                        stack.append((arg, s))

    def home(self, value: Value, start: int, width: int) -> Place | None:
        """Return the place from which columns of a value can be loaded, or None."""
        found = home_of(self.homes, value, start, width, self.level)
        return None if found is None else found[0]

    def body(self, group: Sequence[Store], flat: bool) -> None:
        """Write the stores of the current columns, or of one number per row if ``flat``."""
        # every load before any store, so that a new state may replace the old one in place
        values = [self.value(store.value, store.start, store.width, flat) for store in group]
        for store, value in zip(group, values, strict=True):
            if isinstance(store.mode, Reduction):
                self.fold(self.totals[store.place], store.mode, value, flat)
            else:
                self.put(store, value, flat)

    def fold(self, slot: str, how: Reduction, value: str, flat: bool) -> None:
        """Write the current columns' part of a reduction."""
        w, V = self.w, self.w.lanes
        mask = w.mask_of(1) if flat else self.mask
        if mask is not None:
            value = w.select(mask, value, V.splat(how.start))
        total = pointwise(w, how.combine, [w.do(f"load {V.type}, ptr {slot}"), value])
        w.put(f"store {V.type} {total}, ptr {slot}")

    def put(self, store: Store, value: str, flat: bool) -> None:
        """Write one store."""
        w, V = self.w, self.w.lanes
        address = w.at(w.at(self.rows[store.place.buffer], store.place.column), self.column)
        if flat:
            number = w.do(f"extractelement {V.type} {value}, i32 0")
            if store.mode == "add":
                number = w.do(f"fadd {V.scalar} {w.do(f'load {V.scalar}, ptr {address}')}, {number}")
            w.put(f"store {V.scalar} {number}, ptr {address}")
            return
        if store.mode == "add":
            value = w.op("fadd", w.load(address, self.mask), value)
        w.store(value, address, self.mask)

    def value(self, value: Value, start: int, width: int, flat: bool) -> str:
        """Return the vector of a value, computed once."""
        wanted = self.resolved(value, start, width, flat)
        stack = [wanted]  # and not recursion, because a step may chain thousands of operators
        while stack:
            if _key(top := stack[-1]) in self.memo:
                stack.pop()
            elif missing := [read for read in self.operands(*top) if _key(read) not in self.memo]:
                stack += reversed(missing)
            else:
                self.memo[_key(top)] = self.compute(*top)
        return self.memo[_key(wanted)]

    def resolved(self, value: Value, start: int, width: int, flat: bool) -> Wanted:
        """Return the columns of a slice or concatenation that is not in memory as columns of its operand."""
        if isinstance(value, (Slice, Cat)) and self.home(value, start, width) is None:
            ((value, start, _),) = through(value, start, width)
            flat = flat or (value.width == 1 and width == 1)
        return value, start, width, flat

    def operands(self, value: Value, start: int, width: int, flat: bool) -> list[Wanted]:
        """Return what :meth:`compute` reads besides memory."""
        if not isinstance(value, Pointwise) or self.home(value, start, width) is not None:
            return []
        return [
            self.resolved(arg, start, width, flat) if arg.width > 1 else self.resolved(arg, 0, 1, True)
            for arg in value.args
        ]

    def compute(self, value: Value, start: int, width: int, flat: bool) -> str:
        """Write the computation of a value whose operands are computed."""
        w, V = self.w, self.w.lanes
        if isinstance(value, Const):
            return V.splat(value.number)
        found = self.home(value, start, width)
        if found is not None:
            return self.load(w.at(self.rows[found.buffer], found.column), 0, flat)
        if isinstance(value, Theta):
            return self.load(self.theta[value.index], start, flat)
        if isinstance(value, Numbers):
            if flat:
                return V.splat(value.numbers[start])
            return w.load(w.at(w.table(value.numbers[start : start + width], V.scalar), self.column), self.mask)
        if isinstance(value, Gather):
            return self.gathered(value.args[0], value.index[start : start + width], flat)
        assert isinstance(value, Pointwise), f"{value} has no home at level {self.level}"
        args = [self.memo[_key(read)] for read in self.operands(value, start, width, flat)]
        if value.op == "add" and V.splat(0) in args:  # the zero padding of a slice's gradient
            return args[args[0] == V.splat(0)]
        return pointwise(w, value.op, args)

    def gathered(self, source: Value, index: tuple[int, ...], flat: bool) -> str:
        """Load columns in another order: vectors of neighbours or of one number where each is so, else one by one."""
        w, V = self.w, self.w.lanes
        theta = held(source)
        if theta is not None:
            base = w.at(self.theta[theta.index], theta.column)
        else:
            place = self.home(source, 0, source.width)
            assert place is not None, f"{source} is not in memory at level {self.level}"
            base = w.at(self.rows[place.buffer], place.column)
        if flat:
            return w.broadcast(w.do(f"load {V.scalar}, ptr {w.at(base, index[0])}"))
        whole = len(index) // V.count * V.count
        vectors = [index[i : i + V.count] for i in range(0, whole, V.count)] if self.mask is None else [index[whole:]]
        place_of = w.table([vector[0] for vector in vectors], "i32")
        number = w.integer("sdiv", self.column, V.count) if self.mask is None else 0
        if all(vector == tuple(range(vector[0], vector[0] + len(vector))) for vector in vectors):
            return w.load(w.at(base, self.entry(place_of, number)), self.mask)
        if all(len(set(vector)) == 1 for vector in vectors):
            return w.broadcast(w.do(f"load {V.scalar}, ptr {w.at(base, self.entry(place_of, number))}"))
        table = w.table([*index, *[0] * (-len(index) % V.count)], "i32")
        places = w.do(f"load <{V.count} x i32>, ptr {w.at(table, self.column, 'i32')}, align 4")
        return w.gather(base, places, self.mask)

    def entry(self, table: str, number: str | int) -> str:
        """Load an entry of a table of places."""
        w = self.w
        address = w.at(table, number, "i32")
        return w.do(f"sext i32 {w.do(f'load i32, ptr {address}')} to i64")

    def load(self, address: str, column: int, flat: bool) -> str:
        """Load the current columns of a row, or one number of it into every lane."""
        w = self.w
        address = w.at(w.at(address, column), self.column if not flat else 0)
        if flat:
            return w.broadcast(w.do(f"load {w.lanes.scalar}, ptr {address}"))
        return w.load(address, self.mask)


def _key(wanted: Wanted) -> tuple[Value, int, bool]:
    value, start, _, flat = wanted
    return value, start, flat
