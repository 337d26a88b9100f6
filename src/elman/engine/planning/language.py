"""The engine's intermediate language: rows of numbers, and operators on them within one time step.

A :class:`Value` is a row of numbers, of one of the classes below. Values refer to their operands, so a step is a
graph. Values are immutable, and :class:`~elman.engine.planning.values.Values` creates each only once, so equal values
are the same object.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "CHEAP", "LOGICAL", "Cat", "Const", "Contract", "Gather", "Input", "MatMul", "Matrix", "Numbers", "Op",
    "Pointwise", "Reduce", "Reduction", "Scan", "Slice", "Theta", "Value", "is_block", "is_cheap",
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
    ATAN = "atan"
    ASIN = "asin"
    ACOS = "acos"
    TAN = "tan"
    SINH = "sinh"
    COSH = "cosh"
    ASINH = "asinh"
    ACOSH = "acosh"
    ATANH = "atanh"
    ATAN2 = "atan2"  # of two
    POW = "pow"  # a to the power b
    FMOD = "fmod"  # the remainder of a / b, with the sign of a
    FLOOR = "floor"
    CEIL = "ceil"
    TRUNC = "trunc"
    ROUND = "round"  # to the nearest integer, halves to the even one
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
CHEAP = LOGICAL | {Op.ADD, Op.SUB, Op.MUL, Op.FMA, Op.NEG, Op.ABS, Op.MAX, Op.MIN, Op.SELECT, Op.FLOAT} | {
    Op.FLOOR, Op.CEIL, Op.TRUNC, Op.ROUND,
}  # fmt: skip


class Reduction(StrEnum):
    """Reductions of a row's columns to one number, or of each group of columns to one."""

    SUM = "sum"
    AMAX = "amax"
    AMIN = "amin"

    @property
    def start(self) -> float:
        """The neutral element, with which the first column is combined."""
        return {Reduction.SUM: 0.0, Reduction.AMAX: float("-inf"), Reduction.AMIN: float("inf")}[self]

    @property
    def combine(self) -> Op:
        """The operator that combines a column with those before it."""
        return {Reduction.SUM: Op.ADD, Reduction.AMAX: Op.MAX, Reduction.AMIN: Op.MIN}[self]


@dataclass(frozen=True)
class Matrix:
    """A theta of two dimensions, possibly transposed: ``[k, n]`` as the product reads it.

    With more than one of ``blocks`` it is a theta of three dimensions, ``[blocks, k, n]`` or, if transposed,
    ``[blocks, n, k]``.
    """

    index: int
    transposed: bool
    k: int
    n: int
    blocks: int = 1


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
class Numbers(Value):
    """A number for each column, the same in all rows and known when the step is traced."""

    numbers: tuple[float, ...]


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
class Gather(Value):
    """Columns of its operand in any order, perhaps repeated: column ``i`` is the operand's column ``index[i]``."""

    index: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class MatMul(Value):
    """The product of its operand and a matrix of parameters.

    With ``groups`` the operand is ``[groups, k]``, the result ``[groups, n]``, and group ``g`` is multiplied by the
    matrix's block ``g * blocks // groups``.
    """

    matrix: Matrix
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Reduce(Value):
    """The reduction of its operand, ``[any, count, inner]``, over ``count``."""

    how: Reduction
    count: int
    inner: int = 1


@dataclass(frozen=True, eq=False)
class Scan(Value):
    """Cumulative reductions of its operand, ``[any, count]``, along ``count``."""

    how: Reduction
    count: int


@dataclass(frozen=True, eq=False)
class Contract(Value):
    """The products of two operands' matrices, in each row: ``[g, i, j]`` is the sum over k of a ``[g, i, k]``
    times b ``[g, k, j]``.

    ``sizes`` are those of g, i, j, k. The strides, of g, i, k and of g, k, j, say where the operands' numbers lie
    among their columns; a stride may be 0.
    """

    sizes: tuple[int, int, int, int]
    a_strides: tuple[int, int, int]
    b_strides: tuple[int, int, int]


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
    return isinstance(value, (Slice, Cat, Const, Numbers, Gather)) or (
        isinstance(value, Pointwise) and value.op in CHEAP
    )


def is_block(value: Value) -> bool:
    """Return whether a value is computed row by row from operands in memory, before a pass."""
    return isinstance(value, (Contract, Scan)) or (isinstance(value, Reduce) and value.width > 1)
