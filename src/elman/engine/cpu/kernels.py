"""The compiled kernels of one cell structure, and calling them on tensors."""

from array import array
from ctypes import addressof, c_void_p
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.backend import Rows, parameter_gradients
from elman.engine.cpu.compile import compile_text, compiling_products, shared_address, tile_for
from elman.engine.cpu.dense import pack, product_over_rows
from elman.engine.cpu.emit import can_be_wide, program_text
from elman.engine.cpu.layout import Layout
from elman.engine.cpu.scratch import scratch
from elman.engine.cpu.threads import cut, openmp, spread
from elman.engine.planning.lower import lower
from elman.engine.planning.plan import Plan, plan
from elman.engine.planning.program import Program
from elman.engine.tracing.trace import record

__all__ = ["Kernels"]

WIDE_FROM = 1.5e5  # operations of a step, below which waiting for the other thread takes longer

Carried = dict[str, Tensor | None]  # dense rows [B, *] by the name of the buffer


class _Function:
    """One compiled program."""

    def __init__(self, program: Program, bits: int):
        self.program, self.tile, self.bytes = program, tile_for(bits), bits // 8
        self.address = self.wide = 0  # of the compiled functions; no wide one if a step cannot be shared out
        self.layout = Layout(program, self.tile)
        self.row_width = sum(self.layout.stride(b) for b in program.buffers if b.kind == "row")
        columns = self.tile.columns
        self.packed_sizes = [-(-m.n // columns) * columns * m.k for m in self.layout.matrices]
        pointers = 1 + len(program.buffers) + len(self.layout.matrices) + len(self.layout.thetas)
        self.table = c_void_p * (pointers + 2 * len(self.layout.carried))
        self.work = 2.0 * sum(
            p.matrix.k * p.matrix.n for level in program.levels for p in level.products
        ) + 30.0 * sum(s.width for level in program.levels for s in level.stores)

    def __call__(
        self, tensors: dict[str, Tensor], enter: Carried, leave: Carried, thetas: list[Tensor],
        rows: Rows, reverse: bool,
    ) -> None:  # fmt: skip
        """Run the program.

        Args:
            tensors: every buffer that is not a row's, by name.
            enter: what carried buffers hold before the first step; zero where None.
            leave: where they go after the last step; nowhere if None or absent.
            thetas: what the step reads of the parameters.
            rows: the batch.
            reverse: whether to walk from the last step to the first.
        """
        # the packed matrices first, so that they lie aligned to whole lines of cache
        at, held = scratch((sum(self.packed_sizes) + rows.batch * self.row_width) * self.bytes)
        keep: list[Any] = [held]
        panels = []
        for matrix, size in zip(self.layout.matrices, self.packed_sizes, strict=True):
            panels.append(at)
            weight = thetas[matrix.index]
            transposed = matrix.transposed
            weight = weight.reshape(matrix.n, matrix.k).t() if transposed else weight.reshape(matrix.k, matrix.n)
            pack(weight, at)
            at += size * self.bytes
        pointers: list[int | None] = [shared_address("product", self.tile.lanes.bits)]
        for buffer in self.program.buffers:
            if buffer.kind == "row":
                pointers.append(at)
                at += rows.batch * self.layout.stride(buffer) * self.bytes
            else:
                pointers.append(tensors[buffer.name].data_ptr())
        pointers += panels
        for index in self.layout.thetas:
            keep.append(thetas[index].contiguous())
            pointers.append(keep[-1].data_ptr())
        for buffer in self.layout.carried:
            for side in (enter, leave):
                tensor = side.get(buffer.name)
                pointers.append(None if tensor is None else tensor.data_ptr())
        table = self.table(*pointers)
        arrived = array("q", [0])
        job = array("q", [addressof(table), rows.starts.buffer_info()[0], rows.sizes.buffer_info()[0]])
        job.extend((len(rows.sizes), reverse, arrived.buffer_info()[0]))
        count = torch.get_num_threads()
        if rows.batch < count and self.wide and self.work * rows.batch > WIDE_FROM and openmp() is not None:
            spread(self.wide, job, [(0, rows.batch)] * count, together=True)
        else:
            spread(self.address, job, cut(rows.batch_sizes, rows.batch, self.work))


class Kernels:
    """Forward and backward of every cell of one structure, for any T and B."""

    def __init__(self, cell: Cell, dtype: torch.dtype):
        bits = 32 if dtype == torch.float32 else 64
        with compiling_products(bits):
            self.trace = record(cell, dtype)
            self.plan: Plan = plan(lower(self.trace))
        self.inference, self.training, self.backward = functions = [
            _Function(program, bits) for program in (self.plan.inference, self.plan.training, self.plan.backward)
        ]
        declared: set[str] = set()
        names = ("inference", "training", "backward")
        text = ""
        for name, f in zip(names, functions, strict=True):
            text += program_text(name, f.program, f.layout, f.tile, declared)
            if can_be_wide(f.program):
                text += program_text(f"{name}_wide", f.program, f.layout, f.tile, declared, wide=True)
        self.code = compile_text(text, declared)
        for name, f in zip(names, functions, strict=True):
            f.address = self.code.address(name)
            f.wide = self.code.address(f"{name}_wide") if can_be_wide(f.program) else 0
        self.moving = [i for i in range(len(self.trace.state_shapes)) if i not in self.plan.step.constant_states]

    def forward(
        self, drives: list[Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows, training: bool
    ) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
        """Return outputs, the final value of each state that changes, and what the backward pass needs."""
        function, like = self.training if training else self.inference, states[0]
        tensors = {f"drive{i}": drive.contiguous() for i, drive in enumerate(drives)}
        self._make_the_rest(tensors, function, rows, like)
        finals = [torch.empty_like(states[i], memory_format=torch.contiguous_format) for i in self.moving]
        enter: Carried = {f"state{i}": state.contiguous() for i, state in enumerate(states)}
        leave: Carried = {f"state{i}": final for i, final in zip(self.moving, finals, strict=True)}
        function(tensors, enter, leave, thetas, rows, rows.reverse)
        names = ["saved", "outputs", *(f"drive{i}" for i in self.plan.saved.drives)] if training else ()
        return tensors["outputs"], finals, {name: tensors[name] for name in names}

    def gradients(
        self, memory: dict[str, Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows,
        grad_out: Tensor | None, grad_finals: list[Tensor | None],
    ) -> tuple[list[Tensor | None], list[Tensor], list[Tensor | None]]:  # fmt: skip
        """Return the gradients of drives, initial states and thetas."""
        function, like = self.backward, states[0]
        tensors = dict(memory)
        tensors["grad_out"] = (
            like.new_zeros(rows.total, states[0][0].numel()) if grad_out is None else grad_out.contiguous()
        )
        self._make_the_rest(tensors, function, rows, like)
        grad_states = [torch.empty_like(state, memory_format=torch.contiguous_format) for state in states]
        enter: Carried = {f"state{i}": state.contiguous() for i, state in enumerate(states)}
        for i, end in zip(self.moving, grad_finals, strict=True):
            enter[f"grad_state{i}"] = None if end is None else end.contiguous()
        leave: Carried = {f"grad_state{i}": grad for i, grad in enumerate(grad_states)}
        function(tensors, enter, leave, thetas, rows, not rows.reverse)
        grad_drives = [tensors.get(f"grad_drive{i}") for i in range(len(self.trace.drive_shapes))]
        return grad_drives, grad_states, parameter_gradients(self.plan, tensors, thetas, product_over_rows)

    def _make_the_rest(self, tensors: dict[str, Tensor], function: _Function, rows: Rows, like: Tensor) -> None:
        for buffer in function.program.buffers:
            if buffer.kind == "sum":
                tensors[buffer.name] = like.new_zeros(torch.get_num_threads(), buffer.width)
            elif buffer.kind != "row" and buffer.name not in tensors:
                tensors[buffer.name] = like.new_empty(rows.total, buffer.width)
