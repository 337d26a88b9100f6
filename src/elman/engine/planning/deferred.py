"""Parameters' gradients, computed after the loop: sums over all steps, and functions of these sums."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from elman.engine.planning.language import Value
from elman.engine.tracing.recording import swap

__all__ = ["Applied", "Deferred", "Held", "Outer", "RowSum", "StepSum", "Total", "View", "step_sums"]


@dataclass(frozen=True, eq=False)
class Deferred:
    """A tensor that is computed after the loop."""

    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class StepSum(Deferred):
    """A sum over all rows and steps, computed from the values ``parts`` of each step."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Outer(StepSum):
    """The sum of ``a^T b`` of two values.

    With ``groups`` and ``folds`` the values are ``[groups, folds, any]``: each group has a product of its own, and
    each row counts as ``folds`` rows.
    """

    groups: int = 1
    folds: int = 1


@dataclass(frozen=True, eq=False)
class RowSum(StepSum):
    """The sum of one value."""


@dataclass(frozen=True, eq=False)
class View(Deferred):
    """The same numbers in another shape."""

    of: Deferred


@dataclass(frozen=True, eq=False)
class Total(Deferred):
    """The sum of all numbers."""

    of: Deferred


@dataclass(frozen=True)
class Held:
    """A theta as a strided view of its numbers, in the shape given."""

    index: int
    shape: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


@dataclass(frozen=True, eq=False)
class Applied(Deferred):
    """A linear operator of PyTorch; its arguments hold Deferred, Held and Const in place of tensors."""

    func: Callable[..., Any]
    pick: int | None  # index among several results
    args: tuple[object, ...]
    kwargs: dict[str, object]

    def run(self, tensor: Callable[[object], object]) -> Tensor:
        """Run the operator, with each argument replaced by the result of ``tensor``."""
        args, kwargs = swap((self.args, self.kwargs), tensor)
        out = self.func(*args, **kwargs)
        return out if self.pick is None else out[self.pick]


def step_sums(gradients: Iterable[Deferred | None]) -> list[StepSum]:
    """Return the sums over steps that gradients are computed from, each once."""
    found: dict[StepSum, None] = {}
    stack = [g for g in gradients if g is not None]
    seen: set[Deferred] = set()
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        match item:
            case StepSum():
                found[item] = None
            case View() | Total():
                stack.append(item.of)
            case Applied():
                stack += _within((item.args, item.kwargs))
    return list(found)


def _within(tree: object) -> list[Deferred]:
    if isinstance(tree, Deferred):
        return [tree]
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in _within(part)] if isinstance(tree, (tuple, list)) else []
