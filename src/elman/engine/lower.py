"""From recorded operators to the engine's own language."""

from math import prod
from typing import Any

from elman.engine.trace import Node, Trace, swap
from elman.engine.values import Deferred, Matrix, Value
from elman.engine.why import Unsupported

__all__ = ["Lowered", "lower"]

SAME = frozenset(
    [
        "clone",
        "detach",
        "alias",
        "view",
        "_unsafe_view",
        "reshape",
        "unsqueeze",
        "squeeze",
        "expand",
        "lift_fresh",
        "lift_fresh_copy",
        "copy",
        "contiguous",
        "_reshape_alias",
        "expand_copy",
    ]
)
UNARY = frozenset(["neg", "sigmoid", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "abs", "sin", "cos", "erf"])
BINARY = (
    {"mul": "mul", "div": "div", "maximum": "max", "minimum": "min"}
    | {name: name for name in ("eq", "ne", "lt", "le", "gt", "ge")}
    | {"logical_and": "and", "logical_or": "or", "bitwise_and": "and", "bitwise_or": "or"}
)
LOGICAL = frozenset(["eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not"])
LINEAR = frozenset(
    [
        "permute",
        "t",
        "transpose",
        "view",
        "_unsafe_view",
        "reshape",
        "unsqueeze",
        "squeeze",
        "expand",
        "sum",
        "neg",
        "add",
        "sub",
        "mul",
        "div",
        "detach",
        "alias",
        "clone",
        "cat",
        "slice",
        "slice_backward",
        "select_backward",
        "split",
        "split_with_sizes",
        "select",
        "_reshape_alias",
        "mean",
        "narrow",
    ]
)


class Lowered:
    """Values of one step: what goes in, what comes out."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.new_states: list[Value] = []
        self.gradients: list[Any] = []  # Value, Deferred or None; of drives, states, thetas


class _Lowering:
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

    def call(self, op: str, *args: Value, attr: Any = None) -> Value:
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
        if len(parts) == 1:
            return parts[0]
        return self.make("cat", tuple(parts), sum(p.width for p in parts), any(p.rows for p in parts))

    # Reading recorded nodes.

    def bad(self, why: str) -> Unsupported:
        return Unsupported(why, self.node.source)

    def extent(self, shape: tuple[int, ...]) -> tuple[bool, int]:
        """Return whether a tensor of this shape has rows, and how wide one is."""
        if shape and shape[0] == self.batch:
            return True, prod(shape[1:])
        if self.batch in shape:
            raise self.bad(f"{self.node.op} makes a tensor of shape {self.spell(shape)}, with the rows not in front")
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
        return out

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
        return self.call("mul", grad, self.call("mul", y, self.call("sub", self.const(1), y)))

    def on_tanh_backward(self, node: Node) -> Value:
        grad, y = (self.row(a, node.shape) for a in node.args)
        return self.call("mul", grad, self.call("sub", self.const(1), self.call("mul", y, y)))

    def on_reciprocal(self, node: Node) -> Value:
        return self.call("div", self.const(1), self.row(node.args[0]))

    def on_rsqrt(self, node: Node) -> Value:
        return self.call("div", self.const(1), self.call("sqrt", self.row(node.args[0])))

    def on_square(self, node: Node) -> Value:
        x = self.row(node.args[0])
        return self.call("mul", x, x)

    def on_sign(self, node: Node) -> Value:
        x = self.row(node.args[0])
        zero = self.const(0)
        down = self.call("select", self.call("lt", x, zero), self.const(-1), x)
        return self.call("select", self.call("gt", x, zero), self.const(1), down)

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
        return self.const(number, width, has_rows)

    on_zeros = on_ones = on_zeros_like = on_ones_like = on_full_like = on_full
    on_new_zeros = on_new_ones = on_new_full = on_scalar_tensor = on_full

    def on_constant(self, node: Node) -> Value:
        assert node.value is not None
        if node.value.numel() != 1:
            raise self.bad("step reads a tensor that is neither a parameter nor a buffer")
        return self.const(node.value.item())

    def on_cat(self, node: Node) -> Value:
        parts, dim = next(iter(node.args)), node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
        self.columns(node.shape, dim)
        return self.cat([self.row(part) for part in parts])

    def columns(self, shape: tuple[int, ...], dim: int) -> int:
        """Check that a split or join runs along the columns; return the width of one index of ``dim``."""
        dim %= len(shape)
        first = 1 if shape[0] == self.batch else 0
        if dim < first or prod(shape[first:dim]) != 1:
            raise self.bad(f"{self.node.op} along dimension {dim} of {self.spell(shape)}: only along the columns")
        return prod(shape[dim + 1 :])

    def on_split_with_sizes(self, node: Node) -> Value:
        source, sizes = list(node.args)[:2]
        dim = node.args[2] if len(node.args) > 2 else node.kwargs.get("dim", 0)
        unit = self.columns(source.shape, dim)
        return self.slice(self.row(source), sum(sizes[: node.pick]) * unit, sizes[node.pick] * unit)

    def on_split(self, node: Node) -> Value:
        source, size = list(node.args)[:2]
        dim = node.args[2] if len(node.args) > 2 else node.kwargs.get("dim", 0)
        unit = self.columns(source.shape, dim)
        assert node.pick is not None
        return self.slice(self.row(source), size * node.pick * unit, node.shape[dim] * unit)

    def on_unbind(self, node: Node) -> Value:
        dim = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
        unit = self.columns(node.args[0].shape, dim)
        assert node.pick is not None
        return self.slice(self.row(node.args[0]), node.pick * unit, unit)

    def on_select(self, node: Node) -> Value:
        source, dim, index = node.args
        unit = self.columns(source.shape, dim)
        return self.slice(self.row(source), index % source.shape[dim] * unit, unit)

    def on_slice(self, node: Node) -> Value:
        given: list[Any] = [*node.args, *(0, 0, None, 1)[len(node.args) - 1 :]]
        source, dim, start, _, step = given[:5]
        value = self.row(source)
        if node.shape == source.shape:
            return value
        if step != 1:
            raise self.bad(f"slice with a step of {step}")
        unit = self.columns(source.shape, dim)
        size = source.shape[dim]
        start = min(max((start or 0) + (size if (start or 0) < 0 else 0), 0), size)
        return self.slice(value, start * unit, node.shape[dim] * unit)

    def on_slice_backward(self, node: Node) -> Value:
        grad, shape, dim, start, _, step = node.args
        if tuple(grad.shape) == tuple(shape):
            return self.row(grad)
        if step != 1:
            raise self.bad(f"slice with a step of {step}")
        unit = self.columns(node.shape, dim)
        return self.pad(self.row(grad), start % (shape[dim] + 1) * unit, node.shape)

    def on_select_backward(self, node: Node) -> Value:
        grad, shape, dim, index = node.args
        unit = self.columns(node.shape, dim)
        return self.pad(self.row(grad), index % shape[dim] * unit, node.shape)

    def pad(self, value: Value, before: int, shape: tuple[int, ...]) -> Value:
        rows, width = self.extent(shape)
        return self.cat([
            self.const(0, before, rows), value, self.const(0, width - before - value.width, rows)
        ])  # fmt: skip

    def on_sum(self, node: Node) -> Any:
        source = node.args[0]
        value = self.row(source)
        dims = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
        dims = sorted(d % len(source.shape) for d in dims) if dims else list(range(len(source.shape)))
        if value.rows and dims and dims[0] == 0:
            if len(dims) > 1 and dims != list(range(len(source.shape))):
                raise self.bad(f"{node.op} over some dimensions of {self.spell(source.shape)}")
            _, width = self.extent(source.shape)
            total = Deferred("rowsum", (self.wide(value, width),), (width,))
            if len(dims) > 1:
                total = Deferred("total", (total,), ())
            return Deferred("view", (total,), node.shape)
        if not dims or prod(source.shape[d] for d in dims) == 1:
            return value
        first = 1 if value.rows else 0
        kept = [d for d in range(first, len(source.shape)) if d not in dims and source.shape[d] != 1]
        if kept:
            raise self.bad(f"{node.op} over some dimensions of {self.spell(source.shape)}")
        _, width = self.extent(source.shape)
        return self.make("sum", (self.wide(value, width),), 1, value.rows)

    def wide(self, value: Value, width: int) -> Value:
        return value if value.width == width else self.call("mul", value, self.const(1.0, width, value.rows))

    def on_mean(self, node: Node) -> Any:
        total = self.on_sum(node)
        count = prod(node.args[0].shape) / prod(node.shape)
        if isinstance(total, Deferred):
            raise self.bad("mean over the rows of the batch")
        return self.call("mul", total, self.const(1 / count))

    def on_amax(self, node: Node) -> Value:
        out = self.on_sum(node)
        if not isinstance(out, Value):
            raise self.bad("amax over the rows of the batch")
        return self.make("amax", out.args, 1, out.rows) if out.op == "sum" else out


def lower(trace: Trace) -> Lowered:
    """Translate a trace.

    Raises:
        Unsupported: naming the operator, and the line of ``step`` it came from.
    """
    work, low = _Lowering(trace), Lowered(trace)
    tangents = set(trace.tangents)
    for kind, nodes in (("drive", trace.drives), ("state", trace.states), ("tangent", trace.tangents)):
        for index, node in enumerate(nodes):
            work.forward = kind != "tangent"
            work.env[node] = work.make(kind, (), prod(node.shape[1:]), True, index)
    work.forward = True
    for index, node in enumerate(trace.theta_inputs):
        if len([size for size in node.shape if size != 1]) > 1:
            if len(node.shape) != 2:
                raise Unsupported(
                    f"a parameter of shape {list(node.shape)} is used whole; only vectors and matrices are"
                )
            work.env[node] = Matrix(index, False, *node.shape)
        else:
            work.env[node] = work.make("theta", (), prod(node.shape), False, index)
    needed: set[Node] = set()
    stack = [n for n in (*trace.new_states, *trace.gradients) if n is not None]
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += node.inputs()
    for place, node in enumerate(trace.nodes):
        work.forward = place < trace.boundary
        if node in needed and node not in work.env and node not in tangents:
            work.env[node] = work.visit(node)
    for node, shape in zip(trace.new_states, trace.state_shapes, strict=True):
        work.node = node
        low.new_states.append(work.wide(work.env[node], prod(shape)))
    work.forward = False
    for node, start in zip(trace.gradients, (*trace.drives, *trace.states, *trace.theta_inputs), strict=True):
        value = None if node is None else work.env[node]
        if isinstance(value, Value) and not isinstance(work.env[start], Matrix) and start not in trace.theta_inputs:
            value = work.wide(value, work.env[start].width)
        elif value is not None and not isinstance(value, Deferred):
            raise Unsupported("a parameter's gradient is not a sum over the rows")
        low.gradients.append(value)
    return low


def run_deferred(value: Deferred, roots: dict[Deferred, Any], thetas: list[Any], done: dict[Any, Any]) -> Any:
    """Compute a parameter's gradient from the sums over all steps."""
    if value in roots:
        return roots[value]
    if value not in done:

        def leaf(arg: Any) -> Any:
            if isinstance(arg, Deferred):
                return run_deferred(arg, roots, thetas, done)
            if isinstance(arg, Value):
                return thetas[arg.attr] if arg.op == "theta" else arg.attr
            if isinstance(arg, Matrix):
                return thetas[arg.index].t() if arg.transposed else thetas[arg.index]
            return arg

        if value.op == "view":
            done[value] = leaf(value.args[0]).reshape(value.shape)
        elif value.op == "total":
            done[value] = leaf(value.args[0]).sum()
        else:
            args, kwargs = swap(value.args, leaf)
            out = value.node.func(*args, **kwargs)
            done[value] = out if value.node.pick is None else out[value.node.pick]
    return done[value]
