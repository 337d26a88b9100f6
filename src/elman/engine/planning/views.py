"""Tensors of a trace as views of a value's columns: which number lies where, and which dimension counts the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from elman.engine.planning.language import Value

__all__ = ["Atom", "Dims", "Laid", "columns", "flat", "has_rows", "merged", "regrouped", "sizes_of", "spread"]


@dataclass(frozen=True)
class Atom:
    """A factor of a dimension: its size, and the distance between its columns; None counts the rows of the batch."""

    size: int
    stride: int | None


#: The factors of each dimension, outermost first; a dimension of size one has none.
Dims = tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True, eq=False)
class Laid:
    """A tensor: columns of a value, from ``offset`` on, at the places that ``dims`` say."""

    value: Value
    dims: Dims
    offset: int = 0


def flat(dims: Iterable[Sequence[Atom]]) -> list[Atom]:
    """Return the factors of all dimensions."""
    return [atom for dim in dims for atom in dim]


def has_rows(atoms: Iterable[Atom]) -> bool:
    """Return whether one of the factors counts the rows."""
    return any(atom.stride is None for atom in atoms)


def sizes_of(dims: Dims) -> tuple[int, ...]:
    """Return the size of each dimension."""
    return tuple(prod(atom.size for atom in dim) for dim in dims)


def columns(atoms: Iterable[Atom], offset: int = 0) -> np.ndarray:
    """Return the column of each number, with a dimension for each factor that does not count rows."""
    found = np.full((), offset)
    for atom in atoms:
        if atom.stride is not None:
            found = found[..., None] + np.arange(atom.size) * atom.stride
    return found


def spread(sizes: Sequence[Sequence[Atom]], width: int) -> Dims:
    """Return dimensions of the same factors whose columns lie in order; all the same one if ``width`` is 1."""
    stride = prod(atom.size for atom in flat(sizes) if atom.stride is not None)
    if width == 1:
        stride = 0
    found = []
    for dim in sizes:
        atoms = []
        for atom in dim:
            if atom.stride is not None:
                stride //= atom.size or 1
                atoms.append(Atom(atom.size, stride))
            else:
                atoms.append(atom)
        found.append(tuple(atoms))
    return tuple(found)


def merged(atoms: Iterable[Atom]) -> list[Atom]:
    """Join neighbouring factors whose columns lie as those of one would."""
    found: list[Atom] = []
    for atom in atoms:
        last = found[-1] if found else None
        if last and last.stride is not None and atom.stride is not None and last.stride == atom.stride * atom.size:
            found[-1] = Atom(last.size * atom.size, atom.stride)
        else:
            found.append(atom)
    return found


def regrouped(atoms: Sequence[Atom], shape: Sequence[int]) -> Dims | None:
    """Divide factors among dimensions of a new shape; None if a factor cannot be cut where that is needed."""
    if 0 in shape:
        return None
    rest, dims = list(reversed(merged(atoms))), []
    for size in shape:
        dim: list[Atom] = []
        while size != 1:
            if not rest:
                return None
            atom = rest.pop()
            if size % atom.size == 0:
                dim.append(atom)
                size //= atom.size
            elif atom.stride is not None and atom.size % size == 0:
                dim.append(Atom(size, atom.stride * (atom.size // size)))
                rest.append(Atom(atom.size // size, atom.stride))
                size = 1
            else:
                return None
        dims.append(tuple(dim))
    return None if rest else tuple(dims)
