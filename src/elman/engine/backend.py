"""The contract of a back end: it takes a plan and returns kernels.

What a back end has of its own is how a program of levels is run (:class:`Function`), and two large products. Naming
and allocating buffers, and what becomes of sums over all steps, is the same for all. The first back end is ``cpu``.
"""

from array import array
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from elman.engine.planning.deferred import Applied, Deferred, Outer, Total, View
from elman.engine.planning.language import Const, Matrix, Theta
from elman.engine.planning.plan import Plan
from elman.engine.planning.program import Program

__all__ = ["Backend", "Carried", "Function", "Kernels", "Rows"]


class Rows:
    """The rows of a packed batch, as kernels read them.

    Args:
        batch_sizes: rows alive at each of the T steps.
        batch: rows of the batch, B; those beyond ``batch_sizes[0]`` have no step.
        reverse: whether to walk from the last step to the first.

    Raises:
        ValueError: if the sizes increase, or do not lie between 0 and B.
    """

    def __init__(self, batch_sizes: list[int], batch: int, reverse: bool):
        if batch_sizes != sorted(batch_sizes, reverse=True) or not batch >= batch_sizes[0] >= batch_sizes[-1] >= 0:
            raise ValueError(f"batch_sizes must never increase and lie between 0 and {batch}, got {batch_sizes[:20]}")
        self.batch_sizes, self.batch, self.reverse = batch_sizes, batch, reverse
        self.sizes = array("q", batch_sizes)
        self.starts = array("q", accumulate(batch_sizes, initial=0))  # place of each step's first row among all
        self.total = self.starts[-1]


#: Rows of the batch, ``[B, *]``, by the name of a carried buffer; None is zero going in, and not wanted coming out.
Carried = dict[str, Tensor | None]


class Function(Protocol):
    """A program that a back end has compiled."""

    def __call__(
        self, tensors: dict[str, Tensor], enter: Carried, leave: Carried, thetas: list[Tensor],
        rows: Rows, reverse: bool,
    ) -> None:  # fmt: skip
        """Run the program over all steps.

        Args:
            tensors: every packed buffer ``[N, width]`` by name, N the rows of all real steps. Those the program reads
                may have any strides. What it adds up in buffers of kind ``sum`` it puts in, ``[any, width]``: their
                sum over the first dimension is what is meant.
            enter: what carried buffers hold before the first step.
            leave: where they go after the last step.
            thetas: what the step reads of the parameters, in any strides.
            rows: the batch.
            reverse: whether to walk from the last step to the first, whatever ``rows`` says.
        """
        ...


class Backend(Protocol):
    """What runs plans on one kind of machine.

    Attributes:
        device: the type of the device whose tensors it takes, as :class:`torch.device` names it.
    """

    device: str

    def preparing(self, dtype: torch.dtype) -> AbstractContextManager[None]:
        """Prepare what all cells share, while a cell is traced and planned within the block."""
        ...

    def compile(self, plan: Plan, dtype: torch.dtype) -> "Kernels":
        """Compile a plan, for numbers of one type."""
        ...

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """``x weight^T + bias``, all steps at once: the drive of most cells."""
        ...

    def product_over_rows(self, a: Tensor, b: Tensor) -> Tensor:
        """``a^T b`` of ``[N, p]`` and ``[N, q]``, all steps at once: the gradient of most weights."""
        ...


class Kernels:
    """Forward and backward of every cell of one structure, for any T and B.

    What they are called with is what the :class:`~elman.engine.door.Door` of the same trace admits.

    Args:
        backend: what compiled them.
        plan: what was compiled.
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
            thetas: what the step reads of the parameters.
            rows: the batch.
            training: whether :meth:`gradients` will be called.

        Returns:
            The outputs ``[N, H]``; the final value of each state field that changes, ``[B, *]``; and, in training,
            what ``gradients`` needs.
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
        """Run all steps back.

        Args:
            memory: what ``forward`` returned.
            states: as ``forward`` had them.
            thetas: as ``forward`` had them.
            rows: as ``forward`` had them.
            grad_out: the gradient of the outputs; None is zero.
            grad_finals: the gradient of each final state that ``forward`` returned; None is zero.

        Returns:
            The gradients of drives, of initial states, and of thetas; None is zero.
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
    """Return the gradients of thetas: what the backward loop left, summed over all rows and steps."""
    done: dict[Deferred, Tensor] = {}
    for total, places in plan.sums.items():
        parts = [
            tensors[place.buffer.name].narrow(1, place.column, value.width)
            for place, value in zip(places, total.parts, strict=True)
        ]
        done[total] = backend.product_over_rows(*parts) if isinstance(total, Outer) else parts[0].sum(0)
    return [None if g is None else _evaluate(g, thetas, done) for g in plan.step.grad_thetas]


def _evaluate(gradient: Deferred, thetas: Sequence[Tensor], done: dict[Deferred, Tensor]) -> Tensor:
    """Compute what follows of the sums, each once."""

    def tensor(leaf: object) -> object:
        match leaf:
            case Deferred():
                return _evaluate(leaf, thetas, done)
            case Theta():
                return thetas[leaf.index]
            case Const():
                return leaf.number
            case Matrix():
                return thetas[leaf.index].t() if leaf.transposed else thetas[leaf.index]
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
