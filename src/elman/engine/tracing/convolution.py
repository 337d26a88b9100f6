"""Convolutions as sums over the kernel's places, or as one matrix product of what each place sees."""

from itertools import product
from typing import Any

import torch
from torch import Tensor

__all__ = ["convolution", "convolution_backward"]


def _pads(padding: Any) -> list[int]:
    return [p for one in reversed(padding) for p in (one, one)]


def _seen(x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[Tensor, list[int]]:
    """Return what each place of the kernel sees, ``[B, C, K, L]``, and the sizes of the result."""
    if any(padding):
        x = torch.constant_pad_nd(x, _pads(padding))
    sizes = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)]
    parts = []
    for at in product(*map(range, kernel)):
        part = x
        for axis, (i, s, d, n) in enumerate(zip(at, stride, dilation, sizes, strict=True), 2):
            part = torch.ops.aten.slice(part, axis, i * d, i * d + s * (n - 1) + 1, s)
        parts.append(part.reshape(x.shape[0], x.shape[1], 1, -1))
    return torch.cat(parts, 2), sizes


def _rows(seen: Tensor, groups: int) -> Tensor:
    """``[B, C, K, L]`` to ``[groups, B L, C / groups K]``."""
    b, c, k, n = seen.shape
    return seen.reshape(b, groups, c // groups, k, n).permute(1, 0, 4, 2, 3).reshape(groups, b * n, c // groups * k)


def convolution(
    x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, _: Any,
    groups: int,
) -> Tensor:  # fmt: skip
    """Return a convolution of any number of dimensions; a transposed one is not decomposed."""
    if transposed:
        return NotImplemented
    (b, c), (out, each, *kernel) = x.shape[:2], weight.shape
    seen, sizes = _seen(x, kernel, stride, padding, dilation)
    if each == 1 and groups == out == c:  # each channel by itself
        y = (seen * weight.view(1, out, -1, 1)).sum(2)
    else:
        y = torch.bmm(_rows(seen, groups), weight.view(groups, out // groups, -1).transpose(1, 2))
        y = y.reshape(groups, b, -1, out // groups).permute(1, 0, 3, 2).reshape(b, out, -1)
    if bias is not None:
        y = y + bias.view(1, out, 1)
    return y.reshape(b, out, *sizes)


def convolution_backward(
    grad: Tensor, x: Tensor, weight: Tensor, bias_sizes: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, _: Any, groups: int, mask: Any,
) -> Any:  # fmt: skip
    """Return the gradients of a convolution's input, weight and bias."""
    if transposed:
        return NotImplemented
    (b, c), (out, each, *kernel) = x.shape[:2], weight.shape
    sizes = grad.shape[2:]
    grad = grad.reshape(b, out, -1)
    seen, _sizes = _seen(x, kernel, stride, padding, dilation)
    alone = each == 1 and groups == out == c
    d_x = d_weight = None
    rows = grad.reshape(b, groups, out // groups, -1).permute(1, 0, 3, 2).reshape(groups, -1, out // groups)
    if mask[0]:
        if alone:
            back = grad.unsqueeze(2) * weight.view(1, out, -1, 1)
        else:
            back = torch.bmm(rows, weight.view(groups, out // groups, -1))
            back = back.reshape(groups, b, -1, c // groups, seen.shape[2]).permute(1, 0, 3, 4, 2)
            back = back.reshape(b, c, seen.shape[2], -1)
        d_x = _spread(back, x, kernel, sizes, stride, padding, dilation)
    if mask[1]:
        if alone:
            d_weight = (grad.unsqueeze(2) * seen).sum([0, 3]).reshape(weight.shape)
        else:
            d_weight = torch.bmm(rows.transpose(1, 2), _rows(seen, groups)).reshape(weight.shape)
    return d_x, d_weight, grad.sum([0, 2]) if mask[2] else None


def _spread(back: Tensor, x: Tensor, kernel: Any, sizes: Any, stride: Any, padding: Any, dilation: Any) -> Tensor:
    """Add what each place of the kernel gives back to where it looked."""
    whole = [n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True)]
    total = None
    for k, at in enumerate(product(*map(range, kernel))):
        part = back.select(2, k).reshape(*x.shape[:2], *sizes)
        for axis, (i, s, d, n) in enumerate(zip(at, stride, dilation, sizes, strict=True), 2):
            form = [*part.shape]
            form[axis] = whole[axis - 2]
            part = torch.ops.aten.slice_backward(part, form, axis, i * d, i * d + s * (n - 1) + 1, s)
        total = part if total is None else total + part
    assert total is not None
    return torch.constant_pad_nd(total, [-p for p in _pads(padding)]) if any(padding) else total
