"""Output heads of a decoder: distributions over generated tokens, copied tokens, or both."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Generator", "Glimpse", "Pointer", "PointerGenerator"]


class Glimpse(NamedTuple):
    """The input of a head; T may be 1."""

    x: Tensor  # [B, T, E], embedding of the previous token
    h: Tensor  # [B, T, H], output of the cell
    context: Tensor  # [B, T, M], context of the attention; M = 0 without attention
    weights: Tensor  # [B, T, S], attention weights
    tokens: Tensor  # [B, S], tokens of the memory, as indices of the (extended) vocabulary


class _Head(nn.Module):
    """Base class; arguments are the vocabulary size V and the widths E, H, M of embedding, cell output and memory."""

    #: Whether the head can copy tokens of the memory.
    copies = False

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, memory_size: int):
        super().__init__()
        self.vocabulary_size = vocabulary_size

    def forward(self, seen: Glimpse, extra: int = 0) -> Tensor:
        """Return log-probabilities ``[B, T, V + extra]``, with ``extra`` indices for words outside the vocabulary."""
        raise NotImplementedError


class Generator(_Head):
    r"""Generate every token from the vocabulary (Luong, Pham & Manning, EMNLP 2015, eqs. 5-6).

    .. math:: p = \mathrm{softmax}(W_s \tanh(W_c [c; h]))

    Args:
        vocabulary_size: tokens V.
        embedding_size: width E of a token's vector.
        hidden_size: width H of the decoder's output.
        memory_size: width M of a memory value; 0 without attention.

    Example:
        >>> seen = Glimpse(*(torch.randn(2, 3, n) for n in (4, 5, 6, 7)), torch.zeros(2, 7, dtype=torch.int64))
        >>> Generator(9, 4, 5, 6)(seen).shape
        torch.Size([2, 3, 9])
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, memory_size: int):
        super().__init__(vocabulary_size, embedding_size, hidden_size, memory_size)
        self.mix = nn.Linear(memory_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocabulary_size)

    def forward(self, seen: Glimpse, extra: int = 0) -> Tensor:
        """Return log-probabilities ``[B, T, V + extra]``; -inf for words outside the vocabulary."""
        logits = self.out(torch.tanh(self.mix(torch.cat([seen.context, seen.h], -1))))
        return nn.functional.pad(logits.log_softmax(-1), (0, extra), value=-torch.inf)


class Pointer(_Head):
    r"""Copy every token from the memory (Vinyals, Fortunato & Jaitly, "Pointer Networks", NeurIPS 2015).

    .. math:: p(w) = \sum_{i: m_i = w} \alpha_i

    Args:
        vocabulary_size: tokens V.
        embedding_size: width E of a token's vector.
        hidden_size: width H of the decoder's output.
        memory_size: width M of a place in the memory.

    Example:
        >>> weights = torch.tensor([[[0.5, 0.2, 0.3]]])
        >>> seen = Glimpse(*(torch.randn(1, 1, n) for n in (4, 5, 6)), weights, torch.tensor([[3, 1, 3]]))
        >>> Pointer(4, 4, 5, 6)(seen).exp()
        tensor([[[0.0000, 0.2000, 0.0000, 0.8000]]])
    """

    copies = True

    def forward(self, seen: Glimpse, extra: int = 0) -> Tensor:
        """Return log-probabilities ``[B, T, V + extra]``; -inf for tokens that are not in the memory."""
        return _log(_copied(seen, self.vocabulary_size + extra))


class PointerGenerator(Generator):
    r"""Generate or copy each token (See, Liu & Manning, "Get to the Point", ACL 2017, eqs. 8-9).

    .. math:: p_{gen} &= \sigma(w_c^\top c + w_h^\top h + w_x^\top x + b) \\
              p(w) &= p_{gen} \, p_{vocab}(w) + (1 - p_{gen}) \sum_{i: m_i = w} \alpha_i

    Words of the memory outside the vocabulary have indices from V on, assigned per row, and can be copied. A row with
    an empty memory generates every token.

    Args:
        vocabulary_size: tokens V.
        embedding_size: width E of a token's vector.
        hidden_size: width H of the decoder's output.
        memory_size: width M of a place in the memory.

    Example:
        >>> seen = Glimpse(*(torch.randn(1, 1, n) for n in (4, 5, 6)), torch.ones(1, 1, 1), torch.tensor([[9]]))
        >>> bool(PointerGenerator(9, 4, 5, 6)(seen, extra=1).exp()[0, 0, 9] > 0)
        True
    """

    copies = True

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, memory_size: int):
        super().__init__(vocabulary_size, embedding_size, hidden_size, memory_size)
        self.switch = nn.Linear(embedding_size + hidden_size + memory_size, 1)

    def p_gen(self, seen: Glimpse) -> Tensor:
        """Return the probability of generating, ``[B, T, 1]``."""
        p_gen = torch.sigmoid(self.switch(torch.cat([seen.x, seen.h, seen.context], -1)))
        return torch.where((seen.weights > 0).any(-1, keepdim=True), p_gen, 1.0)

    def forward(self, seen: Glimpse, extra: int = 0) -> Tensor:
        """Return log-probabilities ``[B, T, V + extra]``."""
        p_gen = self.p_gen(seen)
        generated = super().forward(seen, extra).exp()
        return _log(p_gen * generated + (1 - p_gen) * _copied(seen, self.vocabulary_size + extra))


def _copied(seen: Glimpse, size: int) -> Tensor:
    """Return the total attention on each token, over all its positions."""
    batch, steps, _ = seen.weights.shape
    index = seen.tokens[:, None].expand(batch, steps, -1)
    return seen.weights.new_zeros(batch, steps, size).scatter_add(2, index, seen.weights)


def _log(p: Tensor) -> Tensor:
    """Return the logarithm, with a gradient of zero at exactly zero."""
    return torch.where(p > 0, p.clamp_min(torch.finfo(p.dtype).tiny).log(), -torch.inf)
