"""Operators that move or sum columns."""

# ruff: noqa: D102 - a method is named for the operator it reads

from math import prod
from typing import Any

from elman.engine.planning.language import Deferred, Value
from elman.engine.planning.pointwise import Pointwise
from elman.engine.tracing.recording import Node

__all__ = ["Lowering"]


def first(start: int | None, size: int) -> int:
    """Return where a slice of ``size`` columns begins, as Python counts: from the end if negative."""
    start = start or 0
    return min(max(start + size if start < 0 else start, 0), size)


class Lowering(Pointwise):
    """Each method ``on_x`` reads the operator ``x``."""

    def on_cat(self, node: Node) -> Value:
        parts, dim = next(iter(node.args)), node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
        self.columns(node.shape, dim)
        return self.cat([self.row(part) for part in parts])

    def columns(self, shape: tuple[int, ...], dim: int) -> int:
        """Check that a split or join runs along the columns; return the width of one index of ``dim``."""
        dim %= len(shape)
        rows = 1 if shape[0] == self.batch else 0
        if dim < rows or prod(shape[rows:dim]) != 1:
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
        source = next(iter(node.args))
        unit = self.columns(source.shape, dim)
        assert node.pick is not None
        return self.slice(self.row(source), node.pick * unit, unit)

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
        return self.slice(value, first(start, size) * unit, node.shape[dim] * unit)

    def on_slice_backward(self, node: Node) -> Value:
        grad, shape, dim, start, _, step = node.args
        if tuple(grad.shape) == tuple(shape):
            return self.row(grad)
        if step != 1:
            raise self.bad(f"slice with a step of {step}")
        unit = self.columns(node.shape, dim)
        return self.pad(self.row(grad), first(start, shape[dim]) * unit, node.shape)

    def on_select_backward(self, node: Node) -> Value:
        grad, shape, dim, index = node.args
        unit = self.columns(node.shape, dim)
        return self.pad(self.row(grad), index % shape[dim] * unit, node.shape)

    def pad(self, value: Value, before: int, shape: tuple[int, ...]) -> Value:
        rows, width = self.extent(shape)
        after = width - before - value.width
        if after < 0:
            raise self.bad(f"{self.node.op} past the end of {self.spell(shape)}")
        return self.cat([self.const(0, before, rows), value, self.const(0, after, rows)])

    def on_sum(self, node: Node) -> Any:
        source = node.args[0]
        value = self.row(source)
        dims = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
        dims = sorted(d % len(source.shape) for d in dims) if dims else list(range(len(source.shape)))
        if not prod(source.shape):
            raise self.bad(f"{node.op} of no columns")
        if value.rows and dims and dims[0] == 0:
            if len(dims) > 1 and dims != list(range(len(source.shape))):
                raise self.bad(f"{node.op} over some dimensions of {self.spell(source.shape)}")
            _, width = self.extent(source.shape)
            total = Deferred("rowsum", (self.wide(value, width),), (width,))
            if len(dims) > 1:
                total = Deferred("total", (total,), ())
            return Deferred("view", (total,), node.shape)
        if not dims or prod(source.shape[d] for d in dims) == 1:
            return self.number(value)
        kept = [d for d in range(1 if value.rows else 0, len(source.shape)) if d not in dims and source.shape[d] != 1]
        if kept:
            raise self.bad(f"{node.op} over some dimensions of {self.spell(source.shape)}")
        _, width = self.extent(source.shape)
        return self.make("sum", (self.wide(value, width),), 1, value.rows)

    def wide(self, value: Value, width: int) -> Value:
        value = self.number(value)
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
        if out is self.number(self.env[node.args[0]]):  # one column, perhaps itself a sum
            return out
        return self.make("amax", out.args, 1, out.rows)
