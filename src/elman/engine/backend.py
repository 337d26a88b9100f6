"""The interface of a back end, which compiles a plan to kernels.

A back end defines how a program of levels runs (:class:`Function`), and two large products. Names and memory of
buffers, and the use of sums over all steps, are the same for all back ends. The first back end is ``cpu``.
"""

from array import array
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from elman.engine.planning.deferred import Applied, Deferred, Held, Outer, Total, View
from elman.engine.planning.language import Const
from elman.engine.planning.plan import Plan
from elman.engine.planning.program import Program

__all__ = ["Backend", "Carried", "Function", "Kernels", "Rows"]


class Rows:
    """The rows of a packed batch, in the form that kernels read.

    Args:
        batch_sizes: rows alive at each of the T steps.
        batch: rows of the batch, B; rows from ``batch_sizes[0]`` on have no steps.
        reverse: whether to walk from the last step to the first.

    Raises:
        ValueError: if the sizes increase, or do not lie between 0 and B.
    """

    def __init__(self, batch_sizes: list[int], batch: int, reverse: bool):
        if batch_sizes != sorted(batch_sizes, reverse=True) or not batch >= batch_sizes[0] >= batch_sizes[-1] >= 0:
            raise ValueError(f"batch_sizes must never increase and lie between 0 and {batch}, got {batch_sizes[:20]}")
        self.batch_sizes, self.batch, self.reverse = batch_sizes, batch, reverse
        self.sizes = array("q", batch_sizes)
        self.starts = array("q", accumulate(batch_sizes, initial=0))  # index of each step's first row
        self.total = self.starts[-1]


#: Rows of the batch, ``[B, *]``, by the name of a carried buffer; None means zero on entry, and discarded on exit.
Carried = dict[str, Tensor | None]


class Function(Protocol):
    """A compiled program."""

    def __call__(
        self, tensors: dict[str, Tensor], enter: Carried, leave: Carried, thetas: list[Tensor],
        rows: Rows, reverse: bool,
    ) -> None:  # fmt: skip
        """Run the program over all steps.

        Args:
            tensors: every packed buffer ``[N, width]`` by name, where N counts the rows of all real steps. Input
                buffers may have any strides. The program adds buffers of kind ``sum`` to this dict, as
                ``[any, width]``; the result is their sum over the first dimension.
            enter: the content of carried buffers before the first step.
            leave: tensors that receive the content of carried buffers after the last step.
            thetas: the parameters, or tensors computed from them, that the step reads, with any strides.
            rows: the batch.
            reverse: whether to walk from the last step to the first, whatever ``rows`` says.
        """
        ...


class Backend(Protocol):
    """A compiler of plans for one type of device.

    Attributes:
        device: the device type, as in :class:`torch.device`.
    """

    device: str

    def preparing(self, dtype: torch.dtype) -> AbstractContextManager[None]:
        """Compile code shared by all cells, concurrently with the block, in which a cell is traced and planned."""
        ...

    def compile(self, plan: Plan, dtype: torch.dtype) -> "Kernels":
        """Compile a plan for one dtype."""
        ...

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return ``x weight^T + bias`` for all steps at once: the drive of most cells."""
        ...

    def product_over_rows(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``a^T b`` of ``[N, p]`` and ``[N, q]`` for all steps at once: the gradient of most weights."""
        ...


class Kernels:
    """Forward and backward kernels of all cells of one structure, for any T and B.

    Callers must check all arguments with the :class:`~elman.engine.door.Door` of the same trace.

    Args:
        backend: the back end that compiled them.
        plan: the compiled plan.
        inference: the forward program that saves nothing.
        training: the forward program that saves what the backward one reads.
        backward: the backward program.
    """

    def __init__(self, backend: Backend, plan: Plan, inference: Function, training: Function, backward: Function):
        self.backend, self.plan = backend, plan
        self.inference, self.training, self.backward = inference, training, backward
        self.moving = plan.step.moving_states

    def forward(
        self, drives: list[Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows, training: bool
    ) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
        """Run all steps.

        Args:
            drives: each ``[N, *]``.
            states: each field before the first step, ``[B, *]``.
            thetas: the parameters, or tensors computed from them, that the step reads.
            rows: the batch.
            training: whether :meth:`gradients` will be called.

        Returns:
            The outputs ``[N, H]``; the final value of each state field that changes, ``[B, *]``; and, in training,
            the tensors that ``gradients`` needs.
        """
        program, function = (self.plan.training, self.training) if training else (self.plan.inference, self.inference)
        tensors = {f"drive{i}": drive for i, drive in enumerate(drives)}
        _allocate(tensors, program, rows, states[0])
        finals = [torch.empty_like(states[i], memory_format=torch.contiguous_format) for i in self.moving]
        enter: Carried = {f"state{i}": state for i, state in enumerate(states)}
        leave: Carried = {f"state{i}": final for i, final in zip(self.moving, finals, strict=True)}
        function(tensors, enter, leave, thetas, rows, rows.reverse)
        names = ["saved", "outputs", *(f"drive{i}" for i in self.plan.saved.drives)] if training else ()
        return tensors["outputs"], finals, {name: tensors[name] for name in names}

    def gradients(
        self, memory: dict[str, Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows,
        grad_out: Tensor | None, grad_finals: list[Tensor | None],
    ) -> tuple[list[Tensor | None], list[Tensor], list[Tensor | None]]:  # fmt: skip
        """Run the backward pass over all steps.

        Args:
            memory: the saved tensors that ``forward`` returned.
            states: the same as for ``forward``.
            thetas: the same as for ``forward``.
            rows: the same as for ``forward``.
            grad_out: the gradient of the outputs; None means zero.
            grad_finals: the gradient of each final state that ``forward`` returned; None means zero.

        Returns:
            The gradients of drives, of initial states, and of thetas; None means zero.
        """
        like, width = states[0], self.plan.step.grad_out.width
        tensors = dict(memory)
        tensors["grad_out"] = like.new_zeros(rows.total, width) if grad_out is None else grad_out
        _allocate(tensors, self.plan.backward, rows, like)
        grad_states = [torch.empty_like(state, memory_format=torch.contiguous_format) for state in states]
        enter: Carried = {f"state{i}": state for i, state in enumerate(states)}
        for i, end in zip(self.moving, grad_finals, strict=True):
            enter[f"grad_state{i}"] = end
        leave: Carried = {f"grad_state{i}": grad for i, grad in enumerate(grad_states)}
        self.backward(tensors, enter, leave, thetas, rows, not rows.reverse)
        grad_drives = [tensors.get(f"grad_drive{i}") for i in range(len(self.plan.step.drives))]
        return grad_drives, grad_states, _parameter_gradients(self.backend, self.plan, tensors, thetas)


def _allocate(tensors: dict[str, Tensor], program: Program, rows: Rows, like: Tensor) -> None:
    """Add the packed buffers that a program writes."""
    for buffer in program.buffers:
        if buffer.kind == "packed" and buffer.name not in tensors:
            tensors[buffer.name] = like.new_empty(rows.total, buffer.width)


def _parameter_gradients(
    backend: Backend, plan: Plan, tensors: Mapping[str, Tensor], thetas: Sequence[Tensor]
) -> list[Tensor | None]:
    """Return the gradients of thetas: the backward loop's values, summed over all rows and steps."""
    done: dict[Deferred, Tensor] = {}
    for total, places in plan.sums.items():
        parts = [
            tensors[place.buffer.name].narrow(1, place.column, value.width)
            for place, value in zip(places, total.parts, strict=True)
        ]
        done[total] = _products(backend, total, *parts) if isinstance(total, Outer) else parts[0].sum(0)
    return [None if g is None else _evaluate(g, thetas, done) for g in plan.step.grad_thetas]


def _products(backend: Backend, total: Outer, a: Tensor, b: Tensor) -> Tensor:
    """Return the products over all rows, one for each group of columns."""
    if total.groups == total.folds == 1:
        return backend.product_over_rows(a, b)
    a, b = (t.reshape(len(t), total.groups, total.folds, -1) for t in (a, b))
    products = [
        backend.product_over_rows(a[:, g].reshape(-1, a.shape[-1]), b[:, g].reshape(-1, b.shape[-1]))
        for g in range(total.groups)
    ]
    return torch.stack(products).reshape(total.shape)


def _evaluate(gradient: Deferred, thetas: Sequence[Tensor], done: dict[Deferred, Tensor]) -> Tensor:
    """Compute a gradient from the sums over steps, each intermediate result once."""

    def tensor(leaf: object) -> object:
        match leaf:
            case Deferred():
                return _evaluate(leaf, thetas, done)
            case Held():
                lies = thetas[leaf.index].contiguous()
                return lies.as_strided(leaf.sizes, leaf.strides, lies.storage_offset() + leaf.offset).reshape(
                    leaf.shape
                )
            case Const():
                return leaf.number
        return leaf

    if gradient not in done:
        match gradient:
            case View():
                of = _evaluate(gradient.of, thetas, done)
                done[gradient] = of if of.shape == gradient.shape else of.reshape(gradient.shape)
            case Total():
                done[gradient] = _evaluate(gradient.of, thetas, done).sum()
            case Applied():
                done[gradient] = gradient.run(tensor)
    return done[gradient]
