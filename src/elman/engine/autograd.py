"""Autograd around the kernels: a whole sequence is one operator with forward and backward kernels.

For second derivatives and for batched gradients the loop engine runs instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine import loop
from elman.engine.backend import Kernels, Rows
from elman.engine.door import Door, plain, returned
from elman.tensors import with_tensors

__all__ = ["Call", "differentiable"]


@dataclass
class Call:
    """All data of one run except the tensors to differentiate."""

    kernels: Kernels
    door: Door
    cell: Cell
    rows: Rows
    state_type: Any
    by_product: bool  # whether the operator computes the drive, as one product of x

    def __post_init__(self) -> None:
        trace = self.door.trace
        self.sources = 1 if self.by_product else len(trace.drive_shapes)
        self.states = len(trace.state_shapes)
        self.read_by_step = len(trace.names)

    def numbers(self, states: list[Tensor]) -> list[Tensor]:
        """Return state fields in the kernels' type; they may hold whole numbers or truth values."""
        return [state.to(self.door.trace.dtype) for state in states]

    def split(self, tensors: Any) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
        """Split tensors into x or drives, states, parameters of the step, and parameters of the drive's product."""
        s = self.sources + self.states
        held = list(tensors[s:])
        step, drive = held[: self.read_by_step], held[self.read_by_step :]
        return list(tensors[: self.sources]), list(tensors[self.sources : s]), step, drive


def differentiable(call: Call, tensors: Sequence[Tensor]) -> tuple[Tensor, Sequence[Tensor]]:
    """Run the kernels.

    Args:
        call: the kernels, the cell and the rows.
        tensors: x or the drives, the state's fields, the parameters that the step reads, and, if the drive is one
            product, its weight and bias.

    Returns:
        The outputs ``[N, *]``, and the final value of each state field that changes, ``[B, *]``.
    """
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        call.cell = with_tensors(call.cell, {})  # for second derivatives, with the present attributes
        outputs, *finals = _Sequence.apply(call, *tensors)
        return outputs, finals
    outputs, finals, _ = _forward(call, tensors, False)
    return outputs, finals


def _forward(call: Call, tensors: Any, training: bool) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
    trace, backend = call.door.trace, call.kernels.backend
    sources, states, held, product = call.split(tensors)
    with torch.no_grad():
        drives = [backend.linear(sources[0], *product)] if call.by_product else sources
        thetas = call.door.thetas(trace.run_prologue(held))
        outputs, finals, memory = call.kernels.forward(drives, call.numbers(states), thetas, call.rows, training)
        moving = (trace.state_types[i] for i in call.kernels.moving)
        finals = [final.to(dtype) for final, dtype in zip(finals, moving, strict=True)]
    if len(trace.state_shapes[0]) != 1:
        outputs = outputs.view(len(outputs), *trace.state_shapes[0])
    return outputs, finals, memory


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: Tensor) -> Any:
        outputs, finals, memory = _forward(call, tensors, True)
        saved = (*tensors, *memory.values())
        ctx.call, ctx.names, ctx.forms = call, list(memory), [(tensor.shape, tensor.dtype) for tensor in saved]
        ctx.save_for_backward(*saved)
        ctx.set_materialize_grads(False)
        return outputs, *finals

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        if all(grad is None for grad in grads):
            return (None,) * len(ctx.needs_input_grad)
        call, saved = ctx.call, ctx.saved_tensors
        returned(saved, ctx.forms, call.door.device)
        count = len(saved) - len(ctx.names)
        tensors, memory = saved[:count], dict(zip(ctx.names, saved[count:], strict=True))
        needed = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled() or not all(grad is None or plain(grad, call.door.device) for grad in grads):
            return None, *_again(call, tensors, grads, needed)
        return None, *_backward(call, tensors, memory, grads, needed)


def _backward(call: Call, tensors: Any, memory: dict[str, Tensor], grads: Any, needed: Any) -> list[Tensor | None]:
    kernels, trace, backend = call.kernels, call.door.trace, call.kernels.backend
    sources, states, held, product = call.split(tensors)
    leaves = held
    if trace.prologue:
        leaves = [t.detach().requires_grad_(t.is_floating_point()) for t in held]
        with torch.enable_grad():
            thetas = call.door.thetas(trace.run_prologue(leaves))
    else:
        thetas = held
    plain_thetas = [theta.detach() for theta in thetas]
    grad_drives, grad_states, grad_thetas = kernels.gradients(
        memory, call.numbers(states), plain_thetas, call.rows, grads[0], list(grads[1:])
    )
    grad_states = [g if s.is_floating_point() else None for g, s in zip(grad_states, states, strict=True)]
    if trace.prologue:
        pairs = [
            (t, g.reshape(t.shape))
            for t, g in zip(thetas, grad_thetas, strict=True)
            if g is not None and t.requires_grad
        ]
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        results, theirs = [t for t, _ in pairs], [g for _, g in pairs]
        back = iter(torch.autograd.grad(results, wanted, theirs, allow_unused=True) if pairs else ())
        grad_thetas = [next(back, None) if leaf.requires_grad else None for leaf in leaves]
    else:
        grad_thetas = [g if g is None else g.reshape(t.shape) for g, t in zip(grad_thetas, held, strict=True)]
    if not call.by_product:
        grad_sources = [g if g is None else g.reshape(s.shape) for g, s in zip(grad_drives, sources, strict=True)]
        return [*grad_sources, *grad_states, *grad_thetas]
    (grad,), (x,) = grad_drives, sources
    if grad is None:
        return [None, *grad_states, *grad_thetas, *(None for _ in product)]
    last = len(needed) - len(product)
    return [
        backend.linear(grad, product[0].t()) if needed[0] else None,
        *grad_states,
        *grad_thetas,
        backend.product_over_rows(grad, x) if needed[last] else None,
        *(grad.sum(0) if needed[last + 1] else None for _ in product[1:]),
    ]


def _again(call: Call, tensors: Any, grads: Any, needed: Any) -> list[Tensor | None]:
    """Run the backward pass by autograd through the loop engine, for second derivatives and batched gradients."""
    twice = torch.is_grad_enabled()
    with torch.enable_grad():
        # views, so that each gradient is the partial one even if one input was computed from another
        inputs = [t.view_as(t) if need else t for t, need in zip(tensors, needed, strict=True)]
        sources, states, held, product = call.split(inputs)
        names = call.door.names[: len(held) + len(product)]
        cell = with_tensors(call.cell, dict(zip(names, (*held, *product), strict=True)))
        if call.by_product:
            drive: Any = cell.drive(sources[0])
        else:
            drive = tuple(sources) if call.door.trace.drive_is_tuple else sources[0]
        rows = call.rows
        outputs, final = loop.steps(cell, drive, rows.batch_sizes, call.state_type(*states), rows.reverse)
    results = [outputs, *(final[i] for i in call.kernels.moving)]
    pairs = [(r, g) for r, g in zip(results, grads, strict=True) if g is not None and r.requires_grad]
    wanted = [t for t, need in zip(inputs, needed, strict=True) if need]
    found = iter(
        torch.autograd.grad(
            [r for r, _ in pairs], wanted, [g for _, g in pairs], create_graph=twice, allow_unused=True
        )
    )
    return [next(found) if need else None for need in needed]
