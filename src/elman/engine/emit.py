"""A program of levels, written out as one LLVM function over the whole sequence."""

from contextlib import nullcontext

from elman.engine.functions import pointwise
from elman.engine.product import Tile
from elman.engine.schedule import REDUCTIONS, Buffer, Level, Place, Program, Store, through
from elman.engine.text import Writer
from elman.engine.values import Matrix, Value

__all__ = ["Layout", "can_be_wide", "program_text"]


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


class _Emitter:
    def __init__(self, program: Program, layout: Layout, tile: Tile, declared: set[str], wide: bool):
        self.wide = wide
        self.program, self.layout, self.tile = program, layout, tile
        self.w = Writer(tile.lanes, declared)
        self.rows: dict[Buffer, str] = {}  # address of the current row
        self.memo: dict[tuple[Value, int, bool], str] = {}
        self.level = 0
        self.column = "0"
        self.mask: str | None = None

    def text(self, name: str) -> str:
        w = self.w
        w.arguments(table="ptr", starts="ptr", sizes="ptr", T="i64", reverse="i64", arrived="ptr", ranges="ptr")
        w.own_range()
        pointers = iter(range(10**6))
        table = lambda: w.do(f"load ptr, ptr {w.at('%table', next(pointers), 'ptr')}")  # noqa: E731
        self.phase = w.slot("i64")
        w.put(f"store i64 0, ptr {self.phase}")
        self.product = table()
        self.base = {buffer: table() for buffer in self.layout.buffers}
        self.panels = {matrix: table() for matrix in self.layout.matrices}
        self.theta = {index: table() for index in self.layout.thetas}
        carried = [(buffer, table(), table()) for buffer in self.layout.carried]
        for buffer, enter, _ in carried:
            self.carry(buffer, enter, enters=True)
        if self.wide:
            self.barrier()
        for buffer in self.layout.buffers:
            if buffer.kind == "sum":
                self.base[buffer] = w.at(self.base[buffer], w.integer("mul", "%thread", buffer.width))
        backwards = w.do("icmp ne i64 %reverse, 0")
        with w.loop("%T") as step:
            flipped = w.integer("sub", w.integer("sub", "%T", 1), step)
            t = w.do(f"select i1 {backwards}, i64 {flipped}, i64 {step}")
            alive = w.do(f"load i64, ptr {w.at('%sizes', t, 'i64')}")
            m = w.integer("sub", w.min(alive, "%last"), "%first")
            with w.when(w.do(f"icmp sgt i64 {m}, 0")):
                packed = w.integer("add", w.do(f"load i64, ptr {w.at('%starts', t, 'i64')}"), "%first")
                self.firsts = {"packed": packed, "row": "%first"}
                self.step(m)
        for buffer, _, leave in carried:
            self.carry(buffer, leave, enters=False)
        w.put("ret void")
        return w.function(f"define void @{name}(ptr %job, i64 %thread, i64 %count) #0")

    def carry(self, buffer: Buffer, dense: str, enters: bool) -> None:
        """Copy the thread's rows of a carried buffer from or to the caller's; without any to enter, they are zero."""
        w, size = self.w, buffer.width * self.tile.lanes.bytes
        w.declare("void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        w.declare("void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        given = w.do(f"icmp ne ptr {dense}, null")
        with w.when(w.do("icmp eq i64 %thread, 0")) if self.wide else nullcontext():
            with w.when(given), w.loop("%last", 1, "%first") as r:
                here = w.at(self.base[buffer], w.integer("mul", r, self.layout.stride(buffer)))
                there = w.at(dense, w.integer("mul", r, buffer.width))
                to, source = (here, there) if enters else (there, here)
                w.put(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {source}, i64 {size}, i1 false)")
            if enters:
                with w.when(w.do(f"xor i1 {given}, true")), w.loop("%last", 1, "%first") as r:
                    here = w.at(self.base[buffer], w.integer("mul", r, self.layout.stride(buffer)))
                    w.put(f"call void @llvm.memset.p0.i64(ptr {here}, i8 0, i64 {size}, i1 false)")

    def share(self, whole: str | int) -> tuple[str, str]:
        """Return the thread's own part of ``whole`` things, first and last."""
        w = self.w
        edges = [w.integer("mul", whole, at) for at in ("%thread", w.integer("add", "%thread", 1))]
        return w.integer("sdiv", edges[0], "%count"), w.integer("sdiv", edges[1], "%count")

    def barrier(self) -> None:
        """Wait, spinning, until every thread has come here."""
        w = self.w
        goal = w.integer("add", w.do(f"load i64, ptr {self.phase}"), "%count")
        w.put(f"store i64 {goal}, ptr {self.phase}")
        w.do("atomicrmw add ptr %arrived, i64 1 seq_cst")
        spins, head, again, rest, end = w.slot("i64"), *(w.name(s) for s in ("spin", "again", "rest", "met"))
        w.put(f"store i64 0, ptr {spins}")
        w.put(f"br label {head}")
        w.label(head)
        seen = w.do("load atomic i64, ptr %arrived seq_cst, align 8")
        w.put(f"br i1 {w.do(f'icmp sge i64 {seen}, {goal}')}, label {end}, label {again}")
        w.label(again)
        number = w.integer("add", w.do(f"load i64, ptr {spins}"), 1)
        w.put(f"store i64 {number}, ptr {spins}")
        tired = w.do(f"icmp sgt i64 {number}, 20000")  # some microseconds: the other thread is not running
        w.put(f"br i1 {tired}, label {rest}, label {head}")
        w.label(rest)
        w.declare("i32 @sched_yield()")
        w.do("call i32 @sched_yield()")
        w.put(f"br label {head}")
        w.label(end)

    def step(self, m: str) -> None:
        run: list[tuple[int, Level]] = []
        for number, level in enumerate(self.program.levels):
            if level.products and run:
                self.passes(m, run)
                run = []
            for product in level.products:
                a, c = self.address(product.operand), self.address(product.place)
                panels: str | int = -(-product.matrix.n // self.tile.columns)
                weights = self.panels[product.matrix]
                if self.wide:
                    start, stop = self.share(panels)
                    panels = self.w.integer("sub", stop, start)
                    start = self.w.integer("mul", start, self.tile.columns)
                    c = self.w.at(c, start)
                    weights = self.w.at(weights, self.w.integer("mul", start, product.matrix.k))
                self.w.put(
                    f"call void {self.product}(ptr {a}, i64 {self.layout.stride(product.operand.buffer)}, "
                    f"ptr {weights}, i64 {product.matrix.k}, ptr {c}, "
                    f"i64 {self.layout.stride(product.place.buffer)}, i64 {m}, i64 {panels})"
                )
            if self.wide and level.products:
                self.barrier()
            if self.wide and level.stores:
                self.passes(m, [(number, level)])
                self.barrier()
            elif level.stores:
                run.append((number, level))
        if run:
            self.passes(m, run)

    def address(self, place: Place) -> str:
        """Where a place lies in the thread's first row."""
        w, buffer = self.w, place.buffer
        row = w.integer("mul", self.firsts[buffer.kind], self.layout.stride(buffer))
        return w.at(self.base[buffer], w.integer("add", row, place.column))

    def passes(self, m: str, levels: list[tuple[int, Level]]) -> None:
        w = self.w
        bases = {b: self.address(Place(b)) for b in self.layout.buffers if b.kind in self.firsts}
        with w.loop(m) as r:
            self.rows = {b: w.at(base, w.integer("mul", r, self.layout.stride(b))) for b, base in bases.items()}
            self.rows.update({b: base for b, base in self.base.items() if b.kind == "sum"})
            for number, level in levels:
                self.level = number
                self.one_pass(level.stores)

    def one_pass(self, stores: list[Store]) -> None:
        w, V = self.w, self.tile.lanes
        self.totals: dict[Place, str] = {}
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
        for s, n, place, after in self.program.homes.get(value, ()):
            if s <= start and start + width <= s + n and after < self.level:
                return Place(place.buffer, place.column + start - s)
        return None

    def body(self, group: list[Store], flat: bool) -> None:
        # every load before any store, so that a new state may replace the old one in place
        values = [self.value(store.value, store.start, store.width, flat) for store in group]
        for store, value in zip(group, values, strict=True):
            self.put(store, value, flat)

    def put(self, store: Store, value: str, flat: bool) -> None:
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
        if value.op in ("slice", "cat") and self.program_home(value, start, width) is None:
            ((value, start, _),) = through(value, start, width)
            flat = flat or (value.width == 1 and width == 1)
        key = (value, start, flat)
        if key not in self.memo:
            self.memo[key] = self.compute(value, start, width, flat)
        return self.memo[key]

    def compute(self, value: Value, start: int, width: int, flat: bool) -> str:
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


def can_be_wide(program: Program) -> bool:
    """Say whether a step's columns can be shared out among threads, which a sum over them forbids."""
    products = any(level.products for level in program.levels)
    return products and not any(s.mode in REDUCTIONS for level in program.levels for s in level.stores)


def program_text(
    name: str, program: Program, layout: Layout, tile: Tile, declared: set[str], wide: bool = False
) -> str:
    """Return ``name(job, thread, count)``; the job is ``table, starts, sizes, T, reverse, arrived, ranges``.

    It runs the thread's own range of the batch's rows through all T steps; ``table`` holds the address of the
    product, of each buffer, of each matrix's panels, of each theta, and for each carried buffer those of the
    caller's rows before and after, in the order of ``layout``.

    A ``wide`` kernel shares out the columns of each step instead, and waits for the others between levels:
    for a batch with fewer rows than threads.
    """
    return _Emitter(program, layout, tile, declared, wide).text(name)
