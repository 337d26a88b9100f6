"""The engine's own small language: rows of numbers, and what happens to them within one time step.

A :class:`Value` is a row of numbers, of one of the kinds below. Values refer to those that they are computed from, so
a step is a graph. Nothing changes a value once it is there, and :class:`~elman.engine.planning.values.Values` creates
each only once, so the same value is the same object.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "CHEAP", "LOGICAL", "Cat", "Const", "Input", "MatMul", "Matrix", "Op", "Pointwise", "Reduce", "Reduction",
    "Slice", "Theta", "Value", "is_cheap",
]  # fmt: skip


class Op(StrEnum):
    """What is done number by number. A new one needs a rule that lowers to it, and a function of each back end."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    FMA = "fma"  # a b + c, rounded once
    MAX = "max"  # of two; NaN if either is
    MIN = "min"
    NEG = "neg"
    ABS = "abs"
    SQRT = "sqrt"
    EXP = "exp"
    LOG = "log"
    LOG1P = "log1p"
    EXPM1 = "expm1"
    SIN = "sin"
    COS = "cos"
    ERF = "erf"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    AND = "and"
    OR = "or"
    NOT = "not"
    SELECT = "select"  # of a truth value and two numbers
    FLOAT = "float"  # of a truth value, 1 or 0


#: Operators whose result is a truth value.
LOGICAL = frozenset([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.AND, Op.OR, Op.NOT])
#: Operators worth running again in the backward pass rather than saving their result.
CHEAP = LOGICAL | {Op.ADD, Op.SUB, Op.MUL, Op.FMA, Op.NEG, Op.ABS, Op.MAX, Op.MIN, Op.SELECT, Op.FLOAT}


class Reduction(StrEnum):
    """What becomes of a row's columns when they become one."""

    SUM = "sum"
    AMAX = "amax"

    @property
    def start(self) -> float:
        """What the first column is combined with."""
        return 0.0 if self is Reduction.SUM else float("-inf")

    @property
    def combine(self) -> Op:
        """How a column is combined with those before it."""
        return Op.ADD if self is Reduction.SUM else Op.MAX


@dataclass(frozen=True)
class Matrix:
    """A two-dimensional theta, perhaps transposed: ``[k, n]`` as the product reads it."""

    index: int
    transposed: bool
    k: int
    n: int


@dataclass(frozen=True, eq=False)
class Value:
    """A row of ``width`` numbers for each row of the batch, or if not ``rows``, one row for all of them."""

    width: int
    rows: bool
    args: tuple["Value", ...]  # what it is computed from

    @property
    def boolean(self) -> bool:
        """Whether it holds truth values."""
        return False


@dataclass(frozen=True, eq=False)
class Input(Value):
    """What comes from outside the step: a drive, a state field, or what flows back.

    ``tangent`` is the gradient of a state field from the steps after this one, ``grad_out`` that of the output;
    ``waiting`` is a new state field that lies aside until the old one is no longer read.
    """

    kind: Literal["drive", "state", "tangent", "grad_out", "waiting"]
    index: int


@dataclass(frozen=True, eq=False)
class Theta(Value):
    """What the step reads of the parameters, where it is used as a row."""

    index: int


@dataclass(frozen=True, eq=False)
class Const(Value):
    """The same number in every column."""

    number: float


@dataclass(frozen=True, eq=False)
class Slice(Value):
    """The columns of its operand from ``start`` on."""

    start: int

    @property
    def boolean(self) -> bool:
        """Whether it holds truth values."""
        return self.args[0].boolean


@dataclass(frozen=True, eq=False)
class Cat(Value):
    """Its operands side by side."""

    @property
    def boolean(self) -> bool:
        """Whether it holds truth values."""
        return self.args[0].boolean


@dataclass(frozen=True, eq=False)
class MatMul(Value):
    """Its operand times a matrix of parameters."""

    matrix: Matrix


@dataclass(frozen=True, eq=False)
class Reduce(Value):
    """One number of all its operand's columns."""

    how: Reduction


@dataclass(frozen=True, eq=False)
class Pointwise(Value):
    """An operator on each column; an operand of one column serves them all."""

    op: Op

    @property
    def boolean(self) -> bool:
        """Whether it holds truth values."""
        return self.op in LOGICAL


def is_cheap(value: Value) -> bool:
    """Say whether a value is worth computing again rather than keeping."""
    return isinstance(value, (Slice, Cat, Const)) or (isinstance(value, Pointwise) and value.op in CHEAP)
