"""Tokens on their way into a layer."""

from torch import Tensor, nn

from elman.engine import Symbols


def embedded(embedding: nn.Embedding, tokens: Tensor, dropout: nn.Dropout) -> Tensor | Symbols:
    """Return what a layer reads: vectors of which training drops some, or, where nothing is dropped, symbols."""
    if dropout.training and dropout.p > 0:
        return dropout(embedding(tokens))
    return Symbols(tokens, embedding.weight)
