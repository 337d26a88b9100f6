"""Helpers for rules, which translate recorded operators to the intermediate language, and the table of all rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from elman.engine.planning.deferred import Deferred
from elman.engine.planning.language import Const, Matrix, Op, Value
from elman.engine.planning.values import Values
from elman.engine.tracing.recording import Node
from elman.engine.unsupported import Unsupported

__all__ = ["RULES", "Lowering", "Meaning", "Rule", "Transposed", "lowers"]


@dataclass(frozen=True)
class Transposed:
    """``[columns, B]``: the left factor of a product over all rows."""

    of: Value


#: The translation of a recorded tensor.
Meaning = Value | Matrix | Transposed | Deferred


class Lowering:
    """The tensors translated so far, and functions to translate and build more."""

    def __init__(self, batch: int, dtype: torch.dtype):
        self.batch, self.dtype = batch, dtype
        self.values = Values()
        self.env: dict[Node, Meaning] = {}
        self.node = Node("", (), {}, (), dtype)  # the node being translated

    def bad(self, why: str) -> Unsupported:
        """Return an :class:`Unsupported` that names the line of ``step``."""
        return Unsupported(why, self.node.source)

    # Shapes.

    def extent(self, shape: tuple[int, ...]) -> tuple[bool, int]:
        """Return whether a tensor of this shape has a row per batch row, and the width of a row."""
        if self.batch in shape[1:]:
            where = "twice" if shape[0] == self.batch else "not in front"
            raise self.bad(f"{self.node.op} returns a tensor of shape {self.spell(shape)}, with the rows {where}")
        if shape and shape[0] == self.batch:
            return True, prod(shape[1:])
        if len([size for size in shape if size != 1]) > 1:
            raise self.bad(f"{self.node.op} works on a matrix of parameters, {list(shape)}")
        return False, prod(shape)

    def spell(self, shape: tuple[int, ...]) -> str:
        """Return a shape as text, with B for the batch size."""
        return "[" + ", ".join("B" if size == self.batch else str(size) for size in shape) + "]"

    # Reading arguments.

    def row(self, arg: Any, out: tuple[int, ...] | None = None) -> Value:
        """Return an argument as a Value; with ``out``, check that it broadcasts to this shape by rows or columns."""
        if isinstance(arg, (bool, int, float)):
            return self.const(arg)
        value = self.env[arg]
        if not isinstance(value, Value):
            raise self.bad(f"{self.node.op} works on a whole matrix of parameters")
        if out is not None:
            has_rows, width = self.extent(out)
            tail = arg.shape[1:] if value.rows else arg.shape
            want = out[1:] if has_rows else out
            while tail and tail[0] == 1 and len(tail) > len(want):
                tail = tail[1:]
            if value.width != 1 and (value.width != width or tuple(tail) != tuple(want)):
                raise self.bad(f"{self.node.op} broadcasts {self.spell(arg.shape)} to {self.spell(out)}")
        return value

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
            raise self.bad(f"{self.node.op} uses numbers as truth values")
        if not all(arg.width for arg in args):
            raise self.bad(f"{self.node.op} of no columns")
        return self.values.pointwise(op, *args)

    def cat(self, parts: Sequence[Value]) -> Value:
        """Return the concatenation of values along columns."""
        if not any(part.width for part in parts):
            raise self.bad(f"{self.node.op} of no columns")
        return self.values.cat(parts)


@dataclass(frozen=True)
class Rule:
    """The translation of an operator. Only a ``whole`` rule gets matrices of parameters and transposed batches."""

    read: Callable[[Lowering, Node], Meaning]
    whole: bool


#: By the operators' names in PyTorch.
RULES: dict[str, Rule] = {}


def lowers(
    *operators: str, whole: bool = False
) -> Callable[[Callable[[Lowering, Node], Meaning]], Callable[[Lowering, Node], Meaning]]:
    """Register a function in the table of rules.

    Args:
        operators: names of PyTorch's operators.
        whole: whether the rule accepts matrices of parameters and transposed batches, besides rows.
    """

    def enter(read: Callable[[Lowering, Node], Meaning]) -> Callable[[Lowering, Node], Meaning]:
        for name in operators:
            assert name not in RULES, f"{name} has two rules"
            RULES[name] = Rule(read, whole)
        return read

    return enter
