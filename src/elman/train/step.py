"""One optimiser step: checks, clipping, and the record of the update."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from elman.train import parallel

__all__ = ["LossNotFinite", "Update", "adam", "descend"]


class LossNotFinite(ArithmeticError):
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class Update:
    """One optimiser step.

    Args:
        number: updates done, this one included.
        loss: loss before the update.
        norm: gradient norm before clipping.
        rate: learning rate of the optimiser's first group.
        restored: whether the update was read from the checkpoint of an interrupted run.
    """

    number: int
    loss: float
    norm: float
    rate: float
    restored: bool = False


def adam(model: nn.Module, learning_rate: float, weight_decay: float = 0.0) -> Optimizer:
    """Return AdamW (Kingma & Ba, 2015; Loshchilov & Hutter, 2019), fused: it reads each tensor once, torch's default
    ten times."""
    return torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)


def descend(
    model: nn.Module,
    optimizer: Optimizer,
    loss: Tensor,
    number: int,
    rates: Sequence[float],
    clip_norm: float,
    scaler: torch.amp.GradScaler | None = None,
    shared: bool = False,
) -> Update:
    """Take one optimiser step on a loss.

    Args:
        model: the model; the joint norm of its gradients is clipped to ``clip_norm`` (Pascanu et al., 2013).
        optimizer: optimizer of the model's parameters.
        loss: a scalar.
        number: updates done before this one.
        rates: learning rate of this step for each of the optimiser's groups.
        clip_norm: maximum gradient norm.
        scaler: loss scaler of a half-precision model.
        shared: whether the loss is one process's share.

    Raises:
        LossNotFinite: if the loss is NaN or infinite; the model is then unchanged.
    """
    whole = loss.detach().clone()
    if shared:
        parallel.add_up([whole])
    value = whole.item()
    if not math.isfinite(value):
        raise LossNotFinite(f"the loss became {value} at update {number}")
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    (loss if scaler is None else scaler.scale(loss)).backward()
    if scaler is not None:
        scaler.unscale_(optimizer)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if shared and parallel.processes() > 1:
        for parameter in parameters:
            if parameter.grad is None:  # unused by this share, perhaps not by another
                parameter.grad = torch.zeros_like(parameter)
        parallel.add_up(parameter.grad for parameter in parameters if parameter.grad is not None)
    norm = nn.utils.clip_grad_norm_(parameters, clip_norm).item()
    if scaler is None:
        optimizer.step()
    else:
        scaler.step(optimizer)
        scaler.update()
    return Update(number + 1, value, norm, rates[0])
