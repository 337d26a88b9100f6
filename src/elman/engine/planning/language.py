"""The engine's intermediate language: rows of numbers, and operators on them within one time step.

A :class:`Value` is a row of numbers, of one of the classes below. Values refer to their operands, so a step is a
graph. Values are immutable, and :class:`~elman.engine.planning.values.Values` creates each only once, so equal values
are the same object.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "CHEAP", "LOGICAL", "Cat", "Const", "Input", "MatMul", "Matrix", "Op", "Pointwise", "Reduce", "Reduction",
    "Slice", "Theta", "Value", "is_cheap",
]  # fmt: skip


class Op(StrEnum):
    """Elementwise operators. A new one needs a rule that lowers to it, and an implementation in each back end."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    FMA = "fma"  # a b + c, rounded once
    MAX = "max"  # of two; NaN if either is NaN
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
#: Operators that the backward pass computes again instead of saving their result.
CHEAP = LOGICAL | {Op.ADD, Op.SUB, Op.MUL, Op.FMA, Op.NEG, Op.ABS, Op.MAX, Op.MIN, Op.SELECT, Op.FLOAT}


class Reduction(StrEnum):
    """Reductions of a row's columns to one number."""

    SUM = "sum"
    AMAX = "amax"

    @property
    def start(self) -> float:
        """The neutral element, with which the first column is combined."""
        return 0.0 if self is Reduction.SUM else float("-inf")

    @property
    def combine(self) -> Op:
        """The operator that combines a column with those before it."""
        return Op.ADD if self is Reduction.SUM else Op.MAX


@dataclass(frozen=True)
class Matrix:
    """A two-dimensional theta, possibly transposed: ``[k, n]`` as the product reads it."""

    index: int
    transposed: bool
    k: int
    n: int


@dataclass(frozen=True, eq=False)
class Value:
    """A row of ``width`` numbers for each row of the batch or, if not ``rows``, one row for the whole batch."""

    width: int
    rows: bool
    args: tuple["Value", ...]  # operands

    @property
    def boolean(self) -> bool:
        """Whether it holds truth values."""
        return False


@dataclass(frozen=True, eq=False)
class Input(Value):
    """An input of the step: a drive, a state field, or a gradient.

    ``tangent`` is the gradient of a state field from the steps after this one, ``grad_out`` the gradient of the
    output; ``waiting`` is a new state field in a temporary buffer, until the old one is no longer read.
    """

    kind: Literal["drive", "state", "tangent", "grad_out", "waiting"]
    index: int


@dataclass(frozen=True, eq=False)
class Theta(Value):
    """A parameter, or a tensor computed from parameters, that is used as a row."""

    index: int


@dataclass(frozen=True, eq=False)
class Const(Value):
    """The same number in every column."""

    number: float


@dataclass(frozen=True, eq=False)
class Slice(Value):
    """Columns of its operand, from ``start`` on."""

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
    """The product of its operand and a matrix of parameters."""

    matrix: Matrix


@dataclass(frozen=True, eq=False)
class Reduce(Value):
    """The reduction of its operand's columns to one number."""

    how: Reduction


@dataclass(frozen=True, eq=False)
class Pointwise(Value):
    """An operator on each column; an operand of one column is broadcast."""

    op: Op

    @property
    def boolean(self) -> bool:
        """Whether it holds truth values."""
        return self.op in LOGICAL


def is_cheap(value: Value) -> bool:
    """Return whether a value is computed again instead of stored."""
    return isinstance(value, (Slice, Cat, Const)) or (isinstance(value, Pointwise) and value.op in CHEAP)
