"""Activations, softmax among them, and their gradients by simpler operators."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["ACTIVATIONS"]


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


def _gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(BETA * (x + KAPPA * x * x * x)))
    return x * 0.5 * (1 + torch.erf(x * ROOT_HALF))


def _gelu_backward(grad: Tensor, x: Tensor, *, approximate: str = "none") -> Tensor:
    if approximate == "tanh":
        t = torch.tanh(BETA * (x + KAPPA * x * x * x))
        return grad * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (BETA * (1 + 3 * KAPPA * x * x)))
    density = torch.exp(x * x * -0.5) * (ROOT_HALF / math.sqrt(math.pi))
    return grad * (0.5 * (1 + torch.erf(x * ROOT_HALF)) + x * density)


BETA, KAPPA, ROOT_HALF = math.sqrt(2 / math.pi), 0.044715, math.sqrt(0.5)


def _elu(x: Tensor, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Tensor:
    return torch.where(x <= 0, torch.expm1(x * input_scale) * (alpha * scale), x * scale)


def _elu_backward(grad: Tensor, alpha: float, scale: float, input_scale: float, is_result: bool, y: Tensor) -> Tensor:
    slope = y + alpha * scale if is_result else torch.exp(y * input_scale) * (alpha * scale)
    return torch.where(y <= 0, grad * input_scale * slope, grad * scale)


def _hardtanh_backward(grad: Tensor, x: Tensor, low: float = -1, high: float = 1) -> Tensor:
    return torch.where((x <= low) | (x >= high), 0.0, grad)


#: One sixth as PyTorch's kernel of the gradient has it, rounded to float32 whatever the type.
SIXTH = 0.1666666716337204


def _hardsigmoid_backward(grad: Tensor, x: Tensor) -> Tensor:
    return torch.where((x > -3) & (x < 3), grad * SIXTH, 0.0)


def _hardswish_backward(grad: Tensor, x: Tensor) -> Tensor:
    return torch.where(x < -3, 0.0, torch.where(x <= 3, grad * (x / 3 + 0.5), grad))


def _softshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    return torch.where(x > lambd, x - lambd, torch.where(x < -lambd, x + lambd, x * 0))


def _shrink_backward(grad: Tensor, x: Tensor, lambd: float = 0.5) -> Tensor:
    return torch.where((x >= -lambd) & (x <= lambd), 0.0, grad)


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "elu": _elu,
    "elu_backward": _elu_backward,
    "gelu": _gelu,
    "gelu_backward": _gelu_backward,
    "hardshrink": lambda x, lambd=0.5: torch.where((x >= -lambd) & (x <= lambd), 0.0, x),
    "hardshrink_backward": _shrink_backward,
    "hardsigmoid": lambda x: (x + 3).clamp(0, 6) / 6,
    "hardsigmoid_backward": _hardsigmoid_backward,
    "hardswish": lambda x: x * (x + 3).clamp(0, 6) / 6,
    "hardswish_backward": _hardswish_backward,
    "hardtanh": lambda x, low=-1, high=1: x.clamp(low, high),
    "hardtanh_backward": _hardtanh_backward,
    "leaky_relu": lambda x, slope=0.01: torch.where(x > 0, x, x * slope),
    "leaky_relu_backward": lambda grad, x, slope, _: torch.where(x > 0, grad, grad * slope),
    "softshrink": _softshrink,
    "softshrink_backward": _shrink_backward,
    "silu": lambda x: x * torch.sigmoid(x),
    "silu_backward": _silu_backward,
    "_softmax": _softmax,
    "_softmax_backward_data": _softmax_backward,
    "_log_softmax": _log_softmax,
    "_log_softmax_backward_data": _log_softmax_backward,
}
