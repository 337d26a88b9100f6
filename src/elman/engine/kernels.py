"""The compiled kernels of one cell structure, and calling them on tensors."""

from array import array
from ctypes import addressof, c_void_p
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.dense import product_over_rows
from elman.engine.emit import Layout, can_be_wide, program_text
from elman.engine.lower import lower, run_deferred
from elman.engine.machine import compile_text, shared_address, tile_for
from elman.engine.plan import Plan, plan
from elman.engine.schedule import Program
from elman.engine.threads import cut, openmp, spread
from elman.engine.trace import record
from elman.engine.values import Matrix

__all__ = ["Kernels", "Rows"]

WIDE_FROM = 1.5e5  # operations of a step, below which waiting for the other thread takes longer


class Rows:
    """The rows of a packed batch, as kernels read them."""

    def __init__(self, batch_sizes: list[int], batch: int, reverse: bool):
        self.batch_sizes, self.batch, self.reverse = batch_sizes, batch, reverse
        self.sizes = array("q", batch_sizes)
        self.starts = array("q", accumulate(batch_sizes, initial=0))
        self.total = self.starts[-1]


class _Function:
    """One compiled program."""

    def __init__(self, program: Program, bits: int):
        self.program, self.tile = program, tile_for(bits)
        self.address = self.wide = 0  # of the compiled functions; no wide one if a step cannot be shared out
        self.layout = Layout(program, self.tile)
        self.local = [b for b in program.buffers if b.kind == "row"]
        self.strides = {b.name: self.layout.stride(b) for b in self.local}
        self.row_width = sum(self.strides.values())
        self.table = c_void_p * (1 + len(program.buffers) + len(self.layout.matrices) + len(self.layout.thetas))
        self.work = 2.0 * sum(
            p.matrix.k * p.matrix.n for level in program.levels for p in level.products
        ) + 30.0 * sum(s.width for level in program.levels for s in level.stores)

    def arena(self, batch: int, like: Tensor) -> dict[str, Tensor]:
        """Return memory for what the batch's rows carry from step to step and within one."""
        memory, at, found = like.new_empty(batch * self.row_width), 0, {}
        for buffer in self.local:
            stride = self.strides[buffer.name]
            found[buffer.name] = memory[at : at + batch * stride].view(batch, stride)
            at += batch * stride
        return found

    def __call__(self, tensors: dict[str, Tensor], thetas: list[Tensor], rows: Rows, reverse: bool) -> None:
        keep = [tensors[buffer.name] for buffer in self.program.buffers]
        keep += [pack(thetas[m.index], m, self.tile.columns) for m in self.layout.matrices]
        keep += [thetas[index].contiguous() for index in self.layout.thetas]
        table = self.table(shared_address("product", self.tile.lanes.bits), *[t.data_ptr() for t in keep])
        arrived = array("q", [0])
        job = array("q", [addressof(table), rows.starts.buffer_info()[0], rows.sizes.buffer_info()[0]])
        job.extend((len(rows.sizes), reverse, arrived.buffer_info()[0]))
        count = torch.get_num_threads()
        if rows.batch < count and self.wide and self.work * rows.batch > WIDE_FROM and openmp() is not None:
            spread(self.wide, job, [(0, rows.batch)] * count, together=True)
        else:
            spread(self.address, job, cut(rows.batch_sizes, rows.batch, self.work))


def pack(weight: Tensor, matrix: Matrix, columns: int) -> Tensor:
    """Return a matrix as panels ``[panels, K, columns]``, the last one filled up with zeros."""
    weight = weight.reshape(matrix.n, matrix.k).t() if matrix.transposed else weight.reshape(matrix.k, matrix.n)
    panels = -(-matrix.n // columns)
    if matrix.n % columns:
        weight = torch.nn.functional.pad(weight, (0, panels * columns - matrix.n))
    return weight.unflatten(1, (panels, columns)).transpose(0, 1).contiguous()


class Kernels:
    """Forward and backward of every cell of one structure, for any T and B."""

    def __init__(self, cell: Cell, dtype: torch.dtype):
        self.trace = record(cell, dtype)
        self.plan: Plan = plan(self.trace, lower(self.trace))
        bits = 32 if dtype == torch.float32 else 64
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
        self.moving = [i for i in range(len(self.trace.state_shapes)) if i not in self.plan.constant_states]

    def forward(
        self, drives: list[Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows, training: bool
    ) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
        """Return outputs, the final value of each state that changes, and what the backward pass needs."""
        function, like, N = self.training if training else self.inference, states[0], rows.total
        tensors = function.arena(rows.batch, like)
        for i, state in enumerate(states):
            width = state[0].numel()
            tensors[f"state{i}"][:, :width] = state.reshape(rows.batch, width)
        for i, drive in enumerate(drives):
            tensors[f"drive{i}"] = drive.reshape(N, -1).contiguous()
        for buffer in function.program.buffers:
            if buffer.name not in tensors:
                tensors[buffer.name] = like.new_empty(N, buffer.width)
        function(tensors, thetas, rows, rows.reverse)
        finals = []
        for i in self.moving:
            width = states[i][0].numel()
            finals.append(tensors[f"state{i}"][:, :width].contiguous().reshape(states[i].shape))
        memory = {}
        if training:
            names = ["saved", "outputs", *(f"before{i}" for i in self.plan.kept_states)]
            names += [f"drive{i}" for i in self.plan.needs_drive]
            memory = {name: tensors[name] for name in names}
        return tensors["outputs"], finals, memory

    def gradients(
        self, memory: dict[str, Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows,
        grad_out: Tensor | None, grad_finals: list[Tensor | None],
    ) -> tuple[list[Tensor | None], list[Tensor], list[Tensor | None]]:  # fmt: skip
        """Return the gradients of drives, initial states and thetas."""
        function, like, N = self.backward, states[0], rows.total
        tensors = {**memory, **function.arena(rows.batch, like)}
        for i, state in enumerate(states):
            width = state[0].numel()
            if f"state{i}" in tensors:
                tensors[f"state{i}"][:, :width] = state.reshape(rows.batch, width)
        ends = dict(zip(self.moving, grad_finals, strict=True))
        for i, state in enumerate(states):
            end, width = ends.get(i), state[0].numel()
            tensors[f"grad_state{i}"][:, :width] = 0 if end is None else end.reshape(rows.batch, width)
        tensors["grad_out"] = like.new_zeros(N, states[0][0].numel()) if grad_out is None else grad_out.contiguous()
        for buffer in function.program.buffers:
            if buffer.kind == "sum":
                tensors[buffer.name] = like.new_zeros(torch.get_num_threads(), buffer.width)
            elif buffer.name not in tensors:
                tensors[buffer.name] = like.new_empty(N, buffer.width)
        function(tensors, thetas, rows, not rows.reverse)
        grad_drives = [tensors.get(f"grad_drive{i}") for i in range(len(self.trace.drive_shapes))]
        grad_states = [
            tensors[f"grad_state{i}"][:, : s[0].numel()].contiguous().reshape(s.shape) for i, s in enumerate(states)
        ]
        return grad_drives, grad_states, self.deferred(tensors, thetas)

    def deferred(self, tensors: dict[str, Tensor], thetas: list[Tensor]) -> list[Tensor | None]:
        """Return the thetas' gradients: one product, or one sum, over all steps and rows."""
        roots: dict[Any, Tensor] = {}
        for root, (op, places) in self.plan.roots.items():
            parts = [
                tensors[p.buffer.name][:, p.column : p.column + v.width]
                for p, v in zip(places, root.args, strict=True)
            ]
            roots[root] = product_over_rows(*parts) if op == "outer" else parts[0].sum(0)
        done: dict[Any, Any] = {}
        skip = len(self.trace.drive_shapes) + len(self.trace.state_shapes)
        return [
            None if g is None else run_deferred(g, roots, thetas, done) for g in self.plan.lowered.gradients[skip:]
        ]
