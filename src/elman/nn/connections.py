"""Connections from a layer's input to its output: residual and highway."""

import torch
from torch import Tensor, nn

__all__ = ["Highway", "Residual"]


class Residual(nn.Module):
    """Add a layer's input to its output (He et al., CVPR 2016; between recurrent layers, Wu et al., 2016).

    Args:
        size: width of input and output; unused, so that all connections have the same arguments.

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

    This connection combines outputs; that of Zhang et al. (ICASSP 2016) connects the cell states of two LSTM layers
    inside their step. ``W`` starts as :class:`torch.nn.Linear`'s.

    Args:
        size: width of input and output.
        bias: where ``b`` starts; with a negative value a layer at first passes on its input; default -1.

    Example:
        >>> Highway(4)(torch.zeros(3, 2, 4), torch.ones(3, 2, 4)).shape
        torch.Size([3, 2, 4])
    """

    def __init__(self, size: int, bias: float = -1.0):
        super().__init__()
        self.gate = nn.Linear(size, size)
        nn.init.constant_(self.gate.bias, bias)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``z`` for input ``x`` and output ``y``, both ``[..., H]``."""
        t = torch.sigmoid(self.gate(x))
        return x + t * (y - x)
