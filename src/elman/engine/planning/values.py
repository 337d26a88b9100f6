"""Build values of the intermediate language, each only once and in its simplest form."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, TypeVar, cast

from elman.engine.planning.language import (
    Cat,
    Const,
    Contract,
    Gather,
    Input,
    MatMul,
    Matrix,
    Numbers,
    Op,
    Pointwise,
    Reduce,
    Reduction,
    Scan,
    Slice,
    Theta,
    Value,
)

__all__ = ["Values"]

V = TypeVar("V", bound=Value)


class Values:
    """The values of one step; the same arguments return the same object."""

    def __init__(self) -> None:
        self._known: dict[tuple[Hashable, ...], Value] = {}

    def _once(self, value: V, *further: Hashable) -> V:
        fields: dict[str, Any] = vars(value)
        return cast("V", self._known.setdefault((type(value), *fields.values(), *further), value))

    def input(self, kind: Literal["drive", "state", "tangent", "grad_out"], width: int, index: int = 0) -> Input:
        """Return an input of the step."""
        return self._once(Input(width, True, (), kind, index))

    def theta(self, width: int, index: int) -> Theta:
        """Return a theta, a parameter or a tensor computed from parameters."""
        return self._once(Theta(width, False, (), index))

    def const(self, number: float, width: int = 1, rows: bool = False) -> Const:
        """Return a constant."""
        return self._once(Const(width, rows, (), float(number)), str(number))  # 0.0 == -0.0

    def pointwise(self, op: Op, *args: Value) -> Pointwise:
        """Return the result of an operator on each column; operands of one column are broadcast."""
        return self._once(Pointwise(max(a.width for a in args), any(a.rows for a in args), args, op))

    def numbers(self, numbers: Sequence[float]) -> Value:
        """Return a constant for each column."""
        same = tuple(float(x) for x in numbers)
        if len(set(map(str, same))) == 1:
            return self.const(same[0], len(same))
        return self._once(Numbers(len(same), False, (), same), str(same))

    def matmul(self, value: Value, matrix: Matrix, groups: int = 1) -> MatMul:
        """Return the product of a row, or of each of its groups of columns, and a matrix."""
        return self._once(MatMul(groups * matrix.n, True, (value,), matrix, groups))

    def reduce(self, how: Reduction, value: Value, count: int | None = None, inner: int = 1) -> Reduce:
        """Return the reduction of all columns to one, or of ``[any, count, inner]`` over ``count``."""
        count = value.width if count is None else count
        return self._once(Reduce(value.width // count, value.rows, (value,), how, count, inner))

    def scan(self, how: Reduction, value: Value, count: int) -> Scan:
        """Return the cumulative reductions of each ``count`` columns."""
        return self._once(Scan(value.width, value.rows, (value,), how, count))

    def contract(
        self, a: Value, b: Value, sizes: tuple[int, int, int, int], a_strides: tuple[int, int, int],
        b_strides: tuple[int, int, int],
    ) -> Contract:  # fmt: skip
        """Return the products of two rows' matrices, see :class:`Contract`."""
        g, i, j, _ = sizes
        return self._once(Contract(g * i * j, a.rows or b.rows, (a, b), sizes, a_strides, b_strides))

    def gather(self, value: Value, index: Sequence[int]) -> Value:
        """Return columns of a value in any order."""
        index = tuple(index)
        if index == tuple(range(index[0], index[0] + len(index))):
            return self.slice(value, index[0], len(index))
        if value.boolean:
            numbers = self.gather(self.pointwise(Op.FLOAT, value), index)
            return self.pointwise(Op.NE, numbers, self.const(0))
        match value:
            case Const():
                return self.const(value.number, len(index), value.rows)
            case Numbers():
                return self.numbers([value.numbers[i] for i in index])
            case Slice():
                return self.gather(value.args[0], [value.start + i for i in index])
            case Gather():
                return self.gather(value.args[0], [value.index[i] for i in index])
            case Cat():
                at, low, high = 0, min(index), max(index)
                for part in value.args:
                    if at <= low and high < at + part.width:
                        return self.gather(part, [i - at for i in index])
                    at += part.width
        return self._once(Gather(len(index), value.rows, (value,), index))

    def slice(self, value: Value, start: int, width: int) -> Value:
        """Return columns of a value; if they all come from one operand, columns of that operand."""
        if width == value.width:
            return value
        match value:
            case Slice():
                return self.slice(value.args[0], value.start + start, width)
            case Const():
                return self.const(value.number, width, value.rows)
            case Numbers():
                return self.numbers(value.numbers[start : start + width])
            case Gather():
                return self.gather(value.args[0], value.index[start : start + width])
            case Cat():
                at = 0
                for part in value.args:
                    if at <= start and start + width <= at + part.width:
                        return self.slice(part, start - at, width)
                    at += part.width
        return self._once(Slice(width, value.rows, (value,), start))

    def cat(self, parts: Sequence[Value]) -> Value:
        """Return the concatenation of values with at least one column in all."""
        parts = [part for part in parts if part.width]
        if len(parts) == 1:
            return parts[0]
        return self._once(Cat(sum(p.width for p in parts), any(p.rows for p in parts), tuple(parts)))
