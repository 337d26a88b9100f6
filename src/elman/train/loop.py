"""The training loop: one update after another, each told as it is made."""

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
    """Train, and yield every update as it is made; leave the loop to stop early.

    What a loss needs besides its update's number it draws from random numbers seeded by that number, or keeps in its
    attribute ``state``, a nest of tensors, as :class:`~elman.train.truncated.Truncated` does: then a run that goes on
    from its checkpoint is the same, bit for bit, as one that was never interrupted.

    Args:
        model: what to train; put in training mode before every update.
        loss: gives the loss of an update, a scalar, from the number of updates done.
        updates: steps of the optimiser in all.
        learning_rate: of the default optimiser, its highest value.
        optimizer: default Adam (Kingma & Ba, 2015). One of your own keeps the rates of its groups, and each is their
            highest value; leave out ``learning_rate`` then.
        schedule: factor of every rate by update; default a straight line to a tenth.
        clip_norm: the gradient's norm is clipped to this (Pascanu et al., 2013); ``math.inf`` leaves it alone.
        precision: ``"bfloat16"`` or ``"float16"`` run the loss under :class:`torch.autocast`, ``"float16"`` with its
            gradient scaled.
        shared: whether the loss is one process's share (:mod:`elman.train.parallel`), whose gradients are added up.
        checkpoint: file to go on from, and to write; it is left in place at the end.
        checkpoint_every: updates between checkpoints.
        keep: by name, what else changes with training and belongs in the checkpoint, such as
            ``torch.optim.swa_utils.AveragedModel`` or :class:`~elman.train.stopping.Best`. Whatever is called
            ``"average"`` takes up the parameters after every update.

    Yields:
        Every update, restored ones first. The checkpoint is written when the next one is asked for.

    Raises:
        LossNotFinite: with the update at which it happened, before anything is changed.
        TypeError: if neither a learning rate nor an optimiser is given, or both.
        ValueError: if the checkpoint is damaged or of another model, or the machine lacks the precision.
        OSError: if the checkpoint cannot be written.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> made = train(model, lambda update: model(torch.ones(8, 1)).square().mean(), 50, learning_rate=0.1)
        >>> losses = [update.loss for update in made]
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
    made: list[Update] = []
    if checkpoint is not None and checkpoint.exists():
        made = _restore(checkpoint, kept, loss)
        yield from made
    for number in range(len(made), updates):
        model.train()
        with cast:
            value = loss(number)
        rates = [rate * schedule(number, updates) for rate in highest]
        made.append(descend(model, optimizer, value, number, rates, clip_norm, scaler, shared))
        if average is not None:
            average.update_parameters(model)
        yield made[-1]
        if checkpoint is not None and (len(made) % checkpoint_every == 0 or len(made) == updates):
            _save(checkpoint, kept, loss, made)


def losses(updates: Iterator[Update], each: Callable[[int, float], None] | None = None) -> list[float]:
    """Run a training to its end, and return the loss of every update.

    Args:
        updates: what :func:`train` yields.
        each: called with the number of updates done and the last loss, but not for updates from a checkpoint.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> made = train(model, lambda update: model(torch.ones(8, 1)).square().mean(), 50, learning_rate=0.1)
        >>> found = losses(made)
        >>> len(found), found[-1] < found[0]
        (50, True)
    """
    found: list[float] = []
    for update in updates:
        found.append(update.loss)
        if each is not None and not update.restored:
            each(update.number, update.loss)
    return found


def _save(checkpoint: Path, kept: Mapping[str, Stateful], loss: Any, made: list[Update]) -> None:
    """One file for all processes: what they share, and what each of them carries."""
    own = {"state": getattr(loss, "state", None), "random": RandomState().state_dict()}
    each = parallel.gather(own)
    if each:
        history = torch.tensor([astuple(update)[:4] for update in made], dtype=torch.float64)
        save_checkpoint(checkpoint, kept, {"history": history, "each": each})


def _restore(checkpoint: Path, kept: Mapping[str, Stateful], loss: Any) -> list[Update]:
    notes = load_checkpoint(checkpoint, kept)
    each = notes["each"]
    if len(each) != parallel.processes():
        raise ValueError(
            f"{checkpoint} was made by {len(each)} processes and cannot go on in {parallel.processes()}; "
            f"take as many, or delete it to start anew"
        )
    own = each[parallel.rank()]
    RandomState().load_state_dict(own["random"])
    if hasattr(loss, "state"):
        loss.state = own["state"]
    return [Update(int(n), value, norm, rate, restored=True) for n, value, norm, rate in notes["history"].tolist()]


def _cast(model: nn.Module, precision: Precision) -> tuple[AbstractContextManager[Any], torch.amp.GradScaler | None]:
    """Return the context a loss is computed in, and what scales it."""
    named("precision", precision, get_args(Precision))
    if precision == "float32":
        return nullcontext(), None
    device = next(model.parameters()).device.type
    if precision == "float16" and device == "cpu":
        raise ValueError("float16 needs a GPU; on a processor take bfloat16 or float32")
    scaler = torch.amp.GradScaler(device) if precision == "float16" else None
    return torch.autocast(device, getattr(torch, precision)), scaler
