"""The program that shows a cell at work: every state field and every gate at every step, and gates held still."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from elman.cell import Cell
from elman.engine.planning.language import (
    Cat,
    Contract,
    Gather,
    MatMul,
    Op,
    Pointwise,
    Reduce,
    Scan,
    Slice,
    Value,
)
from elman.engine.planning.program import Place, Program
from elman.engine.planning.schedule import Scheduler
from elman.engine.planning.step import Step
from elman.engine.planning.values import Values

__all__ = ["Gate", "Shown", "gates_of", "watching"]

ROWS = 3


@dataclass(frozen=True)
class Gate:
    """Columns of the result of one call of sigmoid in a step.

    Attributes:
        name: the variable that holds it, or ``σ(f)`` where only the argument ``f`` has a name.
        call: which of the step's calls of sigmoid on rows.
        start: first column.
        width: number of columns.
    """

    name: str
    call: int
    start: int
    width: int


@dataclass(frozen=True)
class Shown:
    """Columns of the watched program's output; ``hold`` is the number of the theta that holds a gate still."""

    name: str
    kind: str  # "state" or "gate"
    column: int
    width: int
    hold: int | None = None


def gates_of(cell: Cell) -> list[Gate]:
    """Run one step, and return its gates, named as the step's own variables are."""
    calls: list[tuple[Tensor, Tensor]] = []
    held: dict[str, Tensor] = {}

    class Noting(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            if func._schema.name == "aten::sigmoid" and out.dim() == 2 and len(out) == ROWS:
                calls.append((args[0], out))
            return out

    code = type(cell).step.__code__

    def on_return(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            held.update({k: v for k, v in frame.f_locals.items() if isinstance(v, Tensor)})

    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        drive, state = cell.drive(torch.randn(ROWS, cell.input_size)), cell.initial_state(ROWS)
        before = sys.getprofile()
        sys.setprofile(on_return)
        try:
            with Noting():
                cell.step(drive, state)
        finally:
            sys.setprofile(before)
    return [gate for call, (x, y) in enumerate(calls) for gate in _named(call, x, y, held)]


def _named(call: int, x: Tensor, y: Tensor, held: dict[str, Tensor]) -> list[Gate]:
    width = y.shape[1]
    parts = sorted((at, t.shape[1], name) for name, t in held.items() if (at := _column(t, y)) is not None)
    if parts and sum(n for _, n, _ in parts) == width:
        return [Gate(name, call, at, n) for at, n, name in parts]
    inner = [name for name, t in held.items() if t.shape == x.shape and _column(t, x) == 0]
    return [Gate(f"σ({inner[0]})" if inner else f"gate {call + 1}", call, 0, width)]


def _column(part: Tensor, whole: Tensor) -> int | None:
    """Return the first column of a view, None if it is not one of whole columns."""
    same = part.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()
    if not same or part.dim() != 2 or part.stride() != whole.stride() or len(part) != len(whole):
        return None
    at = int(part.storage_offset()) - int(whole.storage_offset())
    return at if at >= 0 and at + part.shape[1] <= whole.shape[1] else None


def watching(
    step: Step, fields: Sequence[str], sigmoids: Sequence[Value], gates: Sequence[Gate], thetas: int
) -> tuple[Program, list[Shown]]:
    """Return the program, whose buffer ``seen`` takes the place of the outputs, and its columns.

    Args:
        step: the step.
        fields: names of the state fields.
        sigmoids: what each call of sigmoid computes.
        gates: the gates to show.
        thetas: how many thetas the step reads; each gate's hold is one more, a row of numbers that take the gate's
            place, NaN where they do not.
    """
    values, hold = Values(), {}
    for gate in gates:
        hold[gate] = thetas + len(hold)
    swapped: dict[Value, Value] = {}
    for call in {gate.call for gate in gates}:
        mine = sorted((gate for gate in gates if gate.call == call), key=lambda gate: gate.start)
        parts = []
        for gate in mine:
            row, part = values.theta(gate.width, hold[gate]), values.slice(sigmoids[call], gate.start, gate.width)
            parts.append(values.pointwise(Op.SELECT, values.pointwise(Op.EQ, row, row), row, part))
        swapped[sigmoids[call]] = values.cat(parts)
    new = {value: _with(value, swapped, values) for value in (*step.new_states, *swapped)}
    work = Scheduler()
    for i, value in enumerate(step.drives):
        work.give(value, Place(work.buffer(f"drive{i}", "packed", value.width)))
    buffers = [work.buffer(f"state{i}", "row", value.width, carried=True) for i, value in enumerate(step.states)]
    for value, buffer in zip(step.states, buffers, strict=True):
        work.give(value, Place(buffer))
    shown, parts, column = [], [], 0
    for name, value in zip(fields, step.new_states, strict=True):
        shown.append(Shown(name, "state", column, value.width))
        parts.append(new[value])
        column += value.width
    for gate in gates:
        shown.append(Shown(gate.name, "gate", column, gate.width, hold[gate]))
        parts.append(values.slice(new[sigmoids[gate.call]], gate.start, gate.width))
        column += gate.width
    seen = work.buffer("seen", "packed", column)
    for part, one in zip(parts, shown, strict=True):
        work.store(part, Place(seen, one.column))
    ends = [new[value] for value in step.new_states]
    return work.finish(list(zip(ends, buffers, step.states, strict=True))), shown


def _with(value: Value, swapped: dict[Value, Value], values: Values) -> Value:
    """Return a value computed from others in place of those that were swapped."""
    done: dict[Value, Value] = {}
    stack = [value]
    while stack:
        value = stack[-1]
        if missing := [arg for arg in value.args if arg not in done]:
            stack += missing
            continue
        stack.pop()
        if value in done:
            continue
        args = tuple(done[arg] for arg in value.args)
        made = value if args == value.args else _rebuilt(value, args, values)
        if value in swapped:  # a gate's hold, on what the gate now computes
            made = swapped[value] if made is value else _with(swapped[value], {value: made}, values)
        done[value] = made
    return done[value]


def _rebuilt(value: Value, args: tuple[Value, ...], values: Values) -> Value:
    """Return the same operator of other operands."""
    match value:
        case Pointwise():
            return values.pointwise(value.op, *args)
        case Slice():
            return values.slice(args[0], value.start, value.width)
        case Cat():
            return values.cat(args)
        case Gather():
            return values.gather(args[0], value.index)
        case MatMul():
            return values.matmul(args[0], value.matrix, value.groups)
        case Reduce():
            return values.reduce(value.how, args[0], value.count, value.inner)
        case Scan():
            return values.scan(value.how, args[0], value.count)
        case Contract():
            a, b = args
            return values.contract(a, b, value.sizes, value.a_strides, value.b_strides)
    raise AssertionError(f"{value} has no operands")
