"""Operators that work number by number."""

# ruff: noqa: D102 - a method is named for the operator it reads

from typing import Any

import torch

from elman.engine.planning.language import Value
from elman.engine.planning.reader import Reader
from elman.engine.tracing.recording import Node

__all__ = ["Pointwise"]


class Pointwise(Reader):
    """Each method ``on_x`` reads the operator ``x``."""

    def on_add(self, node: Node) -> Value:
        return self.sum_of("add", node, *node.args[:2])

    def on_sub(self, node: Node) -> Value:
        return self.sum_of("sub", node, *node.args[:2])

    def on_rsub(self, node: Node) -> Value:
        return self.sum_of("sub", node, node.args[1], node.args[0])

    def sum_of(self, op: str, node: Node, a: Any, b: Any) -> Value:
        alpha = node.kwargs.get("alpha", node.args[2] if len(node.args) > 2 else 1)
        left, right = self.row(a, node.shape), self.row(b, node.shape)
        if alpha != 1:
            if node.op == "rsub":
                raise self.bad("rsub with alpha")
            right = self.call("mul", right, self.const(alpha))
        for value, other in ((left, right), (right, left)):
            if (
                value.op == "const"
                and value.attr == 0
                and other.width >= value.width
                and (other.rows or not value.rows)
                and (op == "add" or value is right)
            ):
                return other
        return self.call(op, left, right)

    def on_relu(self, node: Node) -> Value:
        x = self.row(node.args[0])
        return self.call("select", self.call("le", x, self.const(0)), self.const(0), x)

    def on_threshold_backward(self, node: Node) -> Value:
        grad, x, threshold = (self.row(a, node.shape) for a in node.args)
        return self.call("select", self.call("le", x, threshold), self.const(0), grad)

    def on_sigmoid_backward(self, node: Node) -> Value:
        grad, y = (self.row(a, node.shape) for a in node.args)
        return self.call("mul", self.call("mul", grad, self.call("sub", self.const(1), y)), y)

    def on_tanh_backward(self, node: Node) -> Value:
        grad, y = (self.row(a, node.shape) for a in node.args)
        return self.call("mul", grad, self.call("fma", self.call("neg", y), y, self.const(1)))  # rounded once

    def on_reciprocal(self, node: Node) -> Value:
        return self.call("div", self.const(1), self.row(node.args[0]))

    def on_rsqrt(self, node: Node) -> Value:
        return self.call("div", self.const(1), self.call("sqrt", self.row(node.args[0])))

    def on_square(self, node: Node) -> Value:
        x = self.row(node.args[0])
        return self.call("mul", x, x)

    def on_sign(self, node: Node) -> Value:
        x = self.row(node.args[0])
        up = self.call("select", self.call("gt", x, self.const(0)), self.const(1), self.const(0))  # 0 of NaN
        return self.call("select", self.call("lt", x, self.const(0)), self.const(-1), up)

    on_sgn = on_sign

    def on_pow(self, node: Node) -> Value:
        x, power = node.args
        if not isinstance(power, (int, float)) or not isinstance(x, Node):
            raise self.bad("pow with a tensor for its exponent")
        x = self.row(x)
        if power in (1, 2, 3):
            return x if power == 1 else self.call("mul", x, x if power == 2 else self.call("mul", x, x))
        if power == 0.5:
            return self.call("sqrt", x)
        if power == -1:
            return self.call("div", self.const(1), x)
        raise self.bad(f"pow to the power {power}")

    def on_clamp(self, node: Node) -> Value:
        x = self.row(node.args[0])
        low = node.args[1] if len(node.args) > 1 else node.kwargs.get("min")
        high = node.args[2] if len(node.args) > 2 else node.kwargs.get("max")
        return self.clamp(x, node, low, high)

    def on_clamp_min(self, node: Node) -> Value:
        return self.clamp(self.row(node.args[0]), node, node.args[1], None)

    def on_clamp_max(self, node: Node) -> Value:
        return self.clamp(self.row(node.args[0]), node, None, node.args[1])

    def clamp(self, x: Value, node: Node, low: Any, high: Any) -> Value:
        if low is not None:
            bound = self.row(low, node.shape)
            x = self.call("select", self.call("lt", x, bound), bound, x)
        if high is not None:
            bound = self.row(high, node.shape)
            x = self.call("select", self.call("gt", x, bound), bound, x)
        return x

    def on_where(self, node: Node) -> Value:
        return self.call("select", *(self.row(a, node.shape) for a in node.args))

    def on_logical_not(self, node: Node) -> Value:
        return self.call("not", self.row(node.args[0]))

    on_bitwise_not = on_logical_not

    def on__to_copy(self, node: Node) -> Value:
        x = self.row(node.args[0])
        if node.dtype == node.args[0].dtype:
            return x
        if x.boolean and node.dtype == self.trace.dtype:
            return self.call("float", x)
        raise self.bad(f"a change of type from {node.args[0].dtype} to {node.dtype}")

    def on_full(self, node: Node) -> Value:
        fills = {"zeros": 0, "ones": 1, "zeros_like": 0, "ones_like": 1, "new_zeros": 0, "new_ones": 1}
        number = fills.get(node.op)
        if number is None:
            number = node.args[0] if node.op == "scalar_tensor" else node.args[-1]
        has_rows, width = self.extent(node.shape)
        return self.const(torch.tensor(number, dtype=node.dtype).item(), width, has_rows)

    on_zeros = on_ones = on_zeros_like = on_ones_like = on_full_like = on_full
    on_new_zeros = on_new_ones = on_new_full = on_scalar_tensor = on_full

    def on_constant(self, node: Node) -> Value:
        assert node.value is not None
        if node.value.numel() != 1:
            raise self.bad("step reads a tensor that is neither a parameter nor a buffer")
        return self.const(node.value.item())
