"""Decide which values of the forward step are saved for the backward step."""

from dataclasses import dataclass
from itertools import pairwise

from elman.engine.planning.deferred import StepSum, step_sums
from elman.engine.planning.language import (
    Cat,
    Const,
    Gather,
    Input,
    MatMul,
    Numbers,
    Reduce,
    Slice,
    Theta,
    Value,
    is_block,
    is_cheap,
)
from elman.engine.planning.program import Columns, through
from elman.engine.planning.schedule import cuts, operands
from elman.engine.planning.step import Step

__all__ = ["Saved", "Stretch", "flows_back", "reached", "what_is_saved"]


@dataclass(frozen=True)
class Stretch:
    """Columns of a value of the forward step, and their column in the saved buffer."""

    value: Value
    start: int
    width: int
    column: int


@dataclass(frozen=True)
class Saved:
    """The data that the forward pass saves per row and step for the backward pass."""

    stretches: tuple[Stretch, ...]
    states: dict[int, int]  # state fields whose value before each step is saved, with their column
    drives: tuple[int, ...]  # drives that the backward pass reads
    output: bool  # whether the backward pass reads the output
    width: int  # numbers saved, stretches and states together


def flows_back(step: Step) -> tuple[list[Value], list[StepSum]]:
    """Return what the backward step computes: the gradients of drives and states, and the sums over steps."""
    sums = step_sums(step.grad_thetas)
    gradients = [g for g in (*step.grad_drives, *step.grad_states) if g is not None]
    return gradients + [value for total in sums for value in total.parts], sums


def what_is_saved(step: Step) -> Saved:
    """Decide what is saved and what is computed again."""
    need = _Needs(step)
    wanted, _ = flows_back(step)
    for value in wanted:
        need.whole(value)
    stretches, width = [], 0
    for value, start, n in need.stretches():
        stretches.append(Stretch(value, start, n, width))
        width += n
    constant = step.constant_states
    states = {}
    for index in sorted(v.index for v in need.inputs if v.kind == "state" and v.index not in constant):
        states[index] = width
        width += step.states[index].width
    drives = sorted(v.index for v in need.inputs if v.kind == "drive")
    return Saved(tuple(stretches), states, tuple(drives), need.output, width)


class _Needs:
    """Collects the forward values that the backward step's results depend on."""

    def __init__(self, step: Step):
        self.h = step.output
        self.forward = reached(step.new_states)
        self.columns: dict[Columns, None] = {}  # to be saved
        self.inputs: set[Input] = set()
        self.output = False
        self.seen: set[Columns] = set()

    def stretches(self) -> list[Columns]:
        """Return what to save: for each value, one stretch of columns that covers all columns read."""
        found: dict[Value, tuple[int, int]] = {}
        for value, start, width in self.columns:
            low, high = found.get(value, (start, start + width))
            found[value] = min(low, start), max(high, start + width)
        return [(value, low, high - low) for value, (low, high) in found.items()]

    def whole(self, value: Value) -> None:
        """Record what computing a value reads."""
        stack = [*reversed(_parts(value))]
        while stack:
            columns = stack.pop()
            if columns not in self.seen:
                self.seen.add(columns)
                stack += reversed(self.read_by(*columns))

    def read_by(self, value: Value, start: int, width: int) -> list[Columns]:
        """Record the columns of a value if they are in memory; otherwise return what computing them reads."""
        if isinstance(value, (Theta, Const, Numbers)):
            return []
        if isinstance(value, Input):
            self.inputs.add(value)
        elif isinstance(value, (Slice, Cat)):
            return through(value, start, width)
        elif value is self.h:
            self.output = True
        elif value in self.forward and value.rows and not is_cheap(value):
            self.columns[value, start, width] = None
        elif isinstance(value, (MatMul, Reduce, Gather)) or is_block(value):
            return [columns for arg in value.args for columns in _parts(arg)]
        else:
            return operands(value, start, width)
        return []


def _parts(value: Value) -> list[Columns]:
    """Return all columns of a value, split where its parts begin."""
    edges = sorted({0, value.width, *cuts(value, 0, value.width, {})})
    return [(value, a, b - a) for a, b in pairwise(edges)]


def reached(values: tuple[Value, ...]) -> set[Value]:
    """Return these values and all values they depend on."""
    found: set[Value] = set()
    stack = list(values)
    while stack:
        value = stack.pop()
        if value not in found:
            found.add(value)
            stack += value.args
    return found
