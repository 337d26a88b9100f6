"""Decompose operators into simpler ones, so that the engine needs rules only for the simple ones."""

from collections.abc import Callable, Container
from functools import cache
from typing import Any

import torch
from torch import Tensor

__all__ = ["WRITING", "decomposition"]


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


def _normalise(x: Tensor, shape: Any, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    dims = list(range(x.dim() - len(shape), x.dim()))
    mean = x.mean(dims, keepdim=True)
    centred = x - mean
    rstd = torch.rsqrt((centred * centred).mean(dims, keepdim=True) + eps)
    return centred, mean, rstd


def _layer_norm(x: Tensor, shape: Any, weight: Any, bias: Any, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    centred, mean, rstd = _normalise(x, shape, eps)
    y = centred * rstd
    y = y if weight is None else y * weight
    return y if bias is None else y + bias, mean, rstd


def _layer_norm_backward(
    grad: Tensor, x: Tensor, shape: Any, mean: Tensor, rstd: Tensor, weight: Any, bias: Any, mask: Any
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    dims = list(range(x.dim() - len(shape), x.dim()))
    rows = list(range(x.dim() - len(shape)))
    y = (x - mean) * rstd
    scaled = grad if weight is None else grad * weight
    dx = (scaled - scaled.mean(dims, keepdim=True) - y * (scaled * y).mean(dims, keepdim=True)) * rstd
    d_weight = (grad * y).sum(rows) if mask[1] and weight is not None else None
    return dx, d_weight, grad.sum(rows) if mask[2] and bias is not None else None


def _silu_backward(grad: Tensor, x: Tensor) -> Tensor:
    s = torch.sigmoid(x)
    return grad * s * (1 + x * (1 - s))


def _softmax(x: Tensor, dim: int, _: bool) -> Tensor:
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def _softmax_backward(grad: Tensor, y: Tensor, dim: int, _: Any) -> Tensor:
    return y * (grad - (grad * y).sum(dim, keepdim=True))


def _log_softmax(x: Tensor, dim: int, _: bool) -> Tensor:
    shifted = x - x.amax(dim, keepdim=True)
    return shifted - torch.log(torch.exp(shifted).sum(dim, keepdim=True))


def _log_softmax_backward(grad: Tensor, y: Tensor, dim: int, _: Any) -> Tensor:
    return grad - torch.exp(y) * grad.sum(dim, keepdim=True)


def _vector_norm(x: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    x = x if dtype is None else x.to(dtype)
    if p == 2:
        return torch.sqrt((x * x).sum(dim, keepdim=keepdim))
    if p == torch.inf:
        return x.abs().amax(dim, keepdim=keepdim)
    return (x.abs() ** p).sum(dim, keepdim=keepdim) ** (1 / p)


def _rms_norm(x: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    dims = list(range(x.dim() - len(normalized_shape), x.dim()))
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    y = x * torch.rsqrt((x * x).mean(dims, keepdim=True) + eps)
    return y if weight is None else y * weight


#: Replacements for functions of torch that write in place internally.
WRITING: dict[Any, Callable[..., Any]] = {torch.rms_norm: _rms_norm, torch.nn.functional.rms_norm: _rms_norm}

OWN: dict[str, Callable[..., Any]] = {
    "isnan": lambda x: x != x,
    "linalg_vector_norm": _vector_norm,
    "masked_fill": lambda x, mask, value: torch.where(mask, value, x),
    "native_layer_norm": _layer_norm,
    "native_layer_norm_backward": _layer_norm_backward,
    "silu": lambda x: x * torch.sigmoid(x),
    "silu_backward": _silu_backward,
    "_softmax": _softmax,
    "_softmax_backward_data": _softmax_backward,
    "_log_softmax": _log_softmax,
    "_log_softmax_backward_data": _log_softmax_backward,
}
