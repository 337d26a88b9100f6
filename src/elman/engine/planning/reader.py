"""Reading recorded nodes: what is a row, a matrix, a product, a sum over all steps."""

# ruff: noqa: D102 - a method is named for the operator it reads

from math import prod
from typing import Any

import torch

from elman.engine.planning.language import Deferred, Matrix, Value
from elman.engine.tracing.operators import BINARY, LINEAR, LOGICAL, SAME, UNARY
from elman.engine.tracing.recording import Node, swap
from elman.engine.tracing.trace import Trace
from elman.engine.unsupported import Unsupported

__all__ = ["Reader"]


class Reader:
    """Turns recorded nodes into Values; operators with a form of their own are methods of subclasses."""

    def __init__(self, trace: Trace):
        self.trace, self.batch = trace, trace.batch
        self.env: dict[Node, Any] = {}
        self.same: dict[Any, Value] = {}
        self.node = Node("", (), {}, (), trace.dtype)
        self.forward = True

    # Building values, each one once.

    def make(self, op: str, args: tuple[Value, ...], width: int, rows: bool, attr: Any = None) -> Value:
        key = (op, tuple(map(id, args)), width, rows, attr)
        if key not in self.same:
            boolean = op in LOGICAL or (op in ("slice", "cat") and args[0].boolean)
            self.same[key] = Value(op, args, width, rows, attr, boolean, self.forward, self.node.source)
        return self.same[key]

    def const(self, number: Any, width: int = 1, rows: bool = False) -> Value:
        return self.make("const", (), width, rows, float(number))

    def number(self, value: Value) -> Value:
        """Return a truth value as 1 or 0."""
        return self.make("float", (value,), value.width, value.rows) if value.boolean else value

    def call(self, op: str, *args: Value, attr: Any = None) -> Value:
        if op == "select":
            args = args[0], *map(self.number, args[1:])
        elif op not in ("and", "or", "not", "float"):
            args = tuple(map(self.number, args))
        elif not all(arg.boolean for arg in args):
            raise self.bad(f"{self.node.op} of numbers as truth values")
        if not all(arg.width for arg in args):
            raise self.bad(f"{self.node.op} of no columns")
        return self.make(op, args, max(a.width for a in args), any(a.rows for a in args), attr)

    def slice(self, value: Value, start: int, width: int) -> Value:
        if width == value.width:
            return value
        if value.op == "slice":
            return self.slice(value.args[0], value.attr + start, width)
        if value.op == "const":
            return self.const(value.attr, width, value.rows)
        if value.op == "cat":
            at = 0
            for part in value.args:
                if at <= start and start + width <= at + part.width:
                    return self.slice(part, start - at, width)
                at += part.width
        return self.make("slice", (value,), width, value.rows, start)

    def cat(self, parts: list[Value]) -> Value:
        parts = [part for part in parts if part.width]
        if not parts:
            raise self.bad(f"{self.node.op} of no columns")
        if len(parts) == 1:
            return parts[0]
        return self.make("cat", tuple(parts), sum(p.width for p in parts), any(p.rows for p in parts))

    # Reading recorded nodes.

    def bad(self, why: str) -> Unsupported:
        return Unsupported(why, self.node.source)

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
        return "[" + ", ".join("B" if size == self.batch else str(size) for size in shape) + "]"

    def row(self, arg: Any, out: tuple[int, ...] | None = None) -> Value:
        """Return an operand as a Value, checked to broadcast along rows or columns only."""
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

    def visit(self, node: Node) -> Any:
        self.node = node
        read = [self.env[n] for n in node.inputs()]
        if any(isinstance(v, Deferred) for v in read):
            return self.deferred(node)
        if node.op in ("t", "permute", "transpose", "numpy_T"):
            return self.transpose(node)
        if node.op in ("mm", "addmm"):
            return self.product(node)
        if node.op == "detach" and isinstance(read[0], (Matrix, tuple)):
            return read[0]
        if any(isinstance(v, tuple) for v in read):
            raise self.bad(f"{node.op} works on a transposed batch")
        if any(isinstance(v, Matrix) for v in read):
            if node.op in ("alias", "clone", "view", "_unsafe_view") and node.shape == node.args[0].shape:
                return read[0]
            raise self.bad(f"{node.op} works on a whole matrix of parameters")
        handler = getattr(self, "on_" + node.op, None)
        out = handler(node) if handler else self.pointwise(node)
        if isinstance(out, Value) and node.dtype == torch.bool and not out.boolean:
            raise self.bad(f"{node.op} makes truth values of numbers")
        if isinstance(out, Value) and not self.exact(node):
            raise self.bad(f"{node.op} computes in {node.dtype}, not in {self.trace.dtype}")
        return out

    def exact(self, node: Node) -> bool:
        """Say whether the engine, which computes in one type, gets a node's very numbers."""
        before = [read.dtype for read in node.inputs()]
        if not before or node.dtype in (self.trace.dtype, torch.bool):
            return True
        if node.dtype in before and (node.op == "where" or node.op in SAME):
            return True
        return node.dtype == torch.int64 and not any(kind.is_floating_point for kind in before)

    def deferred(self, node: Node) -> Deferred:
        if node.op not in LINEAR:
            raise self.bad(f"{node.op} is not linear in a gradient summed over the steps")
        kinds = [self.env[n] for n in node.inputs()]
        summed = [isinstance(kind, Deferred) for kind in kinds]
        if any(isinstance(k, Value) and k.rows for k in kinds) or (
            not all(summed)
            if node.op not in ("mul", "div")
            else sum(summed) > 1 or (not summed[0] and node.op == "div")
        ):
            raise self.bad(f"{node.op} mixes a gradient summed over the steps with other values")
        if not all(summed) and any(k.op not in ("theta", "const") for k in kinds if isinstance(k, Value)):
            raise self.bad(f"{node.op} mixes a gradient summed over the steps with other values")
        if self.batch in node.shape:
            raise self.bad(f"{node.op} spreads a gradient summed over the steps over rows again")
        if node.op in ("view", "_unsafe_view", "reshape", "squeeze", "unsqueeze"):
            (given,) = (self.env[read] for read in node.inputs())
            return Deferred("view", given.args if given.op == "view" else (given,), node.shape)
        args = swap((node.args, node.kwargs), lambda a: self.env[a] if isinstance(a, Node) else a)
        return Deferred("torch", args, node.shape, node)

    def transpose(self, node: Node) -> Any:
        source, value = node.args[0], self.env[node.args[0]]
        if node.op == "permute" and list(node.args[1]) == list(range(len(source.shape))):
            return value
        if isinstance(value, Matrix):
            return Matrix(value.index, not value.transposed, value.n, value.k)
        if isinstance(value, tuple):
            return value[1]
        if isinstance(value, Value) and value.rows and len(source.shape) == 2:
            return ("transposed", value)
        if isinstance(value, Value) and not value.rows:
            return value
        raise self.bad(f"{node.op} moves the rows of {self.spell(source.shape)}")

    def product(self, node: Node) -> Any:
        *bias, left, right = node.args
        a, b = self.env[left], self.env[right]
        if 0 in (*left.shape, *right.shape):
            raise self.bad(f"{node.op} of no columns")
        if isinstance(a, tuple) and isinstance(b, Value) and b.rows:
            out: Any = Deferred("outer", (a[1], b), node.shape)
        elif isinstance(a, Value) and a.rows and isinstance(b, Matrix):
            out = self.make("mm", (a,), b.n, True, b)
        elif isinstance(a, Value) and a.rows and isinstance(b, Value) and not b.rows and b.op == "theta":
            k, n = right.shape
            out = self.make("mm", (a,), n, True, Matrix(b.attr, False, k, n))
        else:
            raise self.bad(
                f"{node.op} multiplies {self.spell(left.shape)} by {self.spell(right.shape)}: only rows by parameters"
            )
        if bias and (node.kwargs or not isinstance(out, Value)):
            raise self.bad("addmm with factors")
        return self.call("add", out, self.row(bias[0], node.shape)) if bias else out

    def pointwise(self, node: Node) -> Value:
        op, args = node.op, node.args
        if op in SAME:
            return self.same_rows(node)
        if op in UNARY:
            return self.call(op, self.row(args[0]))
        if op in BINARY and not (op == "div" and node.kwargs.get("rounding_mode")):
            return self.call(BINARY[op], *(self.row(a, node.shape) for a in args[:2]))
        raise self.bad(f"{op} is not an operator the engine knows")

    def same_rows(self, node: Node) -> Value:
        value, before = self.row(node.args[0]), node.args[0].shape
        has_rows, width = self.extent(node.shape)
        if value.rows and (not has_rows or (len(before) and before[0] != node.shape[0])):
            raise self.bad(f"{node.op} turns {self.spell(before)} into {self.spell(node.shape)}")
        if value.width == width:
            if has_rows and not value.rows:
                return self.call("mul", value, self.const(1.0, 1, True))
            return value
        if value.width == 1:
            return self.call("mul", value, self.const(1.0, width, has_rows))
        raise self.bad(f"{node.op} turns {self.spell(before)} into {self.spell(node.shape)}")

    # Operators with a form of their own.
