"""Rules for elementwise operators."""

from typing import Any

import torch

from elman.engine.planning.language import Const, Op, Value
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.tracing.recording import Node

BINARY = {
    "mul": Op.MUL, "div": Op.DIV, "maximum": Op.MAX, "minimum": Op.MIN, "fmod": Op.FMOD, "atan2": Op.ATAN2,
    "logical_and": Op.AND, "logical_or": Op.OR,
    "bitwise_and": Op.AND, "bitwise_or": Op.OR,
    "eq": Op.EQ, "ne": Op.NE, "lt": Op.LT, "le": Op.LE, "gt": Op.GT, "ge": Op.GE,
}  # fmt: skip


@lowers(
    "neg", "sigmoid", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "abs", "sin", "cos", "erf", "atan", "asin",
    "acos", "tan", "sinh", "cosh", "asinh", "acosh", "atanh", "floor", "ceil", "trunc", elementwise=True,
)  # fmt: skip
def unary(low: Lowering, node: Node) -> Value:
    """Unary operators with the same name in PyTorch and in the engine."""
    return low.call(Op(node.op), low.row(node.args[0]))


@lowers(*BINARY, elementwise=True)
def binary(low: Lowering, node: Node) -> Value:
    """Binary operators with the same name in PyTorch and in the engine."""
    a, b = (low.row(arg, node.shape) for arg in node.args[:2])
    match node.kwargs.get("rounding_mode"):
        case "trunc":
            return low.call(Op.TRUNC, low.call(Op.DIV, a, b))
        case "floor":
            return _floor_of_quotient(low, a, b)
    return low.call(BINARY[node.op], a, b)


@lowers("floor_divide", elementwise=True)
def floor_divide(low: Lowering, node: Node) -> Value:
    """``a // b``."""
    return _floor_of_quotient(low, *(low.row(arg, node.shape) for arg in node.args[:2]))


@lowers("remainder", elementwise=True)
def remainder(low: Lowering, node: Node) -> Value:
    """``a - b floor(a / b)``, exactly: it has the sign of b."""
    return _remainder(low, *(low.row(arg, node.shape) for arg in node.args[:2]))[0]


def _remainder(low: Lowering, a: Value, b: Value) -> tuple[Value, Value]:
    """Return the remainder with the sign of b, and whether it differs from that with the sign of a."""
    rest, zero = low.call(Op.FMOD, a, b), low.const(0)
    other = low.call(Op.NE, low.call(Op.FLOAT, low.call(Op.LT, b, zero)),
                     low.call(Op.FLOAT, low.call(Op.LT, rest, zero)))  # fmt: skip
    differs = low.call(Op.AND, low.call(Op.NE, rest, zero), other)
    return low.call(Op.SELECT, differs, low.call(Op.ADD, rest, b), rest), differs


def _floor_of_quotient(low: Lowering, a: Value, b: Value) -> Value:
    """PyTorch's way: the quotient of what the remainder leaves, which is whole but for rounding."""
    rest = low.call(Op.FMOD, a, b)
    _, differs = _remainder(low, a, b)
    quotient = low.call(Op.DIV, low.call(Op.SUB, a, rest), b)
    quotient = low.call(Op.SELECT, differs, low.call(Op.SUB, quotient, low.const(1)), quotient)
    floor = low.call(Op.FLOOR, quotient)
    above = low.call(Op.GT, low.call(Op.SUB, quotient, floor), low.const(0.5))
    return low.call(Op.SELECT, above, low.call(Op.ADD, floor, low.const(1)), floor)


@lowers("round", elementwise=True)
def rounded(low: Lowering, node: Node) -> Value:
    """The nearest integer, halves to the even one."""
    if node.kwargs.get("decimals"):
        raise low.bad("round to a number of decimals; multiply, round and divide")
    return low.call(Op.ROUND, low.row(node.args[0]))


@lowers("add", elementwise=True)
def add(low: Lowering, node: Node) -> Value:
    """``a + alpha b``; adding 0 is left out."""
    a, b = _summands(low, node)
    if _is_zero_beside(a, b):
        return b
    return a if _is_zero_beside(b, a) else low.call(Op.ADD, a, b)


@lowers("sub", elementwise=True)
def sub(low: Lowering, node: Node) -> Value:
    """``a - alpha b``."""
    a, b = _summands(low, node)
    return a if _is_zero_beside(b, a) else low.call(Op.SUB, a, b)


@lowers("rsub", elementwise=True)
def rsub(low: Lowering, node: Node) -> Value:
    """``b - a``."""
    if _alpha(node) != 1:
        raise low.bad("rsub with alpha")
    a, b = (low.row(arg, node.shape) for arg in node.args[:2])
    return b if _is_zero_beside(a, b) else low.call(Op.SUB, b, a)


def _alpha(node: Node) -> float:
    return node.kwargs.get("alpha", node.args[2] if len(node.args) > 2 else 1)


def _summands(low: Lowering, node: Node) -> tuple[Value, Value]:
    a, b = (low.row(arg, node.shape) for arg in node.args[:2])
    return a, b if _alpha(node) == 1 else low.call(Op.MUL, b, low.const(_alpha(node)))


def _is_zero_beside(value: Value, other: Value) -> bool:
    """Return whether adding ``value`` changes neither the other's numbers nor its shape."""
    zero = isinstance(value, Const) and value.number == 0
    return zero and other.width >= value.width and (other.rows or not value.rows)


@lowers("relu", elementwise=True)
def relu(low: Lowering, node: Node) -> Value:
    """0 where x is at most 0; NaN stays."""
    x = low.row(node.args[0])
    return low.call(Op.SELECT, low.call(Op.LE, x, low.const(0)), low.const(0), x)


@lowers("threshold_backward", elementwise=True)
def threshold_backward(low: Lowering, node: Node) -> Value:
    """The gradient where x is above a threshold."""
    grad, x, threshold = (low.row(a, node.shape) for a in node.args)
    return low.call(Op.SELECT, low.call(Op.LE, x, threshold), low.const(0), grad)


@lowers("sigmoid_backward", elementwise=True)
def sigmoid_backward(low: Lowering, node: Node) -> Value:
    """``grad (1 - y) y``."""
    grad, y = (low.row(a, node.shape) for a in node.args)
    return low.call(Op.MUL, low.call(Op.MUL, grad, low.call(Op.SUB, low.const(1), y)), y)


@lowers("tanh_backward", elementwise=True)
def tanh_backward(low: Lowering, node: Node) -> Value:
    """``grad (1 - y^2)``."""
    grad, y = (low.row(a, node.shape) for a in node.args)
    return low.call(Op.MUL, grad, low.call(Op.FMA, low.call(Op.NEG, y), y, low.const(1)))  # rounded once


@lowers("reciprocal", elementwise=True)
def reciprocal(low: Lowering, node: Node) -> Value:
    """``1 / x``."""
    return low.call(Op.DIV, low.const(1), low.row(node.args[0]))


@lowers("rsqrt", elementwise=True)
def rsqrt(low: Lowering, node: Node) -> Value:
    """``1 / sqrt(x)``."""
    return low.call(Op.DIV, low.const(1), low.call(Op.SQRT, low.row(node.args[0])))


@lowers("square", elementwise=True)
def square(low: Lowering, node: Node) -> Value:
    """``x x``."""
    x = low.row(node.args[0])
    return low.call(Op.MUL, x, x)


@lowers("sign", "sgn", elementwise=True)
def sign(low: Lowering, node: Node) -> Value:
    """1, 0 or -1; 0 of NaN."""
    x = low.row(node.args[0])
    up = low.call(Op.SELECT, low.call(Op.GT, x, low.const(0)), low.const(1), low.const(0))
    return low.call(Op.SELECT, low.call(Op.LT, x, low.const(0)), low.const(-1), up)


@lowers("pow", elementwise=True)
def power(low: Lowering, node: Node) -> Value:
    """A power; a product, a root or a quotient where it is one."""
    x, exponent = node.args
    if isinstance(exponent, Node) or not isinstance(x, Node):
        return low.call(Op.POW, low.row(x, node.shape), low.row(exponent, node.shape))
    x = low.row(x)
    if exponent in (1, 2, 3):
        return x if exponent == 1 else low.call(Op.MUL, x, x if exponent == 2 else low.call(Op.MUL, x, x))
    if exponent == 0.5:
        return low.call(Op.SQRT, x)
    if exponent == -0.5:
        return low.call(Op.DIV, low.const(1), low.call(Op.SQRT, x))
    if exponent in (-1, -2):
        return low.call(Op.DIV, low.const(1), x if exponent == -1 else low.call(Op.MUL, x, x))
    if exponent == 0:
        return low.const(1, x.width, x.rows)
    return low.call(Op.POW, x, low.const(exponent))


@lowers("clamp", elementwise=True)
def clamp(low: Lowering, node: Node) -> Value:
    """Keep within bounds; NaN stays."""
    lowest = node.args[1] if len(node.args) > 1 else node.kwargs.get("min")
    highest = node.args[2] if len(node.args) > 2 else node.kwargs.get("max")
    return _within(low, node, lowest, highest)


@lowers("clamp_min", elementwise=True)
def clamp_min(low: Lowering, node: Node) -> Value:
    """Keep above a bound."""
    return _within(low, node, node.args[1], None)


@lowers("clamp_max", elementwise=True)
def clamp_max(low: Lowering, node: Node) -> Value:
    """Keep below a bound."""
    return _within(low, node, None, node.args[1])


def _within(low: Lowering, node: Node, lowest: Any, highest: Any) -> Value:
    x = low.row(node.args[0])
    for bound, beyond in ((lowest, Op.LT), (highest, Op.GT)):
        if bound is not None:
            edge = low.row(bound, node.shape)
            x = low.call(Op.SELECT, low.call(beyond, x, edge), edge, x)
    return x


@lowers("where", elementwise=True)
def where(low: Lowering, node: Node) -> Value:
    """One of two, by a truth value."""
    return low.call(Op.SELECT, *(low.row(a, node.shape) for a in node.args))


@lowers("logical_not", "bitwise_not", elementwise=True)
def logical_not(low: Lowering, node: Node) -> Value:
    """The other truth value."""
    return low.call(Op.NOT, low.row(node.args[0]))


@lowers("_to_copy", elementwise=True)
def to_copy(low: Lowering, node: Node) -> Value:
    """A truth value as a number."""
    x = low.row(node.args[0])
    if node.dtype == node.args[0].dtype:
        return x
    if x.boolean and node.dtype in (low.dtype, torch.int64, torch.int32):
        return low.call(Op.FLOAT, x)
    if node.dtype == low.dtype and not node.args[0].dtype.is_floating_point:
        return x
    if node.dtype == torch.bool:
        return low.call(Op.NE, x, low.const(0))
    raise low.bad(f"a change of type from {node.args[0].dtype} to {node.dtype}")
