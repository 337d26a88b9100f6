"""Training on a set of sequences, pass after pass, with data held out that says when to stop."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Optimizer

from elman.data.batches import Batches
from elman.data.tasks import NOTHING
from elman.train import parallel
from elman.train.loop import train
from elman.train.schedules import Schedule
from elman.train.stopping import Best

__all__ = ["NOTHING", "Epoch", "Labelled", "fit", "logits_of", "nats"]


@dataclass(frozen=True)
class Labelled:
    """Sequences, each with a class, or with a class for every step.

    Args:
        inputs: a tensor ``[T, ...]`` for each sequence, T at least 1.
        targets: a class for each, or a tensor ``[T]`` for each.

    Raises:
        ValueError: if there are none, one is empty, or there are not as many targets.

    Example:
        >>> some = Labelled([torch.ones(2, 1), torch.ones(3, 1)], [0, 1])
        >>> x, lengths, classes = some[np.array([1, 0])]
        >>> x.shape, lengths.tolist(), classes.tolist()
        (torch.Size([3, 2, 1]), [3, 2], [1, 0])
    """

    inputs: Sequence[Tensor]
    targets: Sequence[int] | Sequence[Tensor]

    def __post_init__(self) -> None:
        if not self.inputs or len(self.inputs) != len(self.targets):
            raise ValueError(
                f"needs at least one sequence, and as many targets; got {len(self.inputs)} and {len(self.targets)}"
            )
        if min(self.lengths) < 1:
            raise ValueError("every sequence needs at least one step, got one of length 0")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def lengths(self) -> list[int]:
        """Steps of each sequence."""
        return [len(one) for one in self.inputs]

    def __getitem__(self, indices: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs ``[T, B, ...]``, lengths ``[B]`` and targets, ``[B]`` or, padded with -100, ``[T, B]``."""
        some = [self.inputs[k] for k in indices]
        targets = [self.targets[k] for k in indices]
        lengths = torch.tensor([len(one) for one in some])
        if isinstance(targets[0], Tensor):
            return pad_sequence(some), lengths, pad_sequence(targets, padding_value=NOTHING)  # type: ignore[arg-type]
        return pad_sequence(some), lengths, torch.tensor(targets)


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Args:
        number: passes done, this one included.
        loss: mean over the pass's updates, nats.
        validation: loss on the data held out, nats an answer; NaN where there are none.
        best: whether that is the lowest so far.
        norms: of the gradients, before clipping, update by update.
    """

    number: int
    loss: float
    validation: float
    best: bool
    norms: tuple[float, ...] = ()


def fit(
    model: nn.Module,
    training: Labelled,
    validation: Labelled | None,
    epochs: int,
    *,
    learning_rate: float | None = None,
    batch_size: int = 32,
    seed: int = 0,
    patience: float = math.inf,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    clip_norm: float = 1.0,
    checkpoint: Path | None = None,
    each: Callable[[int, int, float], None] | None = None,
) -> Iterator[Epoch]:
    """Train, and yield every pass as it ends; when the passes end the model has the weights of the best one.

    With several processes (:mod:`elman.train.parallel`) each reads its rows of every batch.

    Args:
        model: ``model(x [T, B, ...], lengths) -> logits``, ``[B, classes]`` or ``[T, B, classes]`` as targets are.
        training: what to learn from, in batches of like length.
        validation: what says which pass was best; None keeps the last.
        epochs: passes at the most.
        learning_rate: of the default optimiser, its highest value.
        batch_size: sequences of an update; default 32.
        seed: of the order of the batches.
        patience: passes in a row that may fail to better the validation loss; default no limit.
        optimizer: default Adam; one of your own keeps the rates of its groups, without ``learning_rate``.
        schedule: of every rate, over all updates; default a straight line to a tenth.
        clip_norm: the gradient's norm is clipped to this.
        checkpoint: file to go on from, and to write after every pass.
        each: called with updates done, updates in all and the last loss.

    Raises:
        LossNotFinite: with the update at which it happened.
        ValueError: if the checkpoint is damaged or of another model.
        OSError: if the checkpoint cannot be written.
    """
    batches = Batches(training.lengths, batch_size, seed)
    best = Best(model, patience)
    scores = _Scores()

    def loss(update: int) -> Tensor:
        indices = batches[update]
        mine = indices[parallel.rows(len(indices))]
        if not len(mine):  # the last batch of a pass may be smaller than there are processes
            return parallel.mean(sum((p.sum() * 0 for p in model.parameters()), torch.zeros(())), 0)
        x, lengths, targets = training[mine]
        logits = model(x, lengths)
        total = cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=NOTHING, reduction="sum")
        return parallel.mean(total, int((targets != NOTHING).sum()))

    made = train(
        model, loss, epochs * len(batches), learning_rate=learning_rate, optimizer=optimizer, schedule=schedule,
        clip_norm=clip_norm, shared=True, checkpoint=checkpoint, checkpoint_every=len(batches),
        keep={"best": best, "scores": scores},
    )  # fmt: skip
    losses: list[float] = []
    norms: list[float] = []
    for update in made:
        losses.append(update.loss)
        norms.append(update.norm)
        if each is not None and not update.restored:
            each(update.number, epochs * len(batches), update.loss)
        number, within = divmod(update.number, len(batches))
        if within:
            continue
        if not update.restored:
            score = nats(model, validation) if validation is not None else math.nan
            stop = best.saw(score) if validation is not None else False
            scores.add(score, stop)
        score, stop = scores.kept[number - 1]
        yield Epoch(
            number, sum(losses) / len(losses), score, score == min(s for s, _ in scores.kept[:number]), tuple(norms)
        )
        losses, norms = [], []
        if stop:
            break
    best.restore()


class _Scores:
    """What each pass came to, kept in the checkpoint."""

    def __init__(self) -> None:
        self.kept: list[tuple[float, bool]] = []

    def add(self, score: float, stop: bool) -> None:
        self.kept.append((score, stop))

    def state_dict(self) -> list[tuple[float, bool]]:
        return self.kept

    def load_state_dict(self, state_dict: list[tuple[float, bool]]) -> None:
        self.kept = list(state_dict)


@torch.no_grad()
def logits_of(model: nn.Module, data: Labelled, batch_size: int = 128) -> list[Tensor]:
    """Return the logits of every sequence, ``[classes]`` or ``[T, classes]``, in the order of the data.

    Args:
        model: as for :func:`fit`; put in evaluation for the while.
        data: the sequences.
        batch_size: how many are read at once, of like length; default 128.
    """
    training = model.training
    model.eval()
    order = sorted(range(len(data)), key=data.lengths.__getitem__)
    found: dict[int, Tensor] = {}
    for start in range(0, len(order), batch_size):
        some = np.array(order[start : start + batch_size])
        x, lengths, targets = data[some]
        logits = model(x, lengths)
        for row, index in enumerate(some.tolist()):
            found[index] = logits[: int(lengths[row]), row] if targets.ndim == 2 else logits[row]
    model.train(training)
    return [found[k] for k in range(len(data))]


def nats(model: nn.Module, data: Labelled) -> float:
    """Return the mean loss on some data, nats an answer."""
    logits = torch.cat([one.reshape(-1, one.shape[-1]) for one in logits_of(model, data)])
    targets = torch.cat([torch.as_tensor(one).reshape(-1) for one in data.targets])
    return cross_entropy(logits, targets, ignore_index=NOTHING).item()
