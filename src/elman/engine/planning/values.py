"""Build values of the intermediate language, each only once and in its simplest form."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, TypeVar, cast

from elman.engine.planning.language import (
    Cat,
    Const,
    Input,
    MatMul,
    Matrix,
    Op,
    Pointwise,
    Reduce,
    Reduction,
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

    def matmul(self, value: Value, matrix: Matrix) -> MatMul:
        """Return the product of a row and a matrix."""
        return self._once(MatMul(matrix.n, True, (value,), matrix))

    def reduce(self, how: Reduction, value: Value) -> Reduce:
        """Return the reduction of all columns to one."""
        return self._once(Reduce(1, value.rows, (value,), how))

    def slice(self, value: Value, start: int, width: int) -> Value:
        """Return columns of a value; if they all come from one operand, columns of that operand."""
        if width == value.width:
            return value
        match value:
            case Slice():
                return self.slice(value.args[0], value.start + start, width)
            case Const():
                return self.const(value.number, width, value.rows)
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
