"""The model of the studies of number reversal, its training, and its accuracy by length."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from elman.data.pairs import Pairs
    from elman.data.reversal import Reversal
    from elman.decode.result import Beams
    from elman.nn.seq2seq import Seq2Seq
    from elman.train.forcing import Schedule

__all__ = ["exact_by_length", "implied_per_digit", "same", "settings", "train_reversal"]


def settings(hidden_size: int, attention: str) -> dict[str, Any]:
    """Return the settings of a bidirectional GRU encoder and a GRU decoder, with a kind of attention or none."""
    from elman.data.reversal import Reversal

    task = Reversal()
    return {
        "source_size": task.source_size, "target_size": task.target_size, "embedding_size": 32,
        "hidden_size": hidden_size, "attention": attention,
    }  # fmt: skip


def train_reversal(
    model: "Seq2Seq", task: "Reversal", updates: int, batch_size: int, learning_rate: float, seed: int,
    forcing: "Schedule", each: Callable[[int, float], None],
) -> list[float]:  # fmt: skip
    """Train on strings that are not held out; the same seed draws the same strings for every arm."""
    import torch

    from elman.train.loop import losses, train
    from elman.train.seq2seq import sequence_loss

    strings, coins = (torch.Generator().manual_seed(2 * seed + part) for part in (0, 1))

    def draw(update: int) -> "Pairs":
        return task.draw(batch_size, strings)

    steps = train(
        model, lambda update: sequence_loss(model, draw(update), forcing(update), coins), updates,
        learning_rate=learning_rate,
    )  # fmt: skip
    return losses(steps, each)


def exact_by_length(
    model: "Seq2Seq", lengths: tuple[int, ...], count: int, generator: "torch.Generator"
) -> dict[int, float]:
    """Return the share of held-out strings of each length that greedy decoding reproduces exactly."""
    from elman.data.reversal import END, Reversal
    from elman.train.seq2seq import exact_match

    return {
        n: exact_match(model, Reversal(n, n).draw(count, generator, held_out=True), END).float().mean().item()
        for n in lengths
    }


def implied_per_digit(share: float, digits: int, count: int) -> float:
    """Return the accuracy per digit that a share of error-free strings implies if digits err independently.

    The share of error-free strings falls with length even if every digit is equally easy, as p to the power of n; the
    implied p falls only if digits of longer strings are harder.

    Args:
        share: share of error-free strings.
        digits: digits n of these strings.
        count: number of strings; a share of zero counts as half a string.

    Example:
        >>> round(implied_per_digit(0.9**10, 10, 200), 9), round(implied_per_digit(0.0, 10, 200), 3)
        (0.9, 0.549)
    """
    return max(share, 0.5 / count) ** (1 / digits)


def same(found: "Beams", right: "Tensor") -> "Tensor":
    """Return whether each hypothesis ``[B, n]`` equals the right string ``[B, L]``, the end included."""
    length = right.shape[1]
    whole = found.lengths == length
    return whole & (found.tokens[..., :length] == right[:, None]).all(-1) if whole.any() else whole
