"""How a layer's input joins its output: residual and highway connections."""

import torch
from torch import Tensor, nn

__all__ = ["Highway", "Residual"]


class Residual(nn.Module):
    """Add a layer's input to its output (He et al., CVPR 2016; between recurrent layers, Wu et al., 2016).

    Args:
        size: width of both, which the sum does not need to know.

    Example:
        >>> Residual(4)(torch.ones(3, 2, 4), torch.ones(3, 2, 4)).sum().item()
        48.0
    """

    def __init__(self, size: int):
        super().__init__()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``x + y``, all ``[..., H]``."""
        return x + y


class Highway(nn.Module):
    r"""Let a gate choose between a layer's output and its input (Srivastava, Greff & Schmidhuber, 2015).

    .. math:: t = \sigma(W x + b), \qquad z = t \odot y + (1 - t) \odot x

    The connection joins outputs; that of Zhang et al. (ICASSP 2016) joins the memories of two LSTM layers
    inside their step. ``W`` starts as :class:`torch.nn.Linear`'s.

    Args:
        size: width of both.
        bias: where ``b`` starts; below zero a layer at first hands its input on; default -1.

    Example:
        >>> Highway(4)(torch.zeros(3, 2, 4), torch.ones(3, 2, 4)).shape
        torch.Size([3, 2, 4])
    """

    def __init__(self, size: int, bias: float = -1.0):
        super().__init__()
        self.gate = nn.Linear(size, size)
        nn.init.constant_(self.gate.bias, bias)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Join input ``x`` and output ``y``, both ``[..., H]``."""
        t = torch.sigmoid(self.gate(x))
        return x + t * (y - x)
