"""``explain``: which engine runs a cell, and what is computed when."""

from collections import Counter
from collections.abc import Iterator

import torch

from elman.cell import Cell
from elman.engine.compiled import Compiled, kernels_of
from elman.engine.planning.deferred import Outer, step_sums
from elman.engine.planning.language import MatMul, Pointwise, Reduce, Scan, Value, is_block
from elman.engine.planning.program import BEFORE, Program
from elman.engine.unsupported import Unsupported

__all__ = ["explain"]


def explain(cell: Cell) -> str:
    """Describe in words how ``engine="auto"`` runs a cell on the CPU.

    For a cell on the native engine: what is computed before, in and after the loop over time, and how much is saved
    for the backward pass. For a cell on the loop engine: the operator and the line of ``step`` that the native engine
    does not support. The wording may change.

    Args:
        cell: any cell. It is traced and compiled if its structure is new.

    Returns:
        A few lines of text.

    Example:
        >>> import elman
        >>> print(elman.explain(elman.cells.RNNCell(3, 5)))
        RNNCell(3, 5) runs on the native engine (float32).
          before the loop   the drive: one product of all inputs with weight_ih, plus bias
          in the loop       forward: 1 product ([5] x weight_hh -> [5]); 1 add, 1 tanh
                            backward: 1 product ([5] x weight_hh -> [5]); 1 add, 1 fma, 1 mul, 1 neg
          after the loop    weight_ih, weight_hh: one product each over all rows and steps; bias: one sum
          saved             20 bytes per row and step for the backward pass: h before the step, besides the output
          second gradients  by the loop engine
    """
    dtype = next((p.dtype for p in cell.parameters() if p.is_floating_point()), torch.get_default_dtype())
    name = f"{type(cell).__name__}({cell.extra_repr()})"
    kind = str(dtype).removeprefix("torch.")
    if dtype not in (torch.float32, torch.float64):
        return f"{name} runs on the loop engine: it is {kind}, and the native engine needs float32 or float64."
    with torch.random.fork_rng(devices=[]):
        cell = cell.drawn()
    found = kernels_of(cell, dtype)
    if isinstance(found, Unsupported):
        where = f"\n  at {found.source}" if found.source else ""
        return f"{name} runs on the loop engine: {found.reason}.{where}"
    facts = [
        ("before the loop", _before(found)),
        ("in the loop", f"forward: {_loop(found, found.plan.inference)}"),
        ("", f"backward: {_loop(found, found.plan.backward)}"),
        ("after the loop", _after(found)),
        ("saved", _saved(cell, found, torch.finfo(dtype).bits // 8)),
        ("second gradients", "by the loop engine"),
    ]
    lines = [f"  {title:<17} {text}" for title, text in facts]
    return "\n".join([f"{name} runs on the native engine ({kind}).", *lines])


def _before(kernels: Compiled) -> str:
    trace = kernels.trace
    if trace.linear:
        weight, bias = trace.linear
        text = f"the drive: one product of all inputs with {weight}" + (f", plus {bias}" if bias else "")
    else:
        text = "the drive, by PyTorch, for all steps at once"
    if trace.prologue:
        text += f"; once per call, what depends only on {', '.join(trace.names)}"
    return text


def _theta(kernels: Compiled, index: int) -> str:
    trace = kernels.trace
    if not trace.prologue:
        return trace.names[index]
    node = trace.thetas[index]
    place = dict(zip(trace.prologue_inputs, trace.names, strict=True))
    while node not in place and node.inputs():
        node = node.inputs()[0]
    return (
        f"part of {place[node]}"
        if node in place and node is not trace.thetas[index]
        else place.get(node, "a constant")
    )


def _loop(kernels: Compiled, program: Program) -> str:
    products = [product for level in program.levels for product in level.products]
    text = f"{len(products)} product{'s' * (len(products) != 1)}"
    if products:
        each = Counter(
            f"[{_size(p.value.groups, p.matrix.k)}] x {_theta(kernels, p.matrix.index)} "
            f"-> [{_size(p.value.groups, p.matrix.n)}]"
            for p in products
        )
        text += f" ({', '.join(one if n == 1 else f'{n} times {one}' for one, n in each.items())})"
    counted = Counter(_work(program))
    return "; ".join([text, ", ".join(f"{n} {op}" for op, n in sorted(counted.items()))]) if counted else text


def _size(groups: int, width: int) -> str:
    return f"{groups}, {width}" if groups > 1 else str(width)


def _work(program: Program) -> Iterator[str]:
    """Yield the operator of each value that a step computes, except products."""
    seen: set[Value] = set()
    stack = [store.value for level in program.levels for store in level.stores]
    while stack:
        value = stack.pop()
        if value in seen or any(after == BEFORE for *_, after in program.homes.get(value, ())):
            continue
        seen.add(value)
        if not isinstance(value, MatMul):
            stack += value.args
        if isinstance(value, (Pointwise, Reduce)) or is_block(value):
            yield _name(value)


def _name(value: Value) -> str:
    match value:
        case Pointwise():
            return value.op
        case Reduce():
            return value.how
        case Scan():
            return f"cumulative {value.how}"
        case MatMul():
            return "product"
    return type(value).__name__.lower()


def _after(kernels: Compiled) -> str:
    trace, plan = kernels.trace, kernels.plan
    products, sums = [], []
    for index, gradient in enumerate(plan.step.grad_thetas):
        if gradient is not None:
            outer = any(isinstance(total, Outer) for total in step_sums([gradient]))
            (products if outer else sums).append(_theta(kernels, index))
    if trace.linear:
        products.insert(0, trace.linear[0])
        sums += [trace.linear[1]] if trace.linear[1] else []
    each = " each" if len(products) > 1 else ""
    parts = [f"{', '.join(dict.fromkeys(products))}: one product{each} over all rows and steps"] if products else []
    each = " each" if len(sums) > 1 else ""
    parts += [f"{', '.join(dict.fromkeys(sums))}: one sum{each}"] if sums else []
    return "; ".join(parts) or "nothing"


def _saved(cell: Cell, kernels: Compiled, size: int) -> str:
    plan = kernels.plan
    fields = cell.initial_state(1)._fields
    kept = [f"{fields[i]} before the step" for i in plan.saved.states]
    kept += [f"{n} {name}" for name, n in Counter(_name(one.value) for one in plan.saved.stretches).items()]
    kept += ["the drive"] if plan.saved.drives else []
    much = f"{numbers_saved(kernels) * size} bytes per row and step for the backward pass"
    return f"{much}: {', '.join(kept) or 'nothing'}, besides the output"


def numbers_saved(kernels: Compiled) -> int:
    """Return how many numbers are saved per row and step, without the output."""
    plan = kernels.plan
    return plan.saved.width + sum(plan.step.drives[i].width for i in plan.saved.drives)
