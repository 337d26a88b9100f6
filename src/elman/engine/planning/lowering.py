"""What a rule needs in order to write a recorded operator in the engine's language, and the table of all rules."""

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


#: What a recorded tensor is to the engine.
Meaning = Value | Matrix | Transposed | Deferred


class Lowering:
    """The tensors read so far, and how to read and make more."""

    def __init__(self, batch: int, dtype: torch.dtype):
        self.batch, self.dtype = batch, dtype
        self.values = Values()
        self.env: dict[Node, Meaning] = {}
        self.node = Node("", (), {}, (), dtype)  # the one being read

    def bad(self, why: str) -> Unsupported:
        """Return a refusal that names the line of ``step``."""
        return Unsupported(why, self.node.source)

    # Shapes.

    def extent(self, shape: tuple[int, ...]) -> tuple[bool, int]:
        """Return whether a tensor of this shape has rows, and how wide one is."""
        if self.batch in shape[1:]:
            where = "twice" if shape[0] == self.batch else "not in front"
            raise self.bad(f"{self.node.op} makes a tensor of shape {self.spell(shape)}, with the rows {where}")
        if shape and shape[0] == self.batch:
            return True, prod(shape[1:])
        if len([size for size in shape if size != 1]) > 1:
            raise self.bad(f"{self.node.op} works on a matrix of parameters, {list(shape)}")
        return False, prod(shape)

    def spell(self, shape: tuple[int, ...]) -> str:
        """Write a shape as the cell's author thinks of it."""
        return "[" + ", ".join("B" if size == self.batch else str(size) for size in shape) + "]"

    # Reading arguments.

    def row(self, arg: Any, out: tuple[int, ...] | None = None) -> Value:
        """Return an argument as a Value; if ``out`` is given, one that broadcasts to it by rows or columns."""
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

    # Making values.

    def const(self, number: float, width: int = 1, rows: bool = False) -> Const:
        """A number."""
        return self.values.const(number, width, rows)

    def number(self, value: Value) -> Value:
        """A truth value as 1 or 0."""
        return self.values.pointwise(Op.FLOAT, value) if value.boolean else value

    def wide(self, value: Value, width: int) -> Value:
        """A number in each of ``width`` columns."""
        value = self.number(value)
        return value if value.width == width else self.call(Op.MUL, value, self.const(1.0, width, value.rows))

    def call(self, op: Op, *args: Value) -> Value:
        """An operator on each column."""
        if op is Op.SELECT:
            args = args[0], *map(self.number, args[1:])
        elif op not in (Op.AND, Op.OR, Op.NOT, Op.FLOAT):
            args = tuple(map(self.number, args))
        elif not all(arg.boolean for arg in args):
            raise self.bad(f"{self.node.op} of numbers as truth values")
        if not all(arg.width for arg in args):
            raise self.bad(f"{self.node.op} of no columns")
        return self.values.pointwise(op, *args)

    def cat(self, parts: Sequence[Value]) -> Value:
        """Values side by side."""
        if not any(part.width for part in parts):
            raise self.bad(f"{self.node.op} of no columns")
        return self.values.cat(parts)


@dataclass(frozen=True)
class Rule:
    """How an operator is lowered. Only a ``whole`` rule is given matrices of parameters and transposed batches."""

    read: Callable[[Lowering, Node], Meaning]
    whole: bool


#: By the operators' names in PyTorch.
RULES: dict[str, Rule] = {}


def lowers(
    *operators: str, whole: bool = False
) -> Callable[[Callable[[Lowering, Node], Meaning]], Callable[[Lowering, Node], Meaning]]:
    """Enter a function into the table of rules.

    Args:
        operators: names of PyTorch's operators.
        whole: whether the rule can read matrices of parameters and transposed batches, not rows alone.
    """

    def enter(read: Callable[[Lowering, Node], Meaning]) -> Callable[[Lowering, Node], Meaning]:
        for name in operators:
            assert name not in RULES, f"{name} has two rules"
            RULES[name] = Rule(read, whole)
        return read

    return enter
