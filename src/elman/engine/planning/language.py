"""The engine's own small language: rows of numbers, and what happens to them within one time step."""

from dataclasses import dataclass
from typing import Any

__all__ = ["CHEAP", "Deferred", "Matrix", "Value"]

#: Operators worth running again in the backward pass rather than saving their result.
CHEAP = frozenset(
    [
        "add",
        "sub",
        "mul",
        "fma",
        "neg",
        "abs",
        "max",
        "min",
        "select",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "and",
        "or",
        "not",
        "float",
        "slice",
        "cat",
        "const",
    ]
)


@dataclass(eq=False)
class Value:
    """A row of ``width`` numbers, for each row of the batch or, if not ``rows``, the same for all.

    ``op`` is an input (``drive``, ``state``, ``tangent``, ``theta``, with ``attr`` its index), ``const``
    (``attr`` the number), ``slice`` (``attr`` the first column), ``cat``, ``mm`` (``attr`` a Matrix), a
    reduction over the columns (``sum``, ``amax``), or a pointwise operator.
    """

    op: str
    args: tuple["Value", ...]
    width: int
    rows: bool
    attr: Any = None
    boolean: bool = False
    forward: bool = True
    source: str = ""


@dataclass(frozen=True)
class Matrix:
    """A two-dimensional theta, perhaps transposed: ``[k, n]`` as the product reads it."""

    index: int
    transposed: bool
    k: int
    n: int


@dataclass(eq=False)
class Deferred:
    """A parameter's gradient that waits for the end of the loop.

    ``op`` is ``outer`` (sum over all steps and rows of a b^T, of two Values), ``rowsum`` (sum over all steps
    and rows of one Value), or a plain PyTorch operator on the two, given by ``node``.
    """

    op: str
    args: tuple[Any, ...]
    shape: tuple[int, ...]
    node: Any = None
