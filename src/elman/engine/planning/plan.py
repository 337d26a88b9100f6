"""Plan a cell's kernels: what is saved, recomputed and deferred, and in which order a step runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from elman.engine.planning.deferred import Outer, StepSum
from elman.engine.planning.language import Cat, Const, MatMul, Reduce, Value, is_block
from elman.engine.planning.program import Buffer, Place, Program
from elman.engine.planning.saved import Saved, flows_back, reached, what_is_saved
from elman.engine.planning.schedule import Scheduler
from elman.engine.planning.step import Step
from elman.engine.unsupported import Unsupported

__all__ = ["Plan", "Sums", "plan"]

MOST_LEVELS = 100  # products and reductions of one step; the time to plan grows with their square

#: Where the parts of each sum over steps are stored after the backward loop.
Sums = dict[StepSum, tuple[Place, ...]]


@dataclass(frozen=True)
class Plan:
    """The programs of a cell, for a back end to compile.

    Programs name their buffers. ``inference`` and ``training`` have ``drive0``, ``drive1``, ...; ``state0``, ...,
    carried; ``outputs``; and in training ``saved``. ``backward`` has the buffers among these that it reads;
    ``grad_out``; ``grad_drive0``, ...; ``grad_state0``, ..., carried; and ``kept`` and ``sums``, with the parts of
    its sums over steps.
    """

    step: Step
    saved: Saved
    inference: Program
    training: Program
    backward: Program
    sums: Sums


def plan(step: Step) -> Plan:
    """Decide what is saved, recomputed and deferred, and in which order a step runs.

    Raises:
        Unsupported: if the step has so many products and reductions that planning would take minutes.
    """
    levels = sum(isinstance(value, (MatMul, Reduce)) or is_block(value) for value in reached(step.new_states))
    if levels > MOST_LEVELS:
        raise Unsupported(f"step has {levels} products and reductions, expected at most {MOST_LEVELS}")
    saved = what_is_saved(step)
    backward, sums = backward_program(step, saved)
    return Plan(step, saved, forward_program(step, None), forward_program(step, saved), backward, sums)


def forward_program(step: Step, saved: Saved | None) -> Program:
    """Schedule the forward step; in training, including the values it saves."""
    work = Scheduler()
    for i, value in enumerate(step.drives):
        work.give(value, Place(work.buffer(f"drive{i}", "packed", value.width)))
    buffers = [work.buffer(f"state{i}", "row", value.width, carried=True) for i, value in enumerate(step.states)]
    for value, buffer in zip(step.states, buffers, strict=True):
        work.give(value, Place(buffer))
    if saved is not None:
        memory = Place(work.buffer("saved", "packed", saved.width))
        for i, column in saved.states.items():
            work.store(step.states[i], memory.after(column))
        for one in saved.stretches:
            place = memory.after(one.column)
            after = work.store(one.value, place, "set", one.start, one.width)
            if not isinstance(one.value, MatMul):  # a product is in memory already
                work.give(one.value, place, one.start, one.width, after)
    work.store(step.output, Place(work.buffer("outputs", "packed", step.output.width)))
    return work.finish(list(zip(step.new_states, buffers, step.states, strict=True)))


def backward_program(step: Step, saved: Saved) -> tuple[Program, Sums]:
    """Schedule the backward step: the gradients, and each step's parts of the sums over all steps."""
    work = Scheduler()
    memory = _give_what_is_there(work, step, saved)
    gradients = [work.buffer(f"grad_state{i}", "row", v.width, carried=True) for i, v in enumerate(step.tangents)]
    for tangent, buffer in zip(step.tangents, gradients, strict=True):
        work.give(tangent, Place(buffer))
    lies: dict[Value, Place] = {step.states[i]: memory.after(column) for i, column in saved.states.items()}
    for i, grad in enumerate(step.grad_drives):
        if grad is not None:
            place = Place(work.buffer(f"grad_drive{i}", "packed", grad.width))
            for part, at in _parts(grad):
                lies.setdefault(part, place.after(at))
            work.give(grad, place, level=work.store(grad, place))
    sums = _keep_what_is_summed(work, lies, step)
    ends = [
        Const(state.width, True, (), 0.0) if grad is None else grad
        for grad, state in zip(step.grad_states, step.states, strict=True)
    ]
    return work.finish(list(zip(ends, gradients, step.tangents, strict=True))), sums


def _give_what_is_there(work: Scheduler, step: Step, saved: Saved) -> Place:
    """Add the buffers that the backward step reads; return the place of the saved numbers."""
    for i in saved.drives:
        work.give(step.drives[i], Place(work.buffer(f"drive{i}", "packed", step.drives[i].width)))
    memory = Place(work.buffer("saved", "packed", saved.width))
    for i, state in enumerate(step.states):
        if i in saved.states:
            work.give(state, memory.after(saved.states[i]))
        elif i in step.constant_states:
            work.give(state, Place(work.buffer(f"state{i}", "row", state.width, carried=True)))
    for one in saved.stretches:
        work.give(one.value, memory.after(one.column), one.start, one.width)
    if saved.output:
        work.give(step.output, Place(work.buffer("outputs", "packed", step.output.width)))
    work.give(step.grad_out, Place(work.buffer("grad_out", "packed", step.grad_out.width)))
    return memory


def _keep_what_is_summed(work: Scheduler, lies: dict[Value, Place], step: Step) -> Sums:
    """Store what the sums over steps read unless it is in memory already: factors per step, summands added up."""
    _, sums = flows_back(step)
    sums.sort(key=lambda total: not isinstance(total, Outer))  # other sums can read what outer products keep
    kept, factors = _lay_out("kept", "packed", [total for total in sums if isinstance(total, Outer)], lies)
    added, summands = _lay_out("sums", "sum", sums, lies)
    for value in factors:
        after = work.store(value, lies[value])
        if not isinstance(value, MatMul):
            work.give(value, lies[value], level=after)
    for value in summands:
        work.store(value, lies[value], "add")
    work.buffers += [buffer for buffer in (kept, added) if buffer.width]
    return {total: tuple(lies[value] for value in total.parts) for total in sums}


def _lay_out(
    name: str, kind: Literal["packed", "sum"], sums: list[StepSum], lies: dict[Value, Place]
) -> tuple[Buffer, list[Value]]:
    """Add values that are not in memory yet to ``lies``, in a new buffer; return the buffer and its values."""
    columns: dict[Value, int] = {}
    found, width = [], 0
    for value in (value for total in sums for value in total.parts):
        if value not in lies and value not in columns:
            found.append(value)
            for part, at in _parts(value):
                columns.setdefault(part, width + at)
            width += value.width
    buffer = Buffer(name, kind, width)
    for value, column in columns.items():
        lies.setdefault(value, Place(buffer, column))
    return buffer, found


def _parts(value: Value, at: int = 0) -> Iterator[tuple[Value, int]]:
    """Yield a value and, if it is a concatenation, its parts, each with its first column."""
    yield value, at
    if isinstance(value, Cat):
        for part in value.args:
            yield from _parts(part, at)
            at += part.width
