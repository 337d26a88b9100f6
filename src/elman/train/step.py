"""One step of an optimiser, with the checks and the clipping that every training loop here shares."""

import math

from torch import Tensor, nn
from torch.optim import Optimizer

__all__ = ["LossNotFinite", "descend"]


class LossNotFinite(ArithmeticError):
    """The loss became NaN or infinite."""


def descend(
    model: nn.Module, optimizer: Optimizer, loss: Tensor, update: int, rate: float, clip_norm: float
) -> float:
    """Take one step down the gradient of a loss.

    Args:
        model: its gradients are clipped, all together, to ``clip_norm`` (Pascanu et al., 2013).
        optimizer: holds the model's parameters.
        loss: a scalar.
        update: number of this step, told if it fails.
        rate: learning rate of this step.
        clip_norm: largest norm of the gradient.

    Returns:
        The loss.

    Raises:
        LossNotFinite: before anything is changed.
    """
    value = loss.item()
    if not math.isfinite(value):
        raise LossNotFinite(f"the loss became {value} at update {update}")
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return value
