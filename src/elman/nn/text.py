"""Models of text: sentence classifiers and taggers."""

from collections.abc import Sequence
from typing import Any, get_args

import torch
from torch import Tensor, nn

from elman.errors import named
from elman.nn.classifier import Pooling, pooled

__all__ = ["Above", "Tagger", "TextClassifier", "TokenEmbedding"]


class TokenEmbedding(nn.Module):
    """Embed a token as the concatenation of one vector per column, such as the word, its ending and its shape.

    Vectors start normal with a standard deviation of 0.1.

    Args:
        sizes: number of entries of each column; entry 0 is the unknown one.
        widths: width of each column's vectors.
        dropout: probability of replacing a column's entry by the unknown one in training, so that the unknown
            entry's vector is trained and the model learns to use the other columns. Default 0.

    Raises:
        ValueError: if there is no column, or ``sizes`` and ``widths`` differ in number.

    Example:
        >>> embedding = TokenEmbedding([100, 20], [16, 4])
        >>> embedding(torch.zeros(5, 3, 2, dtype=torch.int64)).shape, embedding.output_size
        (torch.Size([5, 3, 20]), 20)
    """

    def __init__(self, sizes: Sequence[int], widths: Sequence[int], dropout: float = 0.0):
        super().__init__()
        if len(sizes) != len(widths) or not sizes:
            raise ValueError(f"every column needs a width, got {len(sizes)} columns and {len(widths)} widths")
        columns = [nn.Embedding(size, width) for size, width in zip(sizes, widths, strict=True)]
        for column in columns:
            nn.init.normal_(column.weight, std=0.1)  # with 1 a model memorises a small data set
        self.columns = nn.ModuleList(columns)
        self.output_size, self.dropout = sum(widths), dropout

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens ``[T, B, F]`` to vectors ``[T, B, sum of widths]``."""
        if tokens.ndim != 3 or tokens.shape[-1] != len(self.columns):
            raise ValueError(f"tokens must be [T, B, {len(self.columns)}], got {list(tokens.shape)}")
        if self.training and self.dropout:
            tokens = tokens.masked_fill(torch.rand(tokens.shape, device=tokens.device) < self.dropout, 0)
        return torch.cat([column(tokens[..., k]) for k, column in enumerate(self.columns)], -1)


class _Reader(nn.Module):
    """Base class: embedding, dropout, encoder, dropout."""

    def __init__(self, embedding: nn.Module, encoder: nn.Module, dropout: float):
        super().__init__()
        self.embedding, self.dropout = embedding, nn.Dropout(dropout)
        self.encoder: Any = encoder

    def encode(self, tokens: Tensor, lengths: Tensor | Sequence[int] | None) -> tuple[Tensor, Any]:
        return self.encoder(self.dropout(self.embedding(tokens)), lengths=lengths)


class TextClassifier(_Reader):
    """Classify a sentence.

    Args:
        embedding: embeds the tokens; :class:`torch.nn.Identity` if the input is already vectors.
        encoder: ``(x, lengths=...) -> (outputs, state)`` with an ``output_size``, such as
            :class:`~elman.nn.Recurrent` or :class:`~elman.nn.transformer.Transformer`.
        classes: number of classes.
        pooling: ``"mean"`` or ``"max"`` of the outputs over a row's own steps, or ``"last"``, the output of its last
            step (of its first step, for the backward half). Default ``"max"``.
        dropout: probability of zeroing a feature before and after the encoder, in training; default 0.

    Raises:
        ValueError: if ``pooling`` is unknown.

    Example:
        >>> from elman.cells import GRUCell
        >>> from elman.nn import Recurrent
        >>> model = TextClassifier(TokenEmbedding([100], [16]), Recurrent(GRUCell, 16, 8, bidirectional=True), 2)
        >>> model(torch.zeros(5, 3, 1, dtype=torch.int64), lengths=[5, 2, 3]).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        embedding: nn.Module,
        encoder: nn.Module,
        classes: int,
        pooling: Pooling = "max",
        dropout: float = 0.0,
    ):
        super().__init__(embedding, encoder, dropout)
        named("pooling", pooling, get_args(Pooling))
        self.pooling: Pooling = pooling
        self.head = nn.Linear(self.encoder.output_size, classes)

    def forward(self, tokens: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """Map tokens ``[T, B, F]`` to logits ``[B, classes]``; every row needs at least one token."""
        outputs, _ = self.encode(tokens, lengths)
        both = getattr(self.encoder, "bidirectional", False)
        return self.head(self.dropout(pooled(outputs, lengths, self.pooling, both)))


class Tagger(_Reader):
    """Tag every word.

    Args:
        embedding: embeds the tokens.
        encoder: see :class:`TextClassifier`.
        tags: number of tags.
        dropout: see :class:`TextClassifier`.

    Example:
        >>> from elman.cells import GRUCell
        >>> from elman.nn import Recurrent
        >>> model = Tagger(TokenEmbedding([100], [16]), Recurrent(GRUCell, 16, 8), tags=17)
        >>> model(torch.zeros(5, 3, 1, dtype=torch.int64), lengths=[5, 2, 3]).shape
        torch.Size([5, 3, 17])
    """

    def __init__(self, embedding: nn.Module, encoder: nn.Module, tags: int, dropout: float = 0.0):
        super().__init__(embedding, encoder, dropout)
        self.head = nn.Linear(self.encoder.output_size, tags)

    def forward(self, tokens: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """Map tokens ``[T, B, F]`` to logits ``[T, B, tags]``; ignore the logits past a row's end."""
        return self.head(self.dropout(self.encode(tokens, lengths)[0]))


class Above(nn.Module):
    """An encoder on top of another encoder, which may be shared with other tasks.

    Args:
        lower: an encoder as for :class:`TextClassifier`, such as a tagger's.
        upper: an encoder that reads the lower encoder's outputs.
        dropout: probability of zeroing a feature between the two, in training; default 0.

    Example:
        >>> from elman.cells import GRUCell
        >>> from elman.nn import Recurrent
        >>> tagger = Tagger(TokenEmbedding([100], [16]), Recurrent(GRUCell, 16, 8), tags=17)
        >>> model = TextClassifier(tagger.embedding, Above(tagger.encoder, Recurrent(GRUCell, 8, 4)), 2)
        >>> model(torch.zeros(5, 3, 1, dtype=torch.int64), lengths=[5, 2, 3]).shape
        torch.Size([3, 2])
    """

    def __init__(self, lower: nn.Module, upper: nn.Module, dropout: float = 0.0):
        super().__init__()
        self.lower, self.upper, self.dropout = lower, upper, nn.Dropout(dropout)
        self.output_size = upper.output_size
        self.bidirectional = getattr(upper, "bidirectional", False)

    def forward(self, x: Tensor, *, lengths: Tensor | Sequence[int] | None = None) -> tuple[Tensor, Any]:
        """Map inputs ``[T, B, I]`` to the upper encoder's outputs and state."""
        outputs, _ = self.lower(x, lengths=lengths)
        return self.upper(self.dropout(outputs), lengths=lengths)
