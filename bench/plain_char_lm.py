"""A character model written with torch.nn and a training loop, without Elman; ``bench.training`` times it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class CharLM(nn.Module):
    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, layer: Any = nn.LSTM):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.recurrent = layer(embedding_size, hidden_size)
        self.head = nn.Linear(hidden_size, vocabulary_size)

    def forward(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        outputs, after = self.recurrent(self.embedding(tokens), state)
        return self.head(outputs), after


def fit(model: CharLM, text: Tensor, batch_size: int, steps: int, updates: int, learning_rate: float) -> list[float]:
    """Train on windows of ``steps`` characters in ``batch_size`` streams, by truncated backpropagation."""
    rows = (len(text) - 1) // batch_size
    inputs = text[: rows * batch_size].view(batch_size, rows).t()
    targets = text[1 : rows * batch_size + 1].view(batch_size, rows).t()
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates, eta_min=learning_rate / 10)
    losses, state = [], None
    model.train()
    for update in range(updates):
        k = update % (rows // steps)
        if k == 0:
            state = None
        elif isinstance(state, tuple):
            state = tuple(part.detach() for part in state)
        elif state is not None:
            state = state.detach()
        logits, state = model(inputs[k * steps : (k + 1) * steps], state)
        loss = cross_entropy(logits.flatten(0, 1), targets[k * steps : (k + 1) * steps].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses
