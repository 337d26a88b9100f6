"""A program: the work of one time step in one direction, for a back end to compile or run.

A program is a list of *levels*. A level first computes its products (all rows at once). Then, row by row, it computes
its blocks, such as products of two matrices that the row has of its own, and makes one pass, in which all pointwise
operators between products run in registers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from elman.engine.planning.language import Cat, MatMul, Matrix, Reduction, Slice, Theta, Value

__all__ = [
    "BEFORE",
    "Block",
    "Buffer",
    "Columns",
    "Held",
    "Homes",
    "Level",
    "Place",
    "Product",
    "Program",
    "Store",
    "held",
    "home_of",
    "through",
]

BEFORE = -1  # level of values that exist before the step


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory that a kernel reads or writes.

    ``kind`` gives the index of a row: ``packed`` by its position among all real steps, ``row`` by its position in the
    batch, ``sum`` by the thread. Rows of a ``carried`` buffer are copied from the caller before the first step and to
    the caller after the last.
    """

    name: str
    kind: Literal["packed", "row", "sum"]
    width: int
    carried: bool = False


@dataclass(frozen=True)
class Place:
    """Columns of a buffer, from ``column`` on."""

    buffer: Buffer
    column: int = 0

    def after(self, columns: int) -> "Place":
        """Return the place some columns further on."""
        return Place(self.buffer, self.column + columns)


@dataclass(frozen=True, eq=False)
class Store:
    """The computation of ``width`` columns of a value, from ``start`` on, and their destination.

    ``mode`` is ``set``, ``add`` (into a sum over steps and rows) or a reduction of the columns to one.
    """

    value: Value
    start: int
    width: int
    place: Place
    mode: Literal["set", "add"] | Reduction
    level: int


@dataclass(frozen=True, eq=False)
class Product:
    """The product of rows and a matrix, written into a buffer."""

    value: MatMul
    operand: Place
    place: Place
    level: int

    @property
    def matrix(self) -> Matrix:
        """The matrix."""
        return self.value.matrix


@dataclass(frozen=True)
class Held:
    """Columns of a theta, from ``column`` on."""

    index: int
    column: int


@dataclass(frozen=True, eq=False)
class Block:
    """The computation of a value whose operands are in memory (see ``is_block``), written into a buffer."""

    value: Value
    operands: tuple[Place | Held, ...]
    place: Place
    level: int


@dataclass(frozen=True)
class Level:
    """Work that depends only on earlier levels; the pass may read what the level's products wrote, not its blocks."""

    products: tuple[Product, ...]
    stores: tuple[Store, ...]
    blocks: tuple[Block, ...] = ()


#: Some columns of a value: the value, the first of them, and how many.
Columns = tuple[Value, int, int]
#: Where columns of values are stored: first column, width, place, and the level after which they are there.
Homes = Mapping[Value, Sequence[tuple[int, int, Place, int]]]


@dataclass(frozen=True)
class Program:
    """One time step of one direction."""

    buffers: tuple[Buffer, ...]
    levels: tuple[Level, ...]
    homes: Homes


def home_of(homes: Homes, value: Value, start: int, width: int, level: int) -> tuple[Place, int] | None:
    """Return the place from which a pass of ``level`` can load columns, and after which level it is there."""
    for s, n, place, after in homes.get(value, ()):
        if s <= start and start + width <= s + n and after < level:
            return place.after(start - s), after
    return None


def through(value: Value, start: int, width: int) -> list[Columns]:
    """Return the columns of a slice or a concatenation as columns of its operands."""
    found: list[Columns] = []
    stack = [(value, start, width)]
    while stack:
        value, start, width = stack.pop()
        match value:
            case Slice():
                stack.append((value.args[0], value.start + start, width))
            case Cat():
                parts, at = [], 0
                for part in value.args:
                    low, high = max(start, at), min(start + width, at + part.width)
                    if low < high:
                        parts.append((part, low - at, high - low))
                    at += part.width
                stack += reversed(parts)
            case _:
                found.append((value, start, width))
    return found


def held(value: Value) -> Held | None:
    """Return where a theta, or a stretch of one, lies; None for other values."""
    ((value, start, _), *more) = through(value, 0, value.width)
    return Held(value.index, start) if isinstance(value, Theta) and not more else None
