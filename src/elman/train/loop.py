"""The training loop: a generator that yields every update."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import astuple
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from elman.errors import named
from elman.train import parallel
from elman.train.checkpoint import RandomState, Stateful, load_checkpoint, save_checkpoint
from elman.train.schedules import Schedule, linear
from elman.train.step import Update, adam, descend

__all__ = ["Precision", "losses", "train"]

Precision = Literal["float32", "bfloat16", "float16"]


def train(
    model: nn.Module,
    loss: Callable[[int], Tensor],
    updates: int,
    *,
    learning_rate: float | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    clip_norm: float = 1.0,
    precision: Precision = "float32",
    shared: bool = False,
    checkpoint: Path | None = None,
    checkpoint_every: int = 200,
    keep: Mapping[str, Stateful] | None = None,
) -> Iterator[Update]:
    """Train, and yield every update; leave the loop to stop early.

    A run resumed from its checkpoint is bit for bit the same as an uninterrupted one, provided that the loss depends
    on nothing but the number of updates done, random numbers seeded by that number, and its attribute ``state``, a
    nest of tensors (see :class:`~elman.train.truncated.Truncated`).

    Args:
        model: the model to train; put in training mode before every update.
        loss: ``loss(updates_done) -> scalar``.
        updates: total number of optimiser steps.
        learning_rate: highest rate of the default optimiser.
        optimizer: default Adam (Kingma & Ba, 2015). Your own optimizer keeps the rates of its groups as their highest
            values; leave out ``learning_rate`` then.
        schedule: factor of every rate by update; default a linear decay to a tenth.
        clip_norm: maximum gradient norm (Pascanu et al., 2013); ``math.inf`` does not clip.
        precision: ``"bfloat16"`` and ``"float16"`` compute the loss under :class:`torch.autocast`, ``"float16"`` with
            gradient scaling.
        shared: whether the loss is one process's share (:mod:`elman.train.parallel`); gradients are then summed over
            the processes.
        checkpoint: file to resume from and to write; it remains after the end.
        checkpoint_every: updates between checkpoints.
        keep: other objects, by name, that change with training and belong in the checkpoint, such as
            ``torch.optim.swa_utils.AveragedModel`` or :class:`~elman.train.stopping.Best`. The object named
            ``"average"`` is updated with the parameters after every update.

    Yields:
        Every update, restored ones first. A checkpoint is written when the following update is requested.

    Raises:
        LossNotFinite: if the loss becomes NaN or infinite; the message names the update, and the model is unchanged.
        TypeError: if neither a learning rate nor an optimiser is given, or both.
        ValueError: if the checkpoint is damaged or belongs to another model, or the machine lacks the precision.
        OSError: if the checkpoint cannot be written.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> run = train(model, lambda update: model(torch.ones(8, 1)).square().mean(), 50, learning_rate=0.1)
        >>> losses = [update.loss for update in run]
        >>> len(losses), losses[-1] < losses[0]
        (50, True)
    """
    if (learning_rate is None) == (optimizer is None):
        given = "neither" if optimizer is None else "both"
        raise TypeError(f"train() takes a learning_rate or an optimizer with its own rates, got {given}; give one")
    optimizer = adam(model, learning_rate or 0.0) if optimizer is None else optimizer
    highest = [group.setdefault("initial_lr", group["lr"]) for group in optimizer.param_groups]
    schedule = linear() if schedule is None else schedule
    cast, scaler = _cast(model, precision)
    kept: dict[str, Stateful] = {"model": model, "optimizer": optimizer, **(keep or {})}
    if scaler is not None:
        kept["scaler"] = scaler
    average: Any = kept.get("average")
    done: list[Update] = []
    if checkpoint is not None and checkpoint.exists():
        done = _restore(checkpoint, kept, loss)
        yield from done
    for number in range(len(done), updates):
        model.train()
        with cast:
            value = loss(number)
        rates = [rate * schedule(number, updates) for rate in highest]
        done.append(descend(model, optimizer, value, number, rates, clip_norm, scaler, shared))
        if average is not None:
            average.update_parameters(model)
        yield done[-1]
        if checkpoint is not None and (len(done) % checkpoint_every == 0 or len(done) == updates):
            _save(checkpoint, kept, loss, done)


def losses(updates: Iterator[Update], each: Callable[[int, float], None] | None = None) -> list[float]:
    """Consume all updates of a training run, and return their losses.

    Args:
        updates: the generator that :func:`train` returns.
        each: called with the number of updates done and the last loss; not called for updates from a checkpoint.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> run = train(model, lambda update: model(torch.ones(8, 1)).square().mean(), 50, learning_rate=0.1)
        >>> found = losses(run)
        >>> len(found), found[-1] < found[0]
        (50, True)
    """
    found: list[float] = []
    for update in updates:
        found.append(update.loss)
        if each is not None and not update.restored:
            each(update.number, update.loss)
    return found


def _save(checkpoint: Path, kept: Mapping[str, Stateful], loss: Any, done: list[Update]) -> None:
    """Write one checkpoint file for all processes: their common state, and the state of each."""
    own = {"state": getattr(loss, "state", None), "random": RandomState().state_dict()}
    each = parallel.gather(own)
    if each:
        history = torch.tensor([astuple(update)[:4] for update in done], dtype=torch.float64)
        save_checkpoint(checkpoint, kept, {"history": history, "each": each})


def _restore(checkpoint: Path, kept: Mapping[str, Stateful], loss: Any) -> list[Update]:
    notes = load_checkpoint(checkpoint, kept)
    each = notes["each"]
    if len(each) != parallel.processes():
        raise ValueError(
            f"{checkpoint} was written by {len(each)} processes, got {parallel.processes()}; "
            f"start {len(each)} processes to resume, or delete it to start again"
        )
    own = each[parallel.rank()]
    RandomState().load_state_dict(own["random"])
    if hasattr(loss, "state"):
        loss.state = own["state"]
    return [Update(int(n), value, norm, rate, restored=True) for n, value, norm, rate in notes["history"].tolist()]


def _cast(model: nn.Module, precision: Precision) -> tuple[AbstractContextManager[Any], torch.amp.GradScaler | None]:
    """Return the context in which the loss is computed, and its gradient scaler."""
    named("precision", precision, get_args(Precision))
    if precision == "float32":
        return nullcontext(), None
    device = next(model.parameters()).device.type
    if precision == "float16" and device == "cpu":
        raise ValueError("float16 needs a GPU; on the CPU use bfloat16 or float32")
    scaler = torch.amp.GradScaler(device) if precision == "float16" else None
    return torch.autocast(device, getattr(torch, precision)), scaler
