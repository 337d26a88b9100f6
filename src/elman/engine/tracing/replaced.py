"""Functions of PyTorch that a dry run replaces by others with the same result, made of operators that can be traced.

The originals write in place internally, choose by the number of rows, or run a kernel of their own.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["REPLACED"]


def _rms_norm(x: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    dims = list(range(x.dim() - len(normalized_shape), x.dim()))
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    y = x * torch.rsqrt((x * x).mean(dims, keepdim=True) + eps)
    return y if weight is None else y * weight


def _lstm_cell(x: Tensor, state: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None) -> Any:
    h, c = state
    i, f, g, o = (F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _gru_cell(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None) -> Tensor:
    r_x, z_x, n_x = F.linear(x, w_ih, b_ih).chunk(3, 1)
    r_h, z_h, n_h = F.linear(h, w_hh, b_hh).chunk(3, 1)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + r * n_h)
    return (h - n) * z + n


def _rnn_cell(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def run(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None) -> Tensor:
        return function(F.linear(h, w_hh, b_hh) + F.linear(x, w_ih, b_ih))

    return run


def _attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = (t.repeat_interleave(repeats, -3) for t in (key, value))
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = torch.matmul(query * scale, key.transpose(-2, -1))
    if is_causal:
        place = torch.arange(scores.shape[-2]).unsqueeze(1) >= torch.arange(scores.shape[-1])
        scores = torch.where(place, scores, -torch.inf)
    if attn_mask is not None:
        masks = attn_mask.dtype == torch.bool
        scores = torch.where(attn_mask, scores, -torch.inf) if masks else scores + attn_mask
    weights = torch.softmax(scores, -1)
    if dropout_p:
        weights = F.dropout(weights, dropout_p)
    return torch.matmul(weights, value)


def _multi_head_attention(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor,
    out_proj_bias: Any, training: bool = True, key_padding_mask: Any = None, need_weights: bool = True,
    attn_mask: Any = None, use_separate_proj_weight: bool = False, q_proj_weight: Any = None,
    k_proj_weight: Any = None, v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    rare = (bias_k, bias_v, key_padding_mask, static_k, static_v)
    if query.dim() != 3 or add_zero_attn or any(one is not None for one in rare):
        return F.multi_head_attention_forward(
            query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v,
            add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training, key_padding_mask, need_weights,
            attn_mask, use_separate_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, static_k, static_v,
            average_attn_weights, is_causal,
        )  # fmt: skip
    weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    if not use_separate_proj_weight:
        weights = in_proj_weight.chunk(3)
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    q, k, v = (  # [L, B, E] -> [B, heads, L, E / heads]
        F.linear(x, w, b).unflatten(-1, (num_heads, -1)).permute(1, 2, 0, 3)
        for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    scores = torch.matmul(q / math.sqrt(q.shape[-1]), k.transpose(-2, -1))
    if attn_mask is not None:
        if attn_mask.dim() == 3:
            attn_mask = attn_mask.unflatten(0, (-1, num_heads))
        scores = scores.masked_fill(attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    attention = torch.softmax(scores, -1)
    if training and dropout_p:
        attention = F.dropout(attention, dropout_p)
    out = torch.matmul(attention, v).permute(2, 0, 1, 3).flatten(2)
    out = F.linear(out, out_proj_weight, out_proj_bias)
    if not need_weights:
        return out, None
    return out, attention.mean(1) if average_attn_weights else attention


def _einsum(equation: str, *operands: Any) -> Tensor:
    """Multiply two operands at a time; torch's own way depends on which sizes are one, the number of rows too."""
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    terms, _, result = equation.replace(" ", "").partition("->")
    names = terms.split(",")
    if "." in equation or "->" not in equation or any(len(set(name)) < len(name) for name in names):
        return torch.einsum(equation, *operands)
    sizes = {
        letter: n for name, t in zip(names, operands, strict=True) for letter, n in zip(name, t.shape, strict=True)
    }
    left, name = operands[0], names[0]
    for place, (right, other) in enumerate(zip(operands[1:], names[1:], strict=True), 2):
        later = set("".join(names[place:]) + result)
        left, name = _pair(left, name, right, other, later, sizes)
    alone = [d for d, letter in enumerate(name) if letter not in result]
    if alone:
        left, name = left.sum(alone), "".join(letter for letter in name if letter in result)
    return left if name == result else left.permute([name.index(letter) for letter in result])


def _pair(
    a: Tensor, a_name: str, b: Tensor, b_name: str, later: set[str], sizes: dict[str, int]
) -> tuple[Tensor, str]:
    for which in (0, 1):
        t, name, other = ((a, a_name, b_name), (b, b_name, a_name))[which]
        alone = [d for d, letter in enumerate(name) if letter not in other and letter not in later]
        if alone:
            t, name = t.sum(alone), "".join(letter for d, letter in enumerate(name) if d not in alone)
        if which:
            b, b_name = t, name
        else:
            a, a_name = t, name
    shared = [letter for letter in a_name if letter in b_name]
    summed = [letter for letter in shared if letter not in later]
    batch = [letter for letter in shared if letter in later]
    rows, columns = ([letter for letter in name if letter not in shared] for name in (a_name, b_name))
    whole = [*batch, *rows, *columns]
    if not summed:
        a = a.permute([a_name.index(letter) for letter in [*batch, *rows]])
        b = b.permute([b_name.index(letter) for letter in [*batch, *columns]])
        a = a.reshape(*a.shape, *[1] * len(columns))
        return a * b.reshape(*b.shape[: len(batch)], *[1] * len(rows), *b.shape[len(batch) :]), "".join(whole)

    def form(t: Tensor, name: str, *parts: list[str]) -> Tensor:
        t = t.permute([name.index(letter) for part in parts for letter in part])
        return t.reshape([math.prod(sizes[letter] for letter in part) for part in parts])

    product = torch.bmm(form(a, a_name, batch, rows, summed), form(b, b_name, batch, summed, columns))
    return product.view([sizes[letter] for letter in whole]), "".join(whole)


def _pad(x: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    if mode != "circular":
        return F.pad(x, pad, mode, value)
    for at, (left, right) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        dim = x.dim() - 1 - at
        size = x.shape[dim]
        x = torch.cat([x.narrow(dim, size - left, left), x, x.narrow(dim, 0, right)], dim)
    return x


def _group_norm(x: Tensor, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    y = _standardised(rows, eps).reshape(x.shape)
    return _scaled(y, weight, bias)


def _instance_norm(
    x: Tensor, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    if running_mean is not None:
        return F.instance_norm(x, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
    return _scaled(_standardised(x.flatten(2), eps).reshape(x.shape), weight, bias)


def _standardised(x: Tensor, eps: float) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred * torch.rsqrt((centred * centred).mean(-1, keepdim=True) + eps)


def _scaled(x: Tensor, weight: Any, bias: Any) -> Tensor:
    form = [1, -1, *[1] * (x.dim() - 2)]
    x = x if weight is None else x * weight.view(form)
    return x if bias is None else x + bias.view(form)


def _cosine_similarity(a: Tensor, b: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    lengths = [torch.sqrt((t * t).sum(dim)).clamp_min(eps) for t in (a, b)]
    return (a * b).sum(dim) / (lengths[0] * lengths[1])


def _bilinear(a: Tensor, b: Tensor, weight: Tensor, bias: Any = None) -> Tensor:
    y = _einsum("ni,oij,nj->no", a.flatten(0, -2), weight, b.flatten(0, -2)).view(*a.shape[:-1], -1)
    return y if bias is None else y + bias


#: By the function that is replaced.
REPLACED: dict[Any, Callable[..., Any]] = {
    torch.rms_norm: _rms_norm,
    F.rms_norm: _rms_norm,
    torch.lstm_cell: _lstm_cell,
    torch.gru_cell: _gru_cell,
    torch.rnn_tanh_cell: _rnn_cell(torch.tanh),
    torch.rnn_relu_cell: _rnn_cell(torch.relu),
    F.scaled_dot_product_attention: _attention,
    torch.functional.einsum: _einsum,
    F.pad: _pad,
    F.group_norm: _group_norm,
    torch.group_norm: _group_norm,
    F.instance_norm: _instance_norm,
    F.multi_head_attention_forward: _multi_head_attention,
    torch.cosine_similarity: _cosine_similarity,
    F.cosine_similarity: _cosine_similarity,
    torch.bilinear: _bilinear,
    F.bilinear: _bilinear,
}
