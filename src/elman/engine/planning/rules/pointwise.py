"""Rules for elementwise operators."""

from typing import Any

from elman.engine.planning.language import Const, Op, Value
from elman.engine.planning.lowering import Lowering, lowers
from elman.engine.tracing.recording import Node

BINARY = {
    "mul": Op.MUL, "div": Op.DIV, "maximum": Op.MAX, "minimum": Op.MIN, "logical_and": Op.AND, "logical_or": Op.OR,
    "bitwise_and": Op.AND, "bitwise_or": Op.OR,
    "eq": Op.EQ, "ne": Op.NE, "lt": Op.LT, "le": Op.LE, "gt": Op.GT, "ge": Op.GE,
}  # fmt: skip


@lowers("neg", "sigmoid", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "abs", "sin", "cos", "erf")
def unary(low: Lowering, node: Node) -> Value:
    """Unary operators with the same name in PyTorch and in the engine."""
    return low.call(Op(node.op), low.row(node.args[0]))


@lowers(*BINARY)
def binary(low: Lowering, node: Node) -> Value:
    """Binary operators with the same name in PyTorch and in the engine."""
    if rounding := node.kwargs.get("rounding_mode"):
        raise low.bad(f"{node.op} with rounding_mode={rounding!r}")
    return low.call(BINARY[node.op], *(low.row(a, node.shape) for a in node.args[:2]))


@lowers("add")
def add(low: Lowering, node: Node) -> Value:
    """``a + alpha b``; adding 0 is left out."""
    a, b = _summands(low, node)
    if _is_zero_beside(a, b):
        return b
    return a if _is_zero_beside(b, a) else low.call(Op.ADD, a, b)


@lowers("sub")
def sub(low: Lowering, node: Node) -> Value:
    """``a - alpha b``."""
    a, b = _summands(low, node)
    return a if _is_zero_beside(b, a) else low.call(Op.SUB, a, b)


@lowers("rsub")
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


@lowers("relu")
def relu(low: Lowering, node: Node) -> Value:
    """0 where x is at most 0; NaN stays."""
    x = low.row(node.args[0])
    return low.call(Op.SELECT, low.call(Op.LE, x, low.const(0)), low.const(0), x)


@lowers("threshold_backward")
def threshold_backward(low: Lowering, node: Node) -> Value:
    """The gradient where x is above a threshold."""
    grad, x, threshold = (low.row(a, node.shape) for a in node.args)
    return low.call(Op.SELECT, low.call(Op.LE, x, threshold), low.const(0), grad)


@lowers("sigmoid_backward")
def sigmoid_backward(low: Lowering, node: Node) -> Value:
    """``grad (1 - y) y``."""
    grad, y = (low.row(a, node.shape) for a in node.args)
    return low.call(Op.MUL, low.call(Op.MUL, grad, low.call(Op.SUB, low.const(1), y)), y)


@lowers("tanh_backward")
def tanh_backward(low: Lowering, node: Node) -> Value:
    """``grad (1 - y^2)``."""
    grad, y = (low.row(a, node.shape) for a in node.args)
    return low.call(Op.MUL, grad, low.call(Op.FMA, low.call(Op.NEG, y), y, low.const(1)))  # rounded once


@lowers("reciprocal")
def reciprocal(low: Lowering, node: Node) -> Value:
    """``1 / x``."""
    return low.call(Op.DIV, low.const(1), low.row(node.args[0]))


@lowers("rsqrt")
def rsqrt(low: Lowering, node: Node) -> Value:
    """``1 / sqrt(x)``."""
    return low.call(Op.DIV, low.const(1), low.call(Op.SQRT, low.row(node.args[0])))


@lowers("square")
def square(low: Lowering, node: Node) -> Value:
    """``x x``."""
    x = low.row(node.args[0])
    return low.call(Op.MUL, x, x)


@lowers("sign", "sgn")
def sign(low: Lowering, node: Node) -> Value:
    """1, 0 or -1; 0 of NaN."""
    x = low.row(node.args[0])
    up = low.call(Op.SELECT, low.call(Op.GT, x, low.const(0)), low.const(1), low.const(0))
    return low.call(Op.SELECT, low.call(Op.LT, x, low.const(0)), low.const(-1), up)


@lowers("pow")
def power(low: Lowering, node: Node) -> Value:
    """A power that is a product, a root or a quotient."""
    x, exponent = node.args
    if not isinstance(exponent, (int, float)) or not isinstance(x, Node):
        raise low.bad("pow with a tensor for its exponent")
    x = low.row(x)
    if exponent in (1, 2, 3):
        return x if exponent == 1 else low.call(Op.MUL, x, x if exponent == 2 else low.call(Op.MUL, x, x))
    if exponent == 0.5:
        return low.call(Op.SQRT, x)
    if exponent == -1:
        return low.call(Op.DIV, low.const(1), x)
    raise low.bad(f"pow to the power {exponent}")


@lowers("clamp")
def clamp(low: Lowering, node: Node) -> Value:
    """Keep within bounds; NaN stays."""
    lowest = node.args[1] if len(node.args) > 1 else node.kwargs.get("min")
    highest = node.args[2] if len(node.args) > 2 else node.kwargs.get("max")
    return _within(low, node, lowest, highest)


@lowers("clamp_min")
def clamp_min(low: Lowering, node: Node) -> Value:
    """Keep above a bound."""
    return _within(low, node, node.args[1], None)


@lowers("clamp_max")
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


@lowers("where")
def where(low: Lowering, node: Node) -> Value:
    """One of two, by a truth value."""
    return low.call(Op.SELECT, *(low.row(a, node.shape) for a in node.args))


@lowers("logical_not", "bitwise_not")
def logical_not(low: Lowering, node: Node) -> Value:
    """The other truth value."""
    return low.call(Op.NOT, low.row(node.args[0]))


@lowers("_to_copy")
def to_copy(low: Lowering, node: Node) -> Value:
    """A truth value as a number."""
    x = low.row(node.args[0])
    if node.dtype == node.args[0].dtype:
        return x
    if x.boolean and node.dtype == low.dtype:
        return low.call(Op.FLOAT, x)
    raise low.bad(f"a change of type from {node.args[0].dtype} to {node.dtype}")
