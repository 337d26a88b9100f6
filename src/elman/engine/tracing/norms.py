"""Norms and their gradients by simpler operators."""

from typing import Any

import torch
from torch import Tensor

__all__ = ["NORMS"]


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


def _norm(x: Tensor, dims: list[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return x less its mean, over its standard deviation; the mean; and one over the deviation."""
    mean = x.mean(dims, keepdim=True)
    centred = x - mean
    rstd = torch.rsqrt((centred * centred).mean(dims, keepdim=True) + eps)
    return centred * rstd, mean, rstd


def _norm_backward(grad: Tensor, x: Tensor, dims: list[int], mean: Tensor, rstd: Tensor) -> Tensor:
    y = (x - mean) * rstd
    return (grad - grad.mean(dims, keepdim=True) - y * (grad * y).mean(dims, keepdim=True)) * rstd


def _batch_norm(
    x: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: Any, eps: float
) -> Any:
    form = [1, x.shape[1], *[1] * (x.dim() - 2)]
    if training:
        y, mean, rstd = _norm(x, [d for d in range(x.dim()) if d != 1], eps)
    else:
        mean, rstd = running_mean.view(form), torch.rsqrt(running_var.view(form) + eps)
        y = (x - mean) * rstd
    y = y if weight is None else y * weight.view(form)
    return y if bias is None else y + bias.view(form), mean.flatten(), rstd.flatten()


def _batch_norm_backward(
    grad: Tensor, x: Tensor, weight: Any, running_mean: Any, running_var: Any, mean: Any, rstd: Any, training: bool,
    eps: float, mask: Any,
) -> Any:  # fmt: skip
    form, dims = [1, x.shape[1], *[1] * (x.dim() - 2)], [d for d in range(x.dim()) if d != 1]
    if not training:
        mean, rstd = running_mean, torch.rsqrt(running_var + eps)
    mean, rstd = mean.view(form), rstd.view(form)
    scaled = grad if weight is None else grad * weight.view(form)
    dx = _norm_backward(scaled, x, dims, mean, rstd) if training else scaled * rstd
    d_weight = (grad * (x - mean) * rstd).sum(dims) if mask[1] and weight is not None else None
    return dx, d_weight, grad.sum(dims) if mask[2] else None


NORMS = {
    "native_batch_norm": _batch_norm,
    "native_batch_norm_backward": _batch_norm_backward,
    "native_layer_norm": _layer_norm,
    "native_layer_norm_backward": _layer_norm_backward,
}
