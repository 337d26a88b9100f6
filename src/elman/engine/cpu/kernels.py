"""Compile a plan's programs, and call them on tensors."""

from array import array
from ctypes import addressof, c_void_p

import torch
from torch import Tensor

from elman.engine.backend import Carried, Rows
from elman.engine.cpu.blocks import block_work
from elman.engine.cpu.compile import Code, compile_text, shared_address, tile_for
from elman.engine.cpu.dense import aligned, dense, pack
from elman.engine.cpu.emit import can_be_wide, program_text
from elman.engine.cpu.layout import Layout
from elman.engine.cpu.scratch import scratch
from elman.engine.cpu.threads import cut, openmp, spread
from elman.engine.planning.plan import Plan
from elman.engine.planning.program import Program

__all__ = ["Function", "compile_plan"]

WIDE_FROM = 1.5e5  # operations per step; below, waiting for the other threads takes longer than the work


class Function:
    """One compiled program, see :class:`elman.engine.backend.Function`."""

    def __init__(self, program: Program, dtype: torch.dtype):
        self.program, self.dtype = program, dtype
        self.tile, self.bytes = tile_for(torch.finfo(dtype).bits), dtype.itemsize
        self.code: Code | None = None
        self.address = self.wide = 0  # addresses of the compiled functions; wide is 0 if threads cannot share a step
        self.sums = [buffer for buffer in program.buffers if buffer.kind == "sum"]
        self.layout = Layout(program, self.tile)
        columns = self.tile.columns
        self.panels = [m.blocks * -(-m.n // columns) * columns * m.k * self.bytes for m in self.layout.matrices]
        self.row_sizes = [self.layout.stride(b) * self.bytes for b in program.buffers if b.kind == "row"]
        pointers = 1 + len(program.buffers) + len(self.layout.matrices) + len(self.layout.thetas)
        self.table = c_void_p * (pointers + 2 * len(self.layout.carried))
        self.work = 2.0 * sum(
            p.value.groups * p.matrix.k * p.matrix.n for level in program.levels for p in level.products
        ) + 30.0 * sum(s.width for level in program.levels for s in level.stores)
        self.work += sum(block_work(b.value) for level in program.levels for b in level.blocks)

    def shares(self, rows: Rows) -> tuple[list[tuple[int, int]], bool]:
        """Return the range of rows of each thread, and whether all threads share the columns of the same rows."""
        count = torch.get_num_threads()
        if rows.batch < count and self.wide and self.work * rows.batch > WIDE_FROM and openmp() is not None:
            return [(0, rows.batch)] * count, True
        return cut(rows.batch_sizes, rows.batch, self.work, count), False

    def __call__(
        self, tensors: dict[str, Tensor], enter: Carried, leave: Carried, thetas: list[Tensor],
        rows: Rows, reverse: bool,
    ) -> None:  # fmt: skip
        """Run the program. Every tensor that it reads or writes must be contiguous, see :func:`dense`."""
        ranges, together = self.shares(rows)
        for buffer in self.sums:  # each thread adds into its own row
            tensors[buffer.name] = torch.zeros(len(ranges), buffer.width, dtype=self.dtype)
        tensors = {name: dense(tensor) for name, tensor in tensors.items()}
        enter = {name: None if tensor is None else dense(tensor) for name, tensor in enter.items()}
        # the packed matrices come first, so that they are aligned to cache lines
        memory = scratch(*self.panels, *(rows.batch * size for size in self.row_sizes))
        vectors = {index: dense(thetas[index]) for index in self.layout.thetas}
        arrived = array("q", [0])
        held = (memory, tensors, enter, leave, vectors, rows, arrived)
        with memory as places:
            panels = places[: len(self.panels)]
            for matrix, at in zip(self.layout.matrices, panels, strict=True):
                weight = aligned(thetas[matrix.index])
                transposed = matrix.transposed
                shape = (matrix.n, matrix.k) if transposed else (matrix.k, matrix.n)
                size = -(-matrix.n // self.tile.columns) * self.tile.columns * matrix.k * self.bytes
                for i, block in enumerate(weight.reshape(matrix.blocks, *shape)):
                    pack(block.t() if transposed else block, at + i * size, (weight, block, held))
            of_rows = iter(places[len(self.panels) :])
            pointers: list[int | None] = [shared_address("product", self.tile.lanes.bits)]
            pointers += [
                next(of_rows) if buffer.kind == "row" else tensors[buffer.name].data_ptr()
                for buffer in self.program.buffers
            ]
            pointers += panels
            pointers += [vectors[index].data_ptr() for index in self.layout.thetas]
            for buffer in self.layout.carried:
                for side in (enter, leave):
                    tensor = side.get(buffer.name)
                    pointers.append(None if tensor is None else tensor.data_ptr())
            table = self.table(*pointers)
            job = array("q", [addressof(table), rows.starts.buffer_info()[0], rows.sizes.buffer_info()[0]])
            job.extend((len(rows.sizes), reverse, arrived.buffer_info()[0]))
            spread(self.wide if together else self.address, job, ranges, (table, held), together)


def compile_plan(plan: Plan, dtype: torch.dtype) -> tuple[Function, Function, Function]:
    """Compile the three programs of a plan together: inference, training and backward."""
    programs = {"inference": plan.inference, "training": plan.training, "backward": plan.backward}
    functions = {name: Function(program, dtype) for name, program in programs.items()}
    declared: set[str] = set()
    texts: dict[str, str] = {}
    for name, f in functions.items():
        texts[name] = program_text(name, f.program, f.layout, f.tile, declared)
        if can_be_wide(f.program):
            wide = f"{name}_wide"
            texts[wide] = program_text(wide, f.program, f.layout, f.tile, declared, wide=True)
    code = compile_text("".join(texts.values()), declared, tuple(texts))
    for name, f in functions.items():
        f.code, f.address, f.wide = code, code.addresses[name], code.addresses.get(f"{name}_wide", 0)
    return functions["inference"], functions["training"], functions["backward"]
