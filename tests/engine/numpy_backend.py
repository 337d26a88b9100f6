"""A back end in NumPy, to be read: a plan run level by level, as its programs say, with no thought of speed.

It is a second specification beside the loop. The loop says what a cell computes; this says what a plan means.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from elman.engine.backend import Carried, Kernels, Rows
from elman.engine.planning.language import (
    Cat,
    Const,
    Contract,
    Gather,
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
from elman.engine.planning.plan import Plan
from elman.engine.planning.program import Block, Buffer, Held, Level, Place, Program, Store, held, home_of, through

FUNCTIONS = {
    Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply, Op.DIV: np.divide, Op.MAX: np.maximum,
    Op.FMA: lambda a, b, c: a * b + c,
    Op.MIN: np.minimum, Op.NEG: np.negative, Op.ABS: np.abs, Op.SQRT: np.sqrt, Op.EXP: np.exp, Op.LOG: np.log,
    Op.LOG1P: np.log1p, Op.EXPM1: np.expm1, Op.SIN: np.sin, Op.COS: np.cos, Op.ERF: np.vectorize(math.erf),
    Op.SIGMOID: lambda x: 1 / (1 + np.exp(-x)), Op.TANH: np.tanh, Op.EQ: np.equal, Op.NE: np.not_equal,
    Op.LT: np.less, Op.LE: np.less_equal, Op.GT: np.greater, Op.GE: np.greater_equal, Op.AND: np.logical_and,
    Op.OR: np.logical_or, Op.NOT: np.logical_not, Op.SELECT: np.where, Op.FLOAT: np.float64,
    Op.ATAN: np.arctan, Op.ASIN: np.arcsin, Op.ACOS: np.arccos, Op.TAN: np.tan, Op.SINH: np.sinh, Op.COSH: np.cosh,
    Op.ASINH: np.arcsinh, Op.ACOSH: np.arccosh, Op.ATANH: np.arctanh, Op.ATAN2: np.arctan2, Op.POW: np.power,
    Op.FMOD: np.fmod, Op.FLOOR: np.floor, Op.CEIL: np.ceil, Op.TRUNC: np.trunc, Op.ROUND: np.rint,
}  # fmt: skip


class NumpyBackend:
    """Plans run by NumPy."""

    device = "cpu"

    def preparing(self, dtype: torch.dtype) -> AbstractContextManager[None]:
        return nullcontext()

    def compile(self, plan: Plan, dtype: torch.dtype) -> Kernels:
        return Kernels(self, plan, *map(Interpreter, (plan.inference, plan.training, plan.backward)))

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return torch.nn.functional.linear(x, weight, bias)

    def product_over_rows(self, a: Tensor, b: Tensor) -> Tensor:
        return a.T @ b


class Interpreter:
    """A program, run for all rows of a batch at once."""

    def __init__(self, program: Program):
        self.program = program

    def __call__(
        self, tensors: dict[str, Tensor], enter: Carried, leave: Carried, thetas: Sequence[Tensor], rows: Rows,
        reverse: bool,
    ) -> None:  # fmt: skip
        for buffer in self.program.buffers:
            if buffer.kind == "sum":
                tensors[buffer.name] = torch.zeros(1, buffer.width, dtype=torch.float64)
        self.thetas = [theta.numpy() for theta in thetas]
        self.memory = {buffer: self.rows_of(buffer, tensors, enter, rows.batch) for buffer in self.program.buffers}
        steps = range(len(rows.sizes))
        for t in reversed(steps) if reverse else steps:
            self.count = rows.sizes[t]
            self.here = {"packed": rows.starts[t], "row": 0}
            for number, level in enumerate(self.program.levels):
                self.number = number
                self.run(level)
        for buffer, end in self.memory.items():
            if (to := leave.get(buffer.name)) is not None:
                to.numpy().reshape(end.shape)[:] = end

    def rows_of(self, buffer: Buffer, tensors: dict[str, Tensor], enter: Carried, batch: int) -> np.ndarray:
        if buffer.kind != "row":
            return tensors[buffer.name].numpy().reshape(len(tensors[buffer.name]), buffer.width)
        if not buffer.carried:
            return np.full((batch, buffer.width), np.nan)  # nothing is read before it is written
        given = enter.get(buffer.name)
        return np.zeros((batch, buffer.width)) if given is None else given.numpy().reshape(batch, -1).copy()

    def at(self, place: Place, width: int) -> np.ndarray:
        """The rows alive, of some columns of a buffer."""
        first = self.here[place.buffer.kind]
        return self.memory[place.buffer][first : first + self.count, place.column : place.column + width]

    def run(self, level: Level) -> None:
        for product in level.products:
            matrix, groups = product.matrix, product.value.groups
            theta = self.thetas[matrix.index].reshape(matrix.blocks, *(
                (matrix.n, matrix.k) if matrix.transposed else (matrix.k, matrix.n)
            ))  # fmt: skip
            weights = np.repeat(theta.transpose(0, 2, 1) if matrix.transposed else theta, groups // matrix.blocks, 0)
            operand = self.at(product.operand, groups * matrix.k).reshape(self.count, groups, matrix.k)
            result = np.einsum("rgk,gkn->rgn", operand, weights)
            self.at(product.place, groups * matrix.n)[:] = result.reshape(self.count, -1)
        for block in level.blocks:
            self.at(block.place, block.value.width)[:] = self.block(block)
        # all loads come before any store, so a new state may replace the old one in place
        for place, width, mode, columns in list(self.computed(level.stores)):
            if mode == "add":
                self.memory[place.buffer][0, place.column : place.column + width] += columns.sum(0)
            else:
                self.at(place, width)[:] = columns

    def block(self, block: Block) -> np.ndarray:
        """What a block computes of operands in memory."""
        args = []
        for place, arg in zip(block.operands, block.value.args, strict=True):
            if isinstance(place, Held):
                columns = self.thetas[place.index].reshape(1, -1)[:, place.column : place.column + arg.width]
                args.append(np.broadcast_to(columns, (self.count, arg.width)))
            else:
                args.append(self.at(place, arg.width))
        match block.value:
            case Contract() as v:
                g, i, j, k = v.sizes
                a = args[0][:, places((g, i, k), v.a_strides)]
                b = args[1][:, places((g, k, j), v.b_strides)]
                return np.einsum("rgik,rgkj->rgij", a, b).reshape(self.count, -1)
            case Reduce() as v:
                fold = FUNCTIONS[v.how.combine].reduce
                return fold(args[0].reshape(self.count, -1, v.count, v.inner), 2).reshape(self.count, -1)
            case Scan() as v:
                fold = FUNCTIONS[v.how.combine].accumulate
                return fold(args[0].reshape(self.count, -1, v.count), 2).reshape(self.count, -1)
        raise AssertionError(block.value)

    def computed(self, stores: Sequence[Store]) -> Iterator[tuple[Place, int, str, np.ndarray]]:
        totals: dict[Place, np.ndarray] = {}
        for store in stores:
            value = self.value(store.value, store.start, store.width)
            columns = np.broadcast_to(value, (self.count, store.width)).astype(np.float64)
            if isinstance(store.mode, Reduction):
                fold = FUNCTIONS[store.mode.combine]
                before = totals.get(store.place, np.full((self.count, 1), store.mode.start))
                totals[store.place] = fold(before, fold.reduce(columns, 1, keepdims=True))
            else:
                yield store.place, store.width, store.mode, columns
        for place, total in totals.items():
            yield place, 1, "set", total

    def value(self, value: Value, start: int, width: int) -> np.ndarray:
        """Some columns of a value: ``[rows or 1, width or 1]``."""
        if isinstance(value, Const):
            return np.full((1, 1), value.number)
        if isinstance(value, Numbers):
            return np.array([value.numbers[start : start + width]])
        found = home_of(self.program.homes, value, start, width, self.number)
        if found is not None:
            return self.at(found[0], width)
        match value:
            case Theta():
                return self.thetas[value.index].reshape(1, -1)[:, start : start + width]
            case Slice() | Cat():
                parts = [(self.value(*piece), piece[2]) for piece in through(value, start, width)]
                return np.concatenate([np.broadcast_to(part, (self.count, n)) for part, n in parts], 1)
            case Gather():
                (operand,) = value.args
                theta = held(operand)
                if theta is not None:
                    whole = self.thetas[theta.index].reshape(1, -1)[:, theta.column :]
                else:
                    found = home_of(self.program.homes, operand, 0, operand.width, self.number)
                    assert found is not None, f"{operand} is gathered from before it is in memory"
                    whole = self.at(found[0], operand.width)
                return whole[:, list(value.index[start : start + width])]
            case Pointwise():
                args = [self.value(a, *((start, width) if a.width > 1 else (0, 1))) for a in value.args]
                with np.errstate(all="ignore"):
                    return FUNCTIONS[value.op](*args)
        raise AssertionError(f"{value} is read before it is there")


def places(sizes: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """The column of each number of a strided operand."""
    steps = [np.arange(size) * stride for size, stride in zip(sizes, strides, strict=True)]
    return sum(np.ix_(*steps), np.zeros(sizes, int))
