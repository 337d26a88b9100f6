"""Training on a set of sequences for several epochs, with early stopping on held-out data."""

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
    """Sequences, each labelled with one class or with a class per step.

    Args:
        inputs: a tensor ``[T, ...]`` for each sequence, T at least 1.
        targets: a class for each sequence, or a tensor ``[T]`` of classes.

    Raises:
        ValueError: if there are no sequences, a sequence is empty, or the numbers of inputs and targets differ.

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
        """Number of steps of each sequence."""
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
    """One epoch of training.

    Args:
        number: epochs done, this one included.
        loss: mean loss over the epoch's updates, nats.
        validation: loss on the validation data, nats per target; NaN without validation data.
        best: whether the validation loss is the lowest so far.
        norms: gradient norm of each update, before clipping.
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
    """Train, and yield every epoch as it ends; after the last epoch the model has the weights of the best one.

    With several processes (:mod:`elman.train.parallel`) each reads its rows of every batch.

    Args:
        model: ``model(x [T, B, ...], lengths) -> logits``; ``[B, classes]`` or ``[T, B, classes]``, matching the
            targets.
        training: training data, batched by similar length.
        validation: data whose loss selects the best epoch; with None the last epoch's weights are kept.
        epochs: maximum number of epochs.
        learning_rate: highest rate of the default optimiser.
        batch_size: sequences per update; default 32.
        seed: seed of the order of the batches.
        patience: epochs in a row that may fail to lower the validation loss; default no limit.
        optimizer: default Adam. Your own optimizer keeps the rates of its groups; leave out ``learning_rate`` then.
        schedule: factor of every rate over all updates; default a linear decay to a tenth.
        clip_norm: maximum gradient norm.
        checkpoint: file to resume from, written after every epoch.
        each: called with the updates done, the total number of updates and the last loss.

    Raises:
        LossNotFinite: if the loss becomes NaN or infinite; the message names the update.
        ValueError: if the checkpoint is damaged or belongs to another model.
        OSError: if the checkpoint cannot be written.
    """
    batches = Batches(training.lengths, batch_size, seed)
    best = Best(model, patience)
    scores = _Scores()

    def loss(update: int) -> Tensor:
        indices = batches[update]
        mine = indices[parallel.rows(len(indices))]
        if not len(mine):  # the last batch of an epoch may have fewer rows than there are processes
            return parallel.mean(sum((p.sum() * 0 for p in model.parameters()), torch.zeros(())), 0)
        x, lengths, targets = training[mine]
        logits = model(x, lengths)
        total = cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=NOTHING, reduction="sum")
        return parallel.mean(total, int((targets != NOTHING).sum()))

    run = train(
        model, loss, epochs * len(batches), learning_rate=learning_rate, optimizer=optimizer, schedule=schedule,
        clip_norm=clip_norm, shared=True, checkpoint=checkpoint, checkpoint_every=len(batches),
        keep={"best": best, "scores": scores},
    )  # fmt: skip
    losses: list[float] = []
    norms: list[float] = []
    for update in run:
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
    """The finished epochs, kept in the checkpoint."""

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
        model: as for :func:`fit`; in evaluation mode during the call.
        data: the sequences.
        batch_size: sequences per batch, batched by similar length; default 128.
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
    """Return the mean loss on some data, nats per target."""
    logits = torch.cat([one.reshape(-1, one.shape[-1]) for one in logits_of(model, data)])
    targets = torch.cat([torch.as_tensor(one).reshape(-1) for one in data.targets])
    return cross_entropy(logits, targets, ignore_index=NOTHING).item()
