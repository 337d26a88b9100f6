"""A language model conditioned, at every step, on the kind of text to write."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.lookup import public_cells
from elman.errors import named
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.saving import load_made

__all__ = ["ConditionalLanguageModel", "load_conditional"]

LAYERS: dict[str, Callable[[int, int], nn.Module]] = {"GRU": GRU, "LSTM": LSTM}


class ConditionalLanguageModel(nn.Module):
    """Predict each token from the tokens before it and a condition, whose embedding is concatenated to each token's
    (as the context vector of Mikolov & Zweig, 2012).

    Args:
        vocabulary_size: number of tokens V.
        conditions: number of conditions; with 1 the model is unconditional, without additional cost.
        embedding_size: width of a token's vector.
        condition_size: width of a condition's vector.
        hidden_size: width H of the layer.
        cell: ``"GRU"`` or ``"LSTM"``, the name of a built-in cell such as ``"GRUCell"``, or any function
            ``(input_size, hidden_size) -> layer`` whose layer maps ``(x, state)`` to ``(outputs, state)``.
        dropout: probability of dropping an embedded input or an output in training.

    Raises:
        UnknownName: if ``cell`` is an unknown name.

    Example:
        >>> model = ConditionalLanguageModel(vocabulary_size=7, conditions=3, hidden_size=8)
        >>> logits, state = model(torch.zeros(5, 2, dtype=torch.int64), torch.tensor([0, 2]))
        >>> logits.shape
        torch.Size([5, 2, 7])
    """

    def __init__(
        self,
        vocabulary_size: int,
        conditions: int,
        embedding_size: int = 32,
        condition_size: int = 16,
        hidden_size: int = 128,
        cell: str | Callable[[int, int], nn.Module] = "GRU",
        dropout: float = 0.0,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.condition = nn.Embedding(conditions, condition_size) if conditions > 1 else None
        width = embedding_size + (condition_size if conditions > 1 else 0)
        make = _layer(cell) if isinstance(cell, str) else cell
        self.recurrent: Any = make(width, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, vocabulary_size)

    def forward(self, tokens: Tensor, condition: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Map tokens ``[T, B]``, a condition for each row ``[B]`` and a state to the logits of each next token
        ``[T, B, V]`` and the new state."""
        x = self.embedding(tokens)
        if self.condition is not None:
            x = torch.cat([x, self.condition(condition).expand(len(tokens), -1, -1)], -1)
        outputs, state = self.recurrent(self.dropout(x), state)
        return self.head(self.dropout(outputs)), state

    def conditioned(self, condition: Tensor) -> Callable[[Tensor, Any], tuple[Tensor, Any]]:
        """Return a decoder step with a fixed condition for each row ``[B]``: tokens ``[B]`` to log-probabilities
        ``[B, V]`` and the new state."""

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            logits, state = self(tokens[None], condition, state)
            return torch.log_softmax(logits[0], -1), state

        return step


def _layer(name: str) -> Callable[[int, int], nn.Module]:
    cells = public_cells()
    named("cell", name, [*LAYERS, *cells])
    return LAYERS[name] if name in LAYERS else partial(Recurrent, cells[name])


def load_conditional(folder: Path) -> tuple[ConditionalLanguageModel, dict[str, Any]]:
    """Load a model saved by :func:`~elman.nn.saving.save_made`, in evaluation mode, and its notes.

    Raises:
        ValueError: if a file is missing, damaged or holds another kind of model.
    """
    return load_made(
        folder,
        lambda made_of: ConditionalLanguageModel(**made_of),
        (ConditionalLanguageModel,),
        "a conditional model",
    )
