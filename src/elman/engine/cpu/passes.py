"""One pass over a row: every pointwise run between two products, written out in vector registers."""

from contextlib import nullcontext

from elman.engine.cpu.functions import pointwise
from elman.engine.cpu.llvm import Writer
from elman.engine.cpu.product import Tile
from elman.engine.planning.language import Matrix, Value
from elman.engine.planning.schedule import REDUCTIONS, Buffer, Place, Program, Store, home_of, through

__all__ = ["Layout", "Passes"]


class Layout:
    """The order in which a kernel finds its pointers, and how far apart rows lie."""

    def __init__(self, program: Program, tile: Tile):
        self.buffers = program.buffers
        self.matrices: list[Matrix] = []
        self.thetas: list[int] = []
        for level in program.levels:
            self.matrices += [p.matrix for p in level.products if p.matrix not in self.matrices]
            for store in level.stores:
                self.find_thetas(store.value)
        self.carried = [buffer for buffer in program.buffers if buffer.carried]
        self.columns = tile.columns

    def find_thetas(self, value: Value) -> None:
        """Add the thetas that a value reads."""
        stack, seen = [value], set()
        while stack:
            v = stack.pop()
            if v not in seen:
                seen.add(v)
                stack += v.args
                if v.op == "theta" and v.attr not in self.thetas:
                    self.thetas.append(v.attr)

    def stride(self, buffer: Buffer) -> int:
        """Numbers from one row to the next. Products write whole panels, so rows of the batch are padded."""
        return -(-buffer.width // self.columns) * self.columns if buffer.kind == "row" else buffer.width


class Passes:
    """Writes passes; what a program does around them is its subclass's."""

    def __init__(self, program: Program, layout: Layout, tile: Tile, declared: set[str], wide: bool):
        self.wide = wide
        self.program, self.layout, self.tile = program, layout, tile
        self.w = Writer(tile.lanes, declared)
        self.theta: dict[int, str] = {}  # address of each
        self.rows: dict[Buffer, str] = {}  # address of the current row
        self.memo: dict[tuple[Value, int, bool], str] = {}
        self.totals: dict[Place, str] = {}
        self.level = 0
        self.column = "0"
        self.mask: str | None = None

    def share(self, whole: str | int) -> tuple[str, str]:
        """Return the thread's own part of ``whole`` things, first and last."""
        w = self.w
        edges = [w.integer("mul", whole, at) for at in ("%thread", w.integer("add", "%thread", 1))]
        return w.integer("sdiv", edges[0], "%count"), w.integer("sdiv", edges[1], "%count")

    def one_pass(self, stores: list[Store]) -> None:
        """Write the pass that makes these stores in the current row."""
        w, V = self.w, self.tile.lanes
        self.totals = {}
        for store in stores:
            if store.mode in REDUCTIONS and store.place not in self.totals:
                slot = self.totals[store.place] = w.slot(V.type)
                w.put(f"store {V.type} {V.splat(self.neutral(store.mode))}, ptr {slot}")
        for width in dict.fromkeys(store.width for store in stores):
            group = [store for store in stores if store.width == width]
            self.memo = {}
            self.column, self.mask = "0", None
            if width == 1:
                with w.when(w.do("icmp eq i64 %thread, 0")) if self.wide else nullcontext():
                    self.body(group, True)
                continue
            for store in group:
                self.flat_parts(store.value, store.start, width)
            outside = dict(self.memo)
            start: str | int
            stop: str | int
            whole = width // V.count * V.count
            if whole:
                start, stop = (0, whole)
                if self.wide:
                    start, stop = (w.integer("mul", edge, V.count) for edge in self.share(whole // V.count))
                with w.loop(stop, V.count, start) as j:
                    self.column = j
                    self.body(group, False)
            if width > whole:
                self.memo = outside
                self.column, self.mask = str(whole), w.mask_of(width - whole)
                with w.when(w.do("icmp eq i64 %thread, 0")) if self.wide else nullcontext():
                    self.body(group, False)
        for store in stores:
            if store.place in self.totals:
                self.finish(self.totals.pop(store.place), store)

    def neutral(self, mode: str) -> float:
        """Return what a reduction starts from."""
        return 0.0 if mode == "sum" else float("-inf")

    def finish(self, slot: str, store: Store) -> None:
        """Fold the lanes of a reduction, halves onto halves."""
        w, V = self.w, self.tile.lanes
        value = w.do(f"load {V.type}, ptr {slot}")
        shift = V.count // 2
        while shift:
            order = ", ".join(f"i32 {(i + shift) % V.count}" for i in range(V.count))
            moved = w.do(f"shufflevector {V.type} {value}, {V.type} poison, <{V.count} x i32> <{order}>")
            value = self.fold(store.mode, value, moved)
            shift //= 2
        first = w.do(f"extractelement {V.type} {value}, i32 0")
        w.put(f"store {V.scalar} {first}, ptr {w.at(self.rows[store.place.buffer], store.place.column)}")

    def fold(self, mode: str, a: str, b: str) -> str:
        """Combine two vectors of a reduction."""
        return pointwise(self.w, "add" if mode == "sum" else "max", [a, b])

    def flat_parts(self, value: Value, start: int, width: int) -> None:
        """Compute what is one number a row before the loop over its columns."""
        stack, seen = [(value, start)], set()
        while stack:
            v, s = stack.pop()
            if (v, s) in seen or self.program_home(v, s, width) is not None:
                continue
            seen.add((v, s))
            if v.op in ("slice", "cat"):
                stack += [(u, first) for u, first, _ in through(v, s, width)]
            elif v.op not in REDUCTIONS and v.op != "mm":
                for arg in v.args:
                    if arg.width == 1:
                        self.value(arg, 0, 1, True)
                    else:
                        stack.append((arg, s))

    def program_home(self, value: Value, start: int, width: int) -> Place | None:
        """Return where columns of a value can be loaded from."""
        found = home_of(self.program.homes, value, start, width, self.level)
        return None if found is None else found[0]

    def body(self, group: list[Store], flat: bool) -> None:
        """Write the stores of the current columns, or of one number a row if ``flat``."""
        # every load before any store, so that a new state may replace the old one in place
        values = [self.value(store.value, store.start, store.width, flat) for store in group]
        for store, value in zip(group, values, strict=True):
            self.put(store, value, flat)

    def put(self, store: Store, value: str, flat: bool) -> None:
        """Write one store."""
        w, V = self.w, self.tile.lanes
        if store.mode in REDUCTIONS:
            slot = self.totals[store.place]
            mask = w.mask_of(1) if flat else self.mask
            if mask is not None:
                value = w.select(mask, value, V.splat(self.neutral(store.mode)))
            total = self.fold(store.mode, w.do(f"load {V.type}, ptr {slot}"), value)
            w.put(f"store {V.type} {total}, ptr {slot}")
            return
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
        if value.op in ("slice", "cat") and self.program_home(value, start, width) is None:
            ((value, start, _),) = through(value, start, width)
            flat = flat or (value.width == 1 and width == 1)
        key = (value, start, flat)
        if key not in self.memo:
            self.memo[key] = self.compute(value, start, width, flat)
        return self.memo[key]

    def compute(self, value: Value, start: int, width: int, flat: bool) -> str:
        """Write what computes a value."""
        w, V = self.w, self.tile.lanes
        if value.op == "const":
            return V.splat(value.attr)
        found = self.program_home(value, start, width)
        if found is not None or value.op == "theta":
            address = self.theta[value.attr] if found is None else w.at(self.rows[found.buffer], found.column)
            column = start if found is None else 0
            address = w.at(w.at(address, column), self.column if not flat else 0)
            if flat:
                return w.broadcast(w.do(f"load {V.scalar}, ptr {address}"))
            return w.load(address, self.mask)
        lost = value.op in ("mm", *REDUCTIONS) or not value.args
        assert not lost, f"{value.op} has no home at level {self.level}"
        args = []
        for arg in value.args:
            wide = arg.width > 1
            args.append(self.value(arg, start if wide else 0, width if wide else 1, flat or not wide))
        if value.op == "add" and V.splat(0) in args:  # what a slice's gradient is padded with
            return args[args[0] == V.splat(0)]
        return pointwise(w, value.op, args)
