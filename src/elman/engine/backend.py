"""The contract of a back end: it takes a plan and returns kernels. The first is ``cpu``."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from torch import Tensor

from elman.engine.planning.deferred import Applied, Deferred, Outer, Total, View
from elman.engine.planning.language import Const, Matrix, Theta
from elman.engine.planning.plan import Plan

__all__ = ["Kernels", "Rows", "parameter_gradients"]


class Rows:
    """The rows of a packed batch.

    Args:
        batch_sizes: rows alive at each of the T steps, never increasing.
        batch: rows of the batch, B; those beyond ``batch_sizes[0]`` have no step.
        reverse: whether to walk from the last step to the first.
    """

    def __init__(self, batch_sizes: list[int], batch: int, reverse: bool):
        self.batch_sizes, self.batch, self.reverse = batch_sizes, batch, reverse
        self.sizes = array("q", batch_sizes)
        self.starts = array("q", accumulate(batch_sizes, initial=0))  # place of each step's first row among all
        self.total = self.starts[-1]


class Kernels(Protocol):
    """Forward and backward of every cell of one structure, for any T and B. Tensors may lie in any layout."""

    def forward(
        self, drives: list[Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows, training: bool
    ) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
        """Run all steps.

        Args:
            drives: each ``[N, *]``, N the rows of all real steps.
            states: each field before the first step, ``[B, *]``.
            thetas: what the step reads of the parameters.
            rows: the batch.
            training: whether :meth:`gradients` will be called.

        Returns:
            The outputs ``[N, H]``; the final value of each state field that changes, ``[B, *]``; and, in training,
            what ``gradients`` needs, which nobody else reads.
        """
        ...

    def gradients(
        self, memory: dict[str, Tensor], states: list[Tensor], thetas: list[Tensor], rows: Rows,
        grad_out: Tensor | None, grad_finals: list[Tensor | None],
    ) -> tuple[list[Tensor | None], list[Tensor], list[Tensor | None]]:  # fmt: skip
        """Run all steps back.

        Args:
            memory: what ``forward`` returned.
            states: as ``forward`` had them.
            thetas: as ``forward`` had them.
            rows: as ``forward`` had them, in the direction of ``forward``.
            grad_out: the gradient of the outputs; None is zero.
            grad_finals: the gradient of each final state that ``forward`` returned; None is zero.

        Returns:
            The gradients of drives (None is zero), of initial states, and of thetas (None is zero).
        """
        ...


def parameter_gradients(
    plan: Plan,
    tensors: Mapping[str, Tensor],
    thetas: Sequence[Tensor],
    product_over_rows: Callable[[Tensor, Tensor], Tensor],
) -> list[Tensor | None]:
    """Return the gradients of thetas: what the backward loop left, summed over all rows and steps.

    Args:
        plan: says where each part of a sum lies.
        tensors: the backward program's packed buffers and those of sums, by name.
        thetas: what the step reads of the parameters.
        product_over_rows: ``a^T b`` of two tensors ``[N, p]`` and ``[N, q]``.
    """
    done: dict[Deferred, Tensor] = {}
    for total, places in plan.sums.items():
        parts = [
            tensors[place.buffer.name].narrow(1, place.column, value.width)
            for place, value in zip(places, total.parts, strict=True)
        ]
        done[total] = product_over_rows(*parts) if isinstance(total, Outer) else parts[0].sum(0)
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
