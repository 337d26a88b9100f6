"""Loss and exact matches of an encoder-decoder on one batch."""

import torch
from torch import Tensor

from elman.data.pairs import Pairs
from elman.decode import greedy
from elman.nn.seq2seq import Seq2Seq

__all__ = ["exact_match", "sequence_loss", "token_loss"]


def token_loss(log_probs: Tensor, target: Tensor, target_lengths: Tensor) -> Tensor:
    """Return the mean negative log-probability of the target tokens, padding excluded, in nats per token.

    Args:
        log_probs: log-probabilities of the next token, ``[T - 1, B, V]``.
        target: ``[T, B]``.
        target_lengths: ``[B]``.

    Example:
        >>> halves = torch.full((2, 1, 2), 0.5).log()
        >>> round(token_loss(halves, torch.tensor([[0], [1], [0]]), torch.tensor([2])).item(), 4)
        0.6931
    """
    real = torch.arange(1, len(target))[:, None] < target_lengths
    chosen = log_probs.gather(-1, torch.where(real, target[1:], 0)[..., None])[..., 0]
    # a token of probability zero costs much, but not infinity
    return -torch.where(real, chosen, 0.0).clamp_min(-100).sum() / real.sum()


def sequence_loss(
    model: Seq2Seq, batch: Pairs, forcing: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Return the loss of a batch; the decoder reads the true previous token with probability ``forcing``.

    The choice is drawn for every row and step (Bengio et al., 2015). Otherwise the decoder reads a token drawn from
    its own distribution, through which no gradient flows.

    Args:
        model: the model.
        batch: sources and targets.
        forcing: probability of the true token; default 1, teacher forcing.
        generator: random number generator of the choices and the drawn tokens; default torch's own.

    Returns:
        Nats per token, a scalar.

    Raises:
        ValueError: if ``forcing`` is not from 0 to 1.
    """
    if not 0 <= forcing <= 1:
        raise ValueError(f"forcing must be a probability, got {forcing}")
    state = model.encode(batch.source, batch.lengths, batch.copied)
    teacher = batch.target if batch.read is None else batch.read
    if forcing == 1:
        log_probs = model.decode(teacher[:-1], state)[0]
    else:
        parts: list[Tensor] = []
        for t, true in enumerate(teacher[:-1]):
            tokens = true
            if t:
                drawn = torch.multinomial(parts[-1].detach().exp(), 1, generator=generator)[:, 0]
                tokens = torch.where(torch.rand(true.shape, generator=generator) < forcing, true, drawn)
            log_prob, state = model.step(tokens, state)
            parts.append(log_prob)
        log_probs = torch.stack(parts)
    return token_loss(log_probs, batch.target, batch.target_lengths)


@torch.no_grad()
def exact_match(model: Seq2Seq, batch: Pairs, eos: int) -> Tensor:
    """Return for each row ``[B]`` whether greedy decoding reproduces the target exactly.

    Args:
        model: in evaluation mode during the call.
        batch: sources and targets; all targets begin with the same token.
        eos: token that ends a target.
    """
    training = model.training
    model.eval()
    state = model.encode(batch.source, batch.lengths, batch.copied)
    written = greedy(model.step, batch.target[:1].t(), len(batch.target) - 1, eos=eos, state=state).t()
    model.train(training)
    real = torch.arange(1, len(batch.target))[:, None] < batch.target_lengths
    return ((written == batch.target[1:]) | ~real).all(0)
