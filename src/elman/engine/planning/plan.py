"""What a cell's kernels do: what is saved, recomputed and deferred, and in which order a step runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from elman.engine.planning.language import CHEAP, Deferred, Value
from elman.engine.planning.lower import Lowered
from elman.engine.planning.schedule import INPUTS, REDUCTIONS, Buffer, Place, Program, Scheduler, cuts, through
from elman.engine.tracing.trace import Trace

__all__ = ["Plan", "plan"]


@dataclass
class Plan:
    """All that a cell's kernels need to know."""

    lowered: Lowered
    inference: Program
    training: Program
    backward: Program
    saved_width: int  # numbers saved for the backward pass, a row and step
    saved: list[tuple[Value, int, int]]
    kept_states: list[int]  # state fields whose value before each step is saved
    constant_states: list[int]  # state fields that pass through unchanged
    needs_drive: list[int]
    roots: dict[Deferred, tuple[str, tuple[Place, ...]]]  # how each sum over the steps is made


def plan(trace: Trace, low: Lowered) -> Plan:
    """Decide what is saved, recomputed, deferred, and in which order a step runs."""
    states, drives = _inputs(low, trace)
    constant = [i for i, value in enumerate(low.new_states) if value is states[i]]
    d, s = len(drives), len(states)
    grad_out = Value("grad_out", (), low.new_states[0].width, True, 0, forward=False)
    tangents = _swap_first_tangent(low, grad_out)
    grads = low.gradients
    roots = _roots(grads[d + s :])

    wanted: list[Value] = [g for g in grads[: d + s] if isinstance(g, Value)]
    wanted += [value for root in roots for value in root.args]
    need = _Needs(low.new_states[0])
    for value in wanted:
        need.whole(value)
    kept = sorted({v.attr for v in need.inputs if v.op == "state" and v.attr not in constant})
    needs_drive = sorted({v.attr for v in need.inputs if v.op == "drive"})
    saved, width = [], 0
    for value, start, n in need.ranges():
        saved.append((value, start, n, width))
        width += n
    befores, memory_width = {}, width  # column of each kept state
    for i in kept:
        befores[i] = memory_width
        memory_width += states[i].width

    def forward(training: bool) -> Program:
        work = Scheduler()
        for i, value in enumerate(drives):
            work.give(value, Place(work.buffer(f"drive{i}", "packed", value.width)))
        buffers = []
        for i, value in enumerate(states):
            buffers.append(work.buffer(f"state{i}", "row", value.width, carried=True))
            work.give(value, Place(buffers[i]))
        if training:
            memory = work.buffer("saved", "packed", memory_width)
            for i in kept:
                work.store(states[i], Place(memory, befores[i]))
            for value, start, n, column in saved:
                pieces = work.store(value, Place(memory, column), "set", start, n)
                if value.op != "mm":
                    work.give(value, Place(memory, column), start, n, max(p.level for p in pieces))
        work.store(low.new_states[0], Place(work.buffer("outputs", "packed", low.new_states[0].width)))
        return work.finish(list(zip(low.new_states, buffers, states, strict=True)))

    work = Scheduler()
    for i in needs_drive:
        work.give(drives[i], Place(work.buffer(f"drive{i}", "packed", drives[i].width)))
    memory = work.buffer("saved", "packed", memory_width)
    for i in range(s):
        if i in kept:
            work.give(states[i], Place(memory, befores[i]))
        elif i in constant:
            work.give(states[i], Place(work.buffer(f"state{i}", "row", states[i].width, carried=True)))
    for value, start, n, column in saved:
        work.give(value, Place(memory, column), start, n)
    if need.output:
        work.give(low.new_states[0], Place(work.buffer("outputs", "packed", low.new_states[0].width)))
    work.give(grad_out, Place(work.buffer("grad_out", "packed", grad_out.width)))
    gradients = []
    for i, tangent in enumerate(tangents):
        gradients.append(work.buffer(f"grad_state{i}", "row", states[i].width, carried=True))
        work.give(tangent, Place(gradients[i]))
    lies = {states[i]: Place(memory, column) for i, column in befores.items()}
    for i, grad in enumerate(grads[:d]):
        if isinstance(grad, Value):
            place = Place(work.buffer(f"grad_drive{i}", "packed", grad.width))
            _remember(lies, grad, place)
            after = max(piece.level for piece in work.store(grad, place))
            work.give(grad, place, level=after)
    kept_buffer = Buffer("kept", "packed", 0)
    sums = Buffer("sums", "sum", 0)
    made: dict[Deferred, tuple[str, tuple[Place, ...]]] = {}
    for root in sorted(roots, key=lambda r: r.op):  # outer products first: what they keep, sums can read
        places = []
        for value in root.args:
            if value not in lies and root.op == "outer":
                place = Place(kept_buffer, kept_buffer.width)
                kept_buffer.width += value.width
                _remember(lies, value, place)
                after = max(piece.level for piece in work.store(value, place))
                if value.op != "mm":
                    work.give(value, place, level=after)
            elif value not in lies:
                lies[value] = Place(sums, sums.width)
                work.store(value, lies[value], "add")
                sums.width += value.width
            places.append(lies[value])
        made[root] = (root.op, tuple(places))
    if kept_buffer.width:
        work.buffers.append(kept_buffer)
    if sums.width:
        work.buffers.append(sums)
    zero = {i: Value("const", (), states[i].width, True, 0.0, forward=False) for i in range(s)}
    ends = [g if isinstance(g, Value) else zero[i] for i, g in enumerate(grads[d : d + s])]
    backward = work.finish(list(zip(ends, gradients, tangents, strict=True)))
    return Plan(
        low, forward(False), forward(True), backward, width, [entry[:3] for entry in saved], kept, constant,
        needs_drive, made,
    )  # fmt: skip


def _remember(lies: dict[Value, Place], value: Value, place: Place) -> None:
    lies.setdefault(value, place)
    if value.op == "cat":
        at = place.column
        for part in value.args:
            _remember(lies, part, Place(place.buffer, at))
            at += part.width


def _walk(low: Lowered) -> list[Value]:
    found: dict[Value, None] = {}
    stack: list[object] = [*low.new_states, *low.gradients]
    deferred: set[Deferred] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, Deferred) and item not in deferred:
            deferred.add(item)
            stack += _flat(item.args)
        elif isinstance(item, Value) and item not in found:
            found[item] = None
            stack += item.args
    return list(found)


def _flat(tree: object) -> list[object]:
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in _flat(part)]
    if isinstance(tree, dict):
        return _flat(list(tree.values()))
    return [tree]


def _inputs(low: Lowered, trace: Trace) -> tuple[list[Value], list[Value]]:
    seen = {(v.op, v.attr): v for v in _walk(low) if v.op in ("drive", "state")}

    def all_of(kind: str, shapes: list[tuple[int, ...]]) -> list[Value]:
        return [seen.get((kind, i)) or Value(kind, (), prod(shape), True, i) for i, shape in enumerate(shapes)]

    return all_of("state", trace.state_shapes), all_of("drive", trace.drive_shapes)


def _swap_first_tangent(low: Lowered, grad_out: Value) -> list[Value]:
    """The first state is also the output: its tangent is what flows back plus the output's own gradient."""
    tangents = [Value("tangent", (), v.width, True, i, forward=False) for i, v in enumerate(low.new_states)]
    total = Value("add", (tangents[0], grad_out), grad_out.width, True, forward=False)
    for value in _walk(low):
        value.args = (
            tuple(
                (total if a.attr == 0 else tangents[a.attr]) if a.op == "tangent" and a is not tangents[0] else a
                for a in value.args
            )
            if value is not total
            else value.args
        )

    def top(item: object) -> object:
        if isinstance(item, Value) and item.op == "tangent":
            return total if item.attr == 0 else tangents[item.attr]
        return item

    low.gradients = [top(g) for g in low.gradients]
    for root in _roots(low.gradients):
        root.args = tuple(top(a) for a in root.args)
    return tangents


def _roots(gradients: Iterable[object]) -> list[Deferred]:
    found: dict[Deferred, None] = {}
    stack = [g for g in gradients if isinstance(g, Deferred)]
    seen: set[Deferred] = set()
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        if item.op in ("outer", "rowsum"):
            found[item] = None
        else:
            stack += [a for a in _flat(item.args) if isinstance(a, Deferred)]
    return list(found)


class _Needs:
    """What the backward pass reads of the forward one."""

    def __init__(self, output: Value):
        self.h = output
        self.saved: dict[tuple[Value, int, int], None] = {}
        self.inputs: set[Value] = set()
        self.output = False
        self.seen: set[tuple[Value, int, int]] = set()

    def ranges(self) -> list[tuple[Value, int, int]]:
        """Return what to save: of each value, one stretch of columns that holds all that is read."""
        found: dict[Value, tuple[int, int]] = {}
        for value, start, width in self.saved:
            low, high = found.get(value, (start, start + width))
            found[value] = min(low, start), max(high, start + width)
        return [(value, low, high - low) for value, (low, high) in found.items()]

    def whole(self, value: Value) -> None:
        edges = sorted({0, value.width, *cuts(value, 0, value.width, {})})
        for a, b in pairwise(edges):
            self.columns(value, a, b - a)

    def columns(self, value: Value, start: int, width: int) -> None:
        if (value, start, width) in self.seen:
            return
        self.seen.add((value, start, width))
        if value.op in INPUTS:
            self.inputs.add(value)
        elif value.op in ("slice", "cat"):
            for piece in through(value, start, width):
                self.columns(*piece)
        elif value is self.h and value.op not in ("state", "drive"):
            self.output = True
        elif value.forward and (value.op not in CHEAP) and value.rows:
            self.saved[value, start, width] = None
        elif value.op == "mm" or value.op in REDUCTIONS:
            self.whole(value.args[0])
        else:
            for arg in value.args:
                self.columns(arg, *((start, width) if arg.width > 1 else (0, 1)))
