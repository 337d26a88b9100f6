"""A language model: embedding, recurrent layers, and a distribution over the next token."""

from typing import Any

import torch
from torch import Tensor, nn

from elman.engine.symbols import looked_up
from elman.nn.embedded import embedded
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN

__all__ = ["LanguageModel"]


class LanguageModel(nn.Module):
    """Predict each token of a sequence from the tokens before it (Mikolov et al., Interspeech 2010).

    Args:
        vocabulary_size: number of tokens V.
        embedding_size: width of a token's vector.
        hidden_size: width H of each layer.
        num_layers: number of recurrent layers.
        dropout: probability of dropping an embedded input or a layer's output in training.
        recurrent: a module ``(x, state) -> (outputs, state)`` with an ``output_size``, such as
            :class:`~elman.nn.Recurrent`, to use in place of ``hidden_size`` and ``num_layers``; default an LSTM of
            these sizes.

    Example:
        >>> model = LanguageModel(vocabulary_size=7, embedding_size=4, hidden_size=8)
        >>> logits, state = model(torch.zeros(5, 2, dtype=torch.int64))
        >>> logits.shape
        torch.Size([5, 2, 7])
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 128,
        hidden_size: int = 256,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent: nn.Module | None = None,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        between = dropout if num_layers > 1 else 0.0
        self.recurrent: Any = recurrent or LSTM(embedding_size, hidden_size, num_layers, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size if recurrent is None else self.recurrent.output_size, vocabulary_size)

    def forward(self, tokens: Tensor, state: Any = None, *, resets: Tensor | None = None) -> tuple[Tensor, Any]:
        """Map tokens ``[T, B]`` and a state to the logits of each next token ``[T, B, V]`` and the new state.

        ``resets``, truth values ``[T, B]``, are passed on to the recurrent layer: True where a new text begins.
        """
        x = embedded(self.embedding, tokens, self.dropout)
        if not isinstance(self.recurrent, (LSTM, GRU, RNN, Recurrent)):
            x = looked_up(x)
        outputs, state = self.recurrent(x, state, **({} if resets is None else {"resets": resets}))
        return self.head(self.dropout(outputs)), state

    def step(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """One decoder step: tokens ``[B]`` to log-probabilities ``[B, V]`` and the new state."""
        logits, state = self(tokens[None], state)
        return torch.log_softmax(logits[0], -1), state
