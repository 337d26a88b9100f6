"""Embed tokens as the input of a layer."""

from torch import Tensor, nn

from elman.engine import Symbols


def embedded(embedding: nn.Embedding, tokens: Tensor, dropout: nn.Dropout) -> Tensor | Symbols:
    """Return a layer's input: embedded tokens after dropout or, if nothing is dropped, the faster symbols."""
    if dropout.training and dropout.p > 0:
        return dropout(embedding(tokens))
    return Symbols(tokens, embedding.weight)
