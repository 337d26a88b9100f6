"""An encoder-decoder from sequence to sequence, with optional attention and copying."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman.cell import Cell
from elman.cells import GRUCell
from elman.cells.wrappers.base import remembered, starting_from
from elman.engine import unroll
from elman.engine.ragged import real_steps
from elman.engine.symbols import looked_up
from elman.nn.attention import AdditiveAttention, Memory
from elman.nn.embedded import embedded
from elman.nn.heads import Generator, Glimpse
from elman.nn.recurrent import Recurrent

__all__ = ["DecoderState", "Seq2Seq"]


class DecoderState(NamedTuple):
    """The decoder's state between tokens, a tree of tensors ``[B, ...]`` whose rows a search can select."""

    cell: Any
    memory: Memory | None
    coverage: Tensor | None  # [B, S], total attention so far
    extra: int = 0  # number of indices beyond the vocabulary


class Seq2Seq(nn.Module):
    r"""An encoder-decoder (Sutskever, Vinyals & Le, 2014; Cho et al., 2014), with or without attention.

    The encoder reads the source, in both directions by default. A linear layer and tanh map all fields of the
    encoder's last state to those fields of the decoder's initial state that are independent of each other
    (``free_fields``). The decoder's cell reads only the previous token, so that, given the whole target, it runs at
    the engine's speed. Attention is computed from the cell's outputs (Luong, Pham & Manning, EMNLP 2015, without
    input feeding), and a head maps cell output and context to a distribution.

    Without attention the decoder sees the source only through its initial state.

    Args:
        source_size: tokens of the source vocabulary.
        target_size: tokens V of the target vocabulary.
        embedding_size: width E of a token's vector; default 64.
        hidden_size: width H of each cell; default 128.
        cell: builds the cells of encoder and decoder, ``(input_size, hidden_size) -> Cell``; default GRU.
        bidirectional: whether the encoder also reads backwards; default True.
        attention: ``(query_size, memory_size) -> module``; default :class:`AdditiveAttention`; None
            for a model without attention.
        head: ``(V, E, H, M) -> module``; default :class:`Generator`. A head that copies has ``copies = True`` and
            needs attention.
        coverage: whether to pass the earlier attention to the attention module, which must be built with coverage.
            Default False.
        dropout: probability of dropping an embedding or an output in training; default 0.
        unknown: the target token that the decoder reads in place of a copied word outside the vocabulary; default 0.

    Raises:
        ValueError: if ``coverage`` and the attention module disagree, a copying head has no attention, or
            ``unknown`` is outside the vocabulary.

    Example:
        >>> model = Seq2Seq(10, 12, embedding_size=8, hidden_size=16)
        >>> source, target = torch.randint(10, (5, 2)), torch.randint(12, (4, 2))
        >>> model(source, target, lengths=[5, 3]).shape
        torch.Size([4, 2, 12])
        >>> log_probs, state = model.step(target[0], model.encode(source, lengths=[5, 3]))
        >>> log_probs.shape
        torch.Size([2, 12])
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        embedding_size: int = 64,
        hidden_size: int = 128,
        cell: Callable[[int, int], Cell] = GRUCell,
        bidirectional: bool = True,
        attention: Callable[[int, int], nn.Module] | None = AdditiveAttention,
        head: Callable[[int, int, int, int], nn.Module] = Generator,
        coverage: bool = False,
        dropout: float = 0.0,
        unknown: int = 0,
    ):
        super().__init__()
        if coverage and attention is None:
            raise ValueError("coverage=True needs attention: pass attention=, or leave coverage False")
        if unknown not in range(target_size):
            raise ValueError(f"unknown must be a token from 0 to {target_size - 1}, got {unknown}")
        self.unknown = unknown
        self.source_size, self.target_size = source_size, target_size
        self.source_embedding = nn.Embedding(source_size, embedding_size)
        self.target_embedding = nn.Embedding(target_size, embedding_size)
        self.encoder = Recurrent(cell, embedding_size, hidden_size, bidirectional=bidirectional)
        self.cell = cell(embedding_size, hidden_size)
        state = remembered(self.cell.initial_state(1))
        self.fields = {name: field.numel() for name, field in state.items() if name in self.cell.free_fields}
        last = sum(field.numel() for part in self.encoder.initial_state(1) for field in remembered(part).values())
        self.bridge = nn.Linear(last, sum(self.fields.values()))
        memory_size = self.encoder.output_size if attention is not None else 0
        self.attention: Any = attention(self.cell.output_size, memory_size) if attention is not None else None
        covers = getattr(self.attention, "covers", coverage)
        if coverage and not covers:
            raise ValueError(
                "got coverage=True and an attention without coverage: "
                "pass attention=lambda q, m: AdditiveAttention(q, m, coverage=True)"
            )
        if covers and not coverage:
            raise ValueError("the attention expects coverage: pass coverage=True to Seq2Seq")
        self.head = head(target_size, embedding_size, self.cell.output_size, memory_size)
        if attention is None and getattr(self.head, "copies", False):
            raise ValueError(f"{type(self.head).__name__} copies by attention: pass attention=")
        self.coverage = coverage
        self.dropout = nn.Dropout(dropout)

    def encode(
        self, source: Tensor, lengths: Any = None, copied: Tensor | None = None, extra: int | None = None
    ) -> DecoderState:
        """Encode the source.

        Args:
            source: tokens ``[S, B]``.
            lengths: real tokens of each row, from 0 to S; default all.
            copied: the target token of each source token, for copying, ``[S, B]``; indices from V on are words
                outside the vocabulary, numbered per row. Default the source itself.
            extra: number of indices from V on; default as many as ``copied`` needs, for a head that copies.

        Returns:
            The state before the first target token.

        Raises:
            ValueError: if a token is outside its vocabulary, or ``lengths`` are not B integers from 0 to S.
        """
        _check_tokens("source", source, self.source_size)
        steps, batch = source.shape
        outputs, final = self.encoder(embedded(self.source_embedding, source, self.dropout), lengths=lengths)
        last = torch.cat([field.flatten(1) for part in final for field in remembered(part).values()], -1)
        begun = torch.tanh(self.bridge(last)).split(list(self.fields.values()), -1)
        start = starting_from(self.cell.initial_state(batch), dict(zip(self.fields, begun, strict=True)))
        if self.attention is None:
            return DecoderState(start, None, None)
        mask = real_steps(lengths, steps, batch, source.device).t()
        tokens = torch.where(mask, (source if copied is None else copied).t(), 0)
        copies = getattr(self.head, "copies", False)
        if extra is None:
            extra = max(0, int(tokens.max()) + 1 - self.target_size) if copies and tokens.numel() else 0
        if copies:
            _check_tokens("copied", tokens, self.target_size + extra)
        memory = self.attention.remember(self.dropout(outputs).transpose(0, 1), mask, tokens)
        coverage = memory.values.new_zeros(batch, steps) if self.coverage else None
        return DecoderState(start, memory, coverage, extra)

    def forward(self, source: Tensor, target: Tensor, lengths: Any = None, copied: Tensor | None = None) -> Tensor:
        """Return the log-probabilities ``[T, B, V + extra]`` of each token after those of ``target`` ``[T, B]``.

        Step t has read ``target[:t + 1]``; the target starts with the start token.
        """
        return self.decode(target, self.encode(source, lengths, copied))[0]

    def decode(self, target: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        """Read target tokens ``[T, B]``, starting from a state.

        Returns:
            Log-probabilities ``[T, B, V + extra]``, attention ``[T, B, S]`` (S = 0 without attention), the new state.
        """
        if self.coverage and len(target) > 1:
            parts = []
            for tokens in target:
                *part, state = self.decode(tokens[None], state)
                parts.append(part)
            log_probs, weights = (torch.cat(side) for side in zip(*parts, strict=True))
            return log_probs, weights, state
        known = torch.where(target < self.target_size, target, self.unknown)
        x = embedded(self.target_embedding, known, self.dropout)
        h, cell = unroll(self.cell, x, state.cell)
        seen = self._look(looked_up(x).transpose(0, 1), self.dropout(h).transpose(0, 1), state)
        log_probs = self.head(seen, state.extra).transpose(0, 1)
        coverage = None if state.coverage is None else state.coverage + seen.weights[:, 0]
        return log_probs, seen.weights.transpose(0, 1), state._replace(cell=cell, coverage=coverage)

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """One decoder step: tokens ``[B]`` to log-probabilities ``[B, V + extra]`` and the new state."""
        log_probs, _, state = self.decode(tokens[None], state)
        return log_probs[0], state

    def _look(self, x: Tensor, h: Tensor, state: DecoderState) -> Glimpse:
        if self.attention is None or state.memory is None:
            batch, steps = h.shape[:2]
            nothing = h.new_zeros(batch, steps, 0)
            return Glimpse(x, h, nothing, nothing, torch.zeros(batch, 0, dtype=torch.int64, device=h.device))
        context, weights = self.attention(h, state.memory, state.coverage)
        return Glimpse(x, h, context, weights, state.memory.tokens)


def _check_tokens(name: str, tokens: Tensor, size: int) -> None:
    if tokens.is_floating_point() or tokens.dim() != 2:
        raise ValueError(f"{name} must be whole numbers [S, B], got {list(tokens.shape)} of {tokens.dtype}")
    if tokens.numel() and not (int(tokens.min()) >= 0 and int(tokens.max()) < size):
        raise ValueError(f"{name} must lie in 0 to {size - 1}, got {int(tokens.min())} to {int(tokens.max())}")
