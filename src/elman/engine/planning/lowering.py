"""Helpers for rules, which translate recorded operators to the intermediate language, and the table of all rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
import torch

from elman.engine.planning.deferred import Deferred
from elman.engine.planning.language import Const, Op, Value
from elman.engine.planning.values import Values
from elman.engine.planning.views import Atom, Dims, Laid, columns, flat, has_rows, regrouped, sizes_of, spread
from elman.engine.tracing.recording import Node
from elman.engine.unsupported import Unsupported

__all__ = ["RULES", "Lowering", "Meaning", "Rule", "lowers"]

#: The translation of a recorded tensor.
Meaning = Laid | Deferred


class Lowering:
    """The tensors translated so far, and functions to translate and build more."""

    def __init__(self, batch: int, dtype: torch.dtype):
        self.batch, self.dtype = batch, dtype
        self.values = Values()
        self.env: dict[Node, Meaning] = {}
        self.node = Node("", (), {}, (), dtype)  # the node being translated
        self.dims: Dims = ()  # of its result, if its rule is elementwise

    def bad(self, why: str) -> Unsupported:
        """Return an :class:`Unsupported` that names the line of ``step``."""
        return Unsupported(why, self.node.source)

    # Shapes.

    def dims_of(self, shape: Sequence[int]) -> Dims:
        """Return the dimensions of a tensor that is not computed from another; one of them may count the rows."""
        places = [place for place, size in enumerate(shape) if size == self.batch]
        if len(places) > 1:
            raise self.bad(f"{self.node.op} returns a tensor of shape {self.spell(shape)}, with the rows twice")
        dims = [(Atom(size, None if size == self.batch else 0),) if size != 1 else () for size in shape]
        return spread(dims, 2)

    def spell(self, shape: Sequence[int]) -> str:
        """Return a shape as text, with B for the batch size."""

        def one(size: int) -> str:
            count, rest = divmod(size, self.batch)
            return str(size) if rest or not size else "B" if count == 1 else f"{count} B"

        return "[" + ", ".join(map(one, shape)) + "]"

    def broadcast(self, node: Node) -> Dims:
        """Return the dimensions of an elementwise operator's result."""
        found: list[tuple[Atom, ...]] = [() for _ in node.shape]
        for read in node.inputs():
            dims = self.laid(read).dims
            for place, dim in enumerate(dims, len(node.shape) - len(dims)):
                if len(dim) > len(found[place]) or (has_rows(dim) and not has_rows(found[place])):
                    found[place] = dim
        if sum(has_rows(dim) for dim in found) > 1:
            raise self.bad(f"{node.op} combines each row of the batch with every other: {self.spell(node.shape)}")
        return tuple(found)

    # Reading arguments.

    def laid(self, arg: Any) -> Laid:
        """Return an argument as a view."""
        if isinstance(arg, (bool, int, float)):
            return Laid(self.const(arg), ())
        meaning = self.env[arg]
        assert isinstance(meaning, Laid)
        return meaning

    def row(self, arg: Any, out: tuple[int, ...] | None = None) -> Value:
        """Return an argument of an elementwise operator, with its columns in the order of the result's.

        All columns of the result may be the same: the value then has one column.
        """
        laid = self.laid(arg)
        dims: list[tuple[Atom, ...]] = [() for _ in range(len(self.dims) - len(laid.dims))]
        for mine, wanted in zip(laid.dims, self.dims[len(dims) :], strict=True):
            if not mine:
                dims.append(tuple(Atom(a.size, 0) for a in wanted if a.stride is not None))
                continue
            sizes = [(a.size, a.stride is None) for a in wanted]
            if [(a.size, a.stride is None) for a in mine] != sizes:
                split = regrouped(mine, [a.size for a in wanted])
                fits = split is not None and [has_rows(dim) for dim in split] == [rows for _, rows in sizes]
                if not fits:
                    what = f"{self.spell(sizes_of(laid.dims))} to {self.spell(sizes_of(self.dims))}"
                    raise self.bad(f"{self.node.op} broadcasts {what}")
                assert split is not None
                mine = tuple(flat(split))
            dims.append(mine)
        missing = len(self.dims) - len(laid.dims)
        for place in range(missing):
            dims[place] = tuple(Atom(a.size, 0) for a in self.dims[place] if a.stride is not None)
        return self.pick(laid.value, flat(dims), laid.offset)

    def whole(self, laid: Laid) -> Value:
        """Return a tensor's numbers in the order of its dimensions; one column if all of a row are the same."""
        return self.pick(laid.value, flat(laid.dims), laid.offset)

    def pick(self, value: Value, atoms: Sequence[Atom], offset: int = 0) -> Value:
        """Return the columns of a value that a view reads, in the view's order."""
        atoms = [atom for atom in atoms if atom.stride is not None]
        width = prod(atom.size for atom in atoms)
        if not width:
            return self.const(0, 0, value.rows)
        if isinstance(value, Const):
            return value if value.width in (1, width) else self.const(value.number, width, value.rows)
        if value.width == 1:
            return value
        if not any(atom.stride for atom in atoms):
            return self.values.slice(value, offset, 1)
        return self.values.gather(value, columns(atoms, offset).ravel().tolist())

    def in_order(self, laid: Laid) -> Laid:
        """Return the same tensor with each dimension one factor, unless it counts rows, and its columns in order."""
        value = self.whole(laid)
        dims = spread(laid.dims, value.width)
        again = regrouped(flat(dims), sizes_of(dims))
        return Laid(value, dims if again is None else again)

    # Building values.

    def const(self, number: float, width: int = 1, rows: bool = False) -> Const:
        """Return a constant."""
        return self.values.const(number, width, rows)

    def number(self, value: Value) -> Value:
        """Return a truth value as 1 or 0."""
        return self.values.pointwise(Op.FLOAT, value) if value.boolean else value

    def wide(self, value: Value, width: int) -> Value:
        """Return a value broadcast to ``width`` columns."""
        value = self.number(value)
        return value if value.width == width else self.call(Op.MUL, value, self.const(1.0, width, value.rows))

    def call(self, op: Op, *args: Value) -> Value:
        """Return the result of an operator on each column."""
        if op is Op.SELECT:
            args = args[0], *map(self.number, args[1:])
        elif op not in (Op.AND, Op.OR, Op.NOT, Op.FLOAT):
            args = tuple(map(self.number, args))
        elif not all(arg.boolean for arg in args):
            raise self.bad(f"{self.node.op} uses numbers as truth values; compare them with 0 first")
        if not all(arg.width for arg in args):
            raise self.bad(f"{self.node.op} of no columns")
        return self.values.pointwise(op, *args)

    def cat(self, parts: Sequence[Value]) -> Value:
        """Return the concatenation of values along columns."""
        if not any(part.width for part in parts):
            raise self.bad(f"{self.node.op} of no columns")
        return self.values.cat(parts)

    def placed(self, ids: np.ndarray, value: Value, dims: Dims) -> Laid:
        """Return columns of a value, or 0 where an id is negative, as a tensor with these dimensions' sizes."""
        order = ids.ravel().tolist()
        if min(order, default=0) < 0:
            value = self.number(value)
            inside = [place for place, i in enumerate(order) if i >= 0]
            if not inside:
                return Laid(self.const(0), spread(dims, 1))
            first, last = inside[0], inside[-1] + 1
            run = order[first:last]
            if run == list(range(run[0], run[0] + len(run))):
                edges = self.const(0, first, value.rows), self.const(0, len(order) - last, value.rows)
                return Laid(
                    self.cat([edges[0], self.values.slice(value, run[0], len(run)), edges[1]]), spread(dims, 2)
                )
            zero = value.width
            value = self.cat([value, self.const(0, 1, value.rows)])
            order = [zero if i < 0 else i for i in order]
        return Laid(self.values.gather(value, order), spread(dims, len(order)))


@dataclass(frozen=True)
class Rule:
    """The translation of an operator; an ``elementwise`` one returns the columns of its result, in order."""

    read: Callable[[Lowering, Node], Any]
    elementwise: bool


#: By the operators' names in PyTorch.
RULES: dict[str, Rule] = {}

R = TypeVar("R", bound=Value | Meaning)


def lowers(
    *operators: str, elementwise: bool = False
) -> Callable[[Callable[[Lowering, Node], R]], Callable[[Lowering, Node], R]]:
    """Register a function in the table of rules.

    Args:
        operators: names of PyTorch's operators.
        elementwise: whether the rule returns a value, the result's columns in the order of ``Lowering.dims``; other
            rules return a :class:`Laid`, or a sum over the rows.
    """

    def enter(read: Callable[[Lowering, Node], R]) -> Callable[[Lowering, Node], R]:
        for name in operators:
            assert name not in RULES, f"{name} has two rules"
            RULES[name] = Rule(read, elementwise)
        return read

    return enter
