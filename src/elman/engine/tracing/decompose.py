"""Decompose operators into simpler ones, so that the engine needs rules only for the simple ones."""

import math
from collections.abc import Callable, Container
from functools import cache
from typing import Any

import torch
from torch import Tensor

from elman.engine.tracing.activations import ACTIVATIONS
from elman.engine.tracing.convolution import convolution, convolution_backward
from elman.engine.tracing.norms import NORMS

__all__ = ["decomposition"]


def decomposition(func: Any, name: str, simple: Container[str]) -> Callable[..., Any] | None:
    """Return a function that runs an operator by simpler ones; None if it is simple or has no decomposition."""
    if name in OWN:
        return OWN[name]
    if name in simple:
        return None
    return _theirs().get(func)


@cache
def _theirs() -> dict[Any, Callable[..., Any]]:
    from torch._decomp import core_aten_decompositions  # a slow import, which only unusual cells need

    return dict(core_aten_decompositions())


def _vector_norm(x: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    x = x if dtype is None else x.to(dtype)
    if p == 2:
        return torch.sqrt((x * x).sum(dim, keepdim=keepdim))
    if p == torch.inf:
        return x.abs().amax(dim, keepdim=keepdim)
    return (x.abs() ** p).sum(dim, keepdim=keepdim) ** (1 / p)


def _var(x: Tensor, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Tensor:
    dims = list(range(x.dim())) if dim is None or dim == [] else dim
    centred = x - x.mean(dims, keepdim=True)
    square = centred * centred
    count = math.prod(x.shape[d] for d in dims)
    return square.sum(dims, keepdim=keepdim) * (1 / max(count - (1 if correction is None else correction), 0))


def _std(x: Tensor, dim: Any = None, **options: Any) -> Tensor:
    return torch.sqrt(_var(x, dim, **options))


def _var_mean(x: Tensor, dim: Any = None, correction: Any = None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    dims = list(range(x.dim())) if dim is None or dim == [] else dim
    return _var(x, dim, correction, keepdim), x.mean(dims, keepdim=keepdim)


def _std_mean(x: Tensor, dim: Any = None, correction: Any = None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    variance, mean = _var_mean(x, dim, correction, keepdim)
    return torch.sqrt(variance), mean


def _places(like: Tensor, dim: int) -> Tensor:
    """Return 0, 1, 2, ... along a dimension, in a type that holds them exactly."""
    form = [1] * like.dim()
    form[dim] = -1
    return torch.arange(like.shape[dim]).view(form)


def _first_place(hit: Tensor, dim: int, keepdim: bool) -> Tensor:
    count = hit.shape[dim]
    return torch.where(hit, _places(hit, dim), count).amin(dim, keepdim=keepdim)


def _extreme(name: str) -> Callable[..., Any]:
    def run(x: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Any:
        reduce = getattr(torch, f"a{name}")
        if isinstance(dim, Tensor):
            return getattr(torch, f"{name}imum")(x, dim)
        if dim is None:
            return reduce(x, list(range(x.dim())))
        top = reduce(x, dim, keepdim=True)
        return top if keepdim else top.squeeze(dim), _first_place(x == top, dim, keepdim)

    return run


def _argument(name: str) -> Callable[..., Any]:
    def run(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        if dim is None:
            x, dim = x.reshape(-1), 0
        return _first_place(x == getattr(torch, f"a{name}")(x, dim, keepdim=True), dim, keepdim)

    return run


def _one_hot(index: Tensor, dim: int, count: int) -> Tensor:
    """Return truth values ``[..., index.shape[dim], count]`` with ``dim`` moved to the end."""
    return index.movedim(dim, -1).unsqueeze(-1) == torch.arange(count)


def _gather(x: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    if index.shape[dim] == 1:
        return torch.where(_places(x, dim) == index, x, 0.0).sum(dim, keepdim=True)
    hot = _one_hot(index, dim, x.shape[dim])
    return torch.where(hot, x.movedim(dim, -1).unsqueeze(-2), 0.0).sum(-1).movedim(-1, dim)


def _scatter_add(x: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    hot = _one_hot(index, dim, x.shape[dim])
    return x + torch.where(hot, source.movedim(dim, -1).unsqueeze(-1), 0.0).sum(-2).movedim(-1, dim)


def _scatter(x: Tensor, dim: int, index: Tensor, source: Any, **options: Any) -> Any:
    if index.shape[dim] != 1 or options:
        return NotImplemented
    return torch.where(_places(x, dim) == index, source, x)


def _roll(x: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    if not dims:
        return _roll(x.reshape(-1), shifts, [0]).view(x.shape)
    for shift, dim in zip(shifts, dims, strict=True):
        size = x.shape[dim]
        cut = -shift % size if size else 0
        if cut:
            x = torch.cat([torch.ops.aten.slice(x, dim, cut, size), torch.ops.aten.slice(x, dim, 0, cut)], dim)
    return x


def _baddbmm(x: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    product = torch.bmm(a, b)
    return (x if beta == 1 else beta * x) + (product if alpha == 1 else alpha * product)


def _repeat(x: Tensor, repeats: Any) -> Tensor:
    x = x.reshape(*[1] * (len(repeats) - x.dim()), *x.shape)
    form = [part for n, size in zip(repeats, x.shape, strict=True) for part in (n, size)]
    split = [part for size in x.shape for part in (1, size)]
    return x.view(split).expand(form).reshape([n * size for n, size in zip(repeats, x.shape, strict=True)])


def _triangle(keep: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def run(x: Tensor, diagonal: int = 0) -> Tensor:
        rows, columns = torch.arange(x.shape[-2]).unsqueeze(1), torch.arange(x.shape[-1])
        return torch.where(keep(columns - rows, diagonal), x, 0.0)

    return run


OWN: dict[str, Callable[..., Any]] = {
    **ACTIVATIONS,
    **NORMS,
    "isnan": lambda x: x != x,
    "isinf": lambda x: x.abs() == torch.inf,
    "argmax": _argument("max"),
    "argmin": _argument("min"),
    "baddbmm": _baddbmm,
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    "gather": _gather,
    "log2": lambda x: torch.log(x) * (1 / math.log(2)),
    "log10": lambda x: torch.log(x) * (1 / math.log(10)),
    "exp2": lambda x: torch.exp(x * math.log(2)),
    "max": _extreme("max"),
    "min": _extreme("min"),
    "repeat": _repeat,
    "roll": _roll,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "std": _std,
    "std_mean": _std_mean,
    "tril": _triangle(torch.le),
    "triu": _triangle(torch.ge),
    "var": _var,
    "var_mean": _var_mean,
    "linalg_vector_norm": _vector_norm,
    "masked_fill": lambda x, mask, value: torch.where(mask, value, x),
}
