"""Attention over a memory. Tensors are batch-first here, because every row has its own memory."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["AdditiveAttention", "Memory", "MultiplicativeAttention", "masked_softmax"]


class Memory(NamedTuple):
    """The memory that attention reads: S positions in each of B rows."""

    values: Tensor  # [B, S, M]
    keys: Tensor  # [B, S, A], what queries are compared with
    mask: Tensor  # [B, S], true at real positions
    tokens: Tensor  # [B, S], the source tokens, as indices of the target vocabulary, for copying


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Return the softmax over the last dimension, exactly zero where the mask is false, even in a fully masked row.

    Args:
        scores: ``[..., S]``.
        mask: broadcastable to the scores.

    Example:
        >>> masked_softmax(torch.tensor([1.0, 1.0, float("nan")]), torch.tensor([True, True, False]))
        tensor([0.5000, 0.5000, 0.0000])
    """
    lowest = torch.finfo(scores.dtype).min
    weights = torch.where(mask, scores, lowest).softmax(-1)
    return torch.where(mask, weights, 0.0)


class _Attention(nn.Module):
    """Base class: computes scores, weights, and the weighted sum of the values."""

    #: Whether the scores depend on earlier attention.
    covers = False

    def keys(self, values: Tensor) -> Tensor:
        """Map values ``[B, S, M]`` to keys ``[B, S, A]``, once per sequence."""
        raise NotImplementedError

    def scores(self, query: Tensor, keys: Tensor, coverage: Tensor | None = None) -> Tensor:
        """Return the scores ``[B, T, S]`` of queries ``[B, T, Q]``, before masking."""
        raise NotImplementedError

    def remember(self, values: Tensor, mask: Tensor, tokens: Tensor) -> Memory:
        """Return a memory of values ``[B, S, M]``; positions where the mask ``[B, S]`` is false are ignored."""
        values = torch.where(mask[..., None], values, 0.0)
        return Memory(values, self.keys(values), mask, tokens)

    def forward(self, query: Tensor, memory: Memory, coverage: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attend to a memory.

        Args:
            query: ``[B, T, Q]``; T may be 1.
            memory: the memory to read.
            coverage: total earlier attention to each position, ``[B, S]``, if the attention was built with coverage.

        Returns:
            Contexts ``[B, T, M]`` and weights ``[B, T, S]``, which sum to one over the real positions. A row
            without a real position has weights and context of zero.
        """
        weights = masked_softmax(self.scores(query, memory.keys, coverage), memory.mask[:, None])
        return weights @ memory.values, weights


class AdditiveAttention(_Attention):
    r"""Additive attention (Bahdanau, Cho & Bengio, "Neural Machine Translation by Jointly Learning to Align and
    Translate", ICLR 2015, appendix A.1.2), optionally with coverage (See, Liu & Manning, ACL 2017, eq. 11).

    .. math:: e_{ti} = v^\top \tanh(W q_t + U m_i + b + w_c \, c_{ti}), \qquad \alpha_t = \mathrm{softmax}(e_t)

    Args:
        query_size: width Q of a query.
        memory_size: width M of a value.
        attention_size: width A of the keys; default Q.
        coverage: whether the scores depend on earlier attention, :math:`c_{ti} = \sum_{s<t} \alpha_{si}`; default
            False.

    Example:
        >>> attention = AdditiveAttention(4, 6)
        >>> memory = attention.remember(torch.randn(2, 5, 6), torch.ones(2, 5, dtype=torch.bool), torch.zeros(2, 5))
        >>> context, weights = attention(torch.randn(2, 3, 4), memory)
        >>> context.shape, weights.shape
        (torch.Size([2, 3, 6]), torch.Size([2, 3, 5]))
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int | None = None, coverage: bool = False):
        super().__init__()
        size = attention_size or query_size
        self.W = nn.Linear(query_size, size)
        self.U = nn.Linear(memory_size, size, bias=False)
        self.v = nn.Parameter(torch.empty(size).uniform_(-1, 1) / size**0.5)
        self.w_c = nn.Parameter(torch.zeros(size)) if coverage else None
        self.covers = coverage

    def keys(self, values: Tensor) -> Tensor:
        """``U m``, ``[B, S, A]``."""
        return self.U(values)

    def scores(self, query: Tensor, keys: Tensor, coverage: Tensor | None = None) -> Tensor:
        """The scores above, ``[B, T, S]``."""
        inside = self.W(query)[:, :, None] + keys[:, None]
        if self.w_c is not None and coverage is not None:
            inside = inside + coverage[:, None, :, None] * self.w_c
        return torch.tanh(inside) @ self.v


class MultiplicativeAttention(_Attention):
    r"""Multiplicative attention (Luong, Pham & Manning, EMNLP 2015, eq. 8, "general"), scaled (Vaswani et al., 2017).

    .. math:: e_{ti} = q_t^\top W m_i / \sqrt{Q}

    Args:
        query_size: width Q of a query.
        memory_size: width M of a value.

    Example:
        >>> MultiplicativeAttention(4, 6).keys(torch.randn(2, 5, 6)).shape
        torch.Size([2, 5, 4])
    """

    def __init__(self, query_size: int, memory_size: int):
        super().__init__()
        self.W = nn.Linear(memory_size, query_size, bias=False)

    def keys(self, values: Tensor) -> Tensor:
        """``W m``, ``[B, S, Q]``."""
        return self.W(values)

    def scores(self, query: Tensor, keys: Tensor, coverage: Tensor | None = None) -> Tensor:
        """The scores above, ``[B, T, S]``."""
        return query @ keys.transpose(1, 2) / query.shape[-1] ** 0.5
