"""The compiled kernels of one cell structure, and calling them on tensors."""

from array import array
from ctypes import addressof, c_void_p
from typing import Any

import torch
from torch import Tensor

from elman.engine.cpu.compile import compile_text, shared_address, tile_for
from elman.engine.cpu.dense import aligned, dense, pack, product_over_rows
from elman.engine.cpu.emit import Layout, can_be_wide, program_text
from elman.engine.cpu.scratch import scratch
from elman.engine.cpu.threads import cut, openmp, spread
from elman.engine.door import Rows
from elman.engine.planning.lower import run_deferred
from elman.engine.planning.plan import Plan
from elman.engine.planning.schedule import Program
from elman.engine.tracing.trace import Trace

__all__ = ["Kernels"]

WIDE_FROM = 1.5e5  # operations of a step, below which waiting for the other thread takes longer

Carried = dict[str, Tensor | None]  # dense rows [B, *] by the name of the buffer


class _Function:
    """One compiled program."""

    def __init__(self, program: Program, bits: int):
        self.program, self.tile, self.bytes = program, tile_for(bits), bits // 8
        self.address = self.wide = 0  # of the compiled functions; no wide one if a step cannot be shared out
        self.layout = Layout(program, self.tile)
        columns = self.tile.columns
        self.panels = [-(-m.n // columns) * columns * m.k * self.bytes for m in self.layout.matrices]
        self.row_sizes = [self.layout.stride(b) * self.bytes for b in program.buffers if b.kind == "row"]
        pointers = 1 + len(program.buffers) + len(self.layout.matrices) + len(self.layout.thetas)
        self.table = c_void_p * (pointers + 2 * len(self.layout.carried))
        self.work = 2.0 * sum(
            p.matrix.k * p.matrix.n for level in program.levels for p in level.products
        ) + 30.0 * sum(s.width for level in program.levels for s in level.stores)

    def shares(self, rows: Rows) -> tuple[list[tuple[int, int]], bool]:
        """Return the range of rows of each thread, and whether all threads share the columns of the same rows."""
        count = torch.get_num_threads()
        if rows.batch < count and self.wide and self.work * rows.batch > WIDE_FROM and openmp() is not None:
            return [(0, rows.batch)] * count, True
        return cut(rows.batch_sizes, rows.batch, self.work, count), False

    def __call__(
        self, tensors: dict[str, Tensor], enter: Carried, leave: Carried, thetas: list[Tensor],
        rows: Rows, reverse: bool, shares: tuple[list[tuple[int, int]], bool],
    ) -> None:  # fmt: skip
        """Run the program. It reads and writes every tensor as rows without gaps, see :func:`dense`.

        Args:
            tensors: every buffer that is not a row's, by name.
            enter: what carried buffers hold before the first step; zero where None.
            leave: where they go after the last step; nowhere if None or absent.
            thetas: what the step reads of the parameters, in any strides.
            rows: the batch.
            reverse: whether to walk from the last step to the first.
            shares: see :meth:`shares`.
        """
        # the packed matrices first, so that they lie aligned to whole lines of cache
        memory = scratch(*self.panels, *(rows.batch * size for size in self.row_sizes))
        vectors = {index: dense(thetas[index]) for index in self.layout.thetas}
        arrived = array("q", [0])
        held = (memory, tensors, enter, leave, vectors, rows, arrived)
        with memory as places:
            panels = places[: len(self.panels)]
            for matrix, at in zip(self.layout.matrices, panels, strict=True):
                weight = aligned(thetas[matrix.index])
                transposed = matrix.transposed
                pack(
                    weight.reshape(matrix.n, matrix.k).t() if transposed else weight.reshape(matrix.k, matrix.n),
                    at, (weight, held),
                )  # fmt: skip
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
            ranges, together = shares
            spread(self.wide if together else self.address, job, ranges, (table, held), together)


class Kernels:
    """Forward and backward of every cell of one structure, for any T and B.

    What they are called with is what the :class:`~elman.engine.door.Door` of the same trace admits.
    """

    def __init__(self, trace: Trace, plan: Plan):
        bits = 32 if trace.dtype == torch.float32 else 64
        self.trace, self.plan = trace, plan
        self.inference, self.training, self.backward = functions = [
            _Function(program, bits) for program in (plan.inference, plan.training, plan.backward)
        ]
        declared: set[str] = set()
        texts: dict[str, str] = {}
        names = ("inference", "training", "backward")
        for name, f in zip(names, functions, strict=True):
            texts[name] = program_text(name, f.program, f.layout, f.tile, declared)
            if can_be_wide(f.program):
                wide = f"{name}_wide"
                texts[wide] = program_text(wide, f.program, f.layout, f.tile, declared, wide=True)
        self.code = compile_text("".join(texts.values()), declared, tuple(texts))
        for name, f in zip(names, functions, strict=True):
            f.address = self.code.addresses[name]
            f.wide = self.code.addresses.get(f"{name}_wide", 0)
        self.moving = [i for i in range(len(trace.state_shapes)) if i not in plan.constant_states]

    def forward(
        self, drives: list[Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows, training: bool
    ) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
        """Return outputs, the final value of each state that changes, and what the backward pass needs."""
        function, like = self.training if training else self.inference, states[0]
        shares = function.shares(rows)
        tensors = {f"drive{i}": dense(drive) for i, drive in enumerate(drives)}
        self._allocate_the_rest(tensors, function, rows, like, len(shares[0]))
        finals = [torch.empty_like(states[i], memory_format=torch.contiguous_format) for i in self.moving]
        enter: Carried = {f"state{i}": dense(state) for i, state in enumerate(states)}
        leave: Carried = {f"state{i}": final for i, final in zip(self.moving, finals, strict=True)}
        function(tensors, enter, leave, thetas, rows, rows.reverse, shares)
        names = ["saved", "outputs", *(f"drive{i}" for i in self.plan.needs_drive)] if training else ()
        return tensors["outputs"], finals, {name: tensors[name] for name in names}

    def gradients(
        self, memory: dict[str, Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows,
        grad_out: Tensor | None, grad_finals: list[Tensor | None],
    ) -> tuple[list[Tensor | None], list[Tensor], list[Tensor | None]]:  # fmt: skip
        """Return the gradients of drives, initial states and thetas."""
        function, like = self.backward, states[0]
        shares = function.shares(rows)
        tensors = {name: dense(tensor) for name, tensor in memory.items()}
        width = like.shape[1:].numel()
        tensors["grad_out"] = like.new_zeros(rows.total, width) if grad_out is None else dense(grad_out)
        self._allocate_the_rest(tensors, function, rows, like, len(shares[0]))
        grad_states = [torch.empty_like(state, memory_format=torch.contiguous_format) for state in states]
        enter: Carried = {f"state{i}": dense(state) for i, state in enumerate(states)}
        for i, end in zip(self.moving, grad_finals, strict=True):
            enter[f"grad_state{i}"] = None if end is None else dense(end)
        leave: Carried = {f"grad_state{i}": grad for i, grad in enumerate(grad_states)}
        function(tensors, enter, leave, thetas, rows, not rows.reverse, shares)
        grad_drives = [tensors.get(f"grad_drive{i}") for i in range(len(self.trace.drive_shapes))]
        return grad_drives, grad_states, self.deferred(tensors, thetas)

    def _allocate_the_rest(
        self, tensors: dict[str, Tensor], function: _Function, rows: Rows, like: Tensor, threads: int
    ) -> None:
        for buffer in function.program.buffers:
            if buffer.kind == "sum":
                tensors[buffer.name] = like.new_zeros(threads, buffer.width)
            elif buffer.kind != "row" and buffer.name not in tensors:
                tensors[buffer.name] = like.new_empty(rows.total, buffer.width)

    def deferred(self, tensors: dict[str, Tensor], thetas: list[Tensor]) -> list[Tensor | None]:
        """Return the thetas' gradients: one product, or one sum, over all steps and rows."""
        roots: dict[Any, Tensor] = {}
        for root, (op, places) in self.plan.roots.items():
            parts = [
                tensors[p.buffer.name].narrow(1, p.column, v.width) for p, v in zip(places, root.args, strict=True)
            ]
            roots[root] = product_over_rows(*parts) if op == "outer" else parts[0].sum(0)
        done: dict[Any, Any] = {}
        skip = len(self.trace.drive_shapes) + len(self.trace.state_shapes)
        return [
            None if g is None else run_deferred(g, roots, thetas, done) for g in self.plan.lowered.gradients[skip:]
        ]
