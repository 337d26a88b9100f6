"""Write a program of levels as one LLVM function over the whole sequence."""

from contextlib import nullcontext

from elman.engine.cpu.blocks import write_block
from elman.engine.cpu.layout import Layout
from elman.engine.cpu.llvm import Writer
from elman.engine.cpu.passes import Pass, share
from elman.engine.cpu.product import Tile
from elman.engine.planning.language import Reduction
from elman.engine.planning.program import Buffer, Held, Level, Place, Product, Program

__all__ = ["can_be_wide", "program_text"]


class _Emitter:
    """Writes the loop over time steps, and within it a step's levels: products, passes, barriers."""

    def __init__(self, program: Program, layout: Layout, tile: Tile, declared: set[str], wide: bool):
        self.program, self.layout, self.tile, self.wide = program, layout, tile, wide
        self.w = Writer(tile.lanes, declared)

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
        """Copy the thread's rows of a carried buffer from or to the caller's; on entry, None means zeros."""
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

    def barrier(self) -> None:
        """Spin until every thread has reached this point."""
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
                if product.value.groups > 1:
                    self.grouped(product, m)
                    continue
                a, c = self.address(product.operand), self.address(product.place)
                panels: str | int = -(-product.matrix.n // self.tile.columns)
                weights = self.panels[product.matrix]
                if self.wide:
                    start, stop = share(self.w, panels)
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
            elif level.stores or level.blocks:
                run.append((number, level))
        if run:
            self.passes(m, run)

    def grouped(self, product: Product, m: str) -> None:
        """Write a product for each group of columns. Each overwrites the padding that the one before has written."""
        w, matrix, groups = self.w, product.matrix, product.value.groups
        a, c = self.address(product.operand), self.address(product.place)
        panels = -(-matrix.n // self.tile.columns)
        with w.loop(groups) as g:
            block = w.integer("sdiv", w.integer("mul", g, matrix.blocks), groups)
            weights = w.integer("mul", block, panels * self.tile.columns * matrix.k)
            w.put(
                f"call void {self.product}(ptr {w.at(a, w.integer('mul', g, matrix.k))}, "
                f"i64 {self.layout.stride(product.operand.buffer)}, ptr {w.at(self.panels[matrix], weights)}, "
                f"i64 {matrix.k}, ptr {w.at(c, w.integer('mul', g, matrix.n))}, "
                f"i64 {self.layout.stride(product.place.buffer)}, i64 {m}, i64 {panels})"
            )

    def address(self, place: Place) -> str:
        """Return the address of a place in the thread's first row."""
        w, buffer = self.w, place.buffer
        row = w.integer("mul", self.firsts[buffer.kind], self.layout.stride(buffer))
        return w.at(self.base[buffer], w.integer("add", row, place.column))

    def passes(self, m: str, levels: list[tuple[int, Level]]) -> None:
        w = self.w
        bases = {b: self.address(Place(b)) for b in self.layout.buffers if b.kind in self.firsts}
        with w.loop(m) as r:
            rows = {b: w.at(base, w.integer("mul", r, self.layout.stride(b))) for b, base in bases.items()}
            rows.update({b: base for b, base in self.base.items() if b.kind == "sum"})
            for number, level in levels:
                for block in level.blocks:
                    places = [
                        w.at(self.theta[place.index], place.column)
                        if isinstance(place, Held)
                        else w.at(rows[place.buffer], place.column)
                        for place in block.operands
                    ]
                    write_block(w, block.value, places, w.at(rows[block.place.buffer], block.place.column))
                Pass(w, self.program.homes, number, self.theta, rows, self.wide).write(level.stores)


def can_be_wide(program: Program) -> bool:
    """Return whether threads can share a step's columns, which reductions, blocks and groups of columns prevent."""
    products = [product for level in program.levels for product in level.products]
    if any(level.blocks for level in program.levels) or any(p.value.groups > 1 for p in products):
        return False
    reduces = any(isinstance(s.mode, Reduction) for level in program.levels for s in level.stores)
    return bool(products) and not reduces


def program_text(
    name: str, program: Program, layout: Layout, tile: Tile, declared: set[str], wide: bool = False
) -> str:
    """Return ``name(job, thread, count)``; the job is ``table, starts, sizes, T, reverse, arrived, ranges``.

    The function runs the thread's own range of rows through all T steps. ``table`` holds the addresses of the
    product, of each buffer, of each matrix's panels, of each theta, and, for each carried buffer, of the caller's
    rows before and after, in the order of ``layout``.

    In a ``wide`` kernel, for a batch with fewer rows than threads, the threads share the columns of each step and
    wait for each other between levels.
    """
    return _Emitter(program, layout, tile, declared, wide).text(name)
