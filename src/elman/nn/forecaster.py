"""A forecaster: a recurrent network reads a window and corrects another forecast of what follows."""

from torch import Tensor, nn

from elman.cells.lookup import cell_named
from elman.nn.recurrent import Recurrent

__all__ = ["Forecaster"]


class Forecaster(nn.Module):
    """Read a window of steps, and return values for the steps ahead (sequence to vector).

    The last layer starts at 0, so that an untrained forecaster corrects nothing.

    Args:
        width: number of values D of a step ahead.
        horizon: number of steps ahead H.
        hidden_size: units of the recurrent layer; default 64.
        cell: name of the cell; default ``"GRUCell"``.
        features: number of features of the input; default ``2 * width + 2``: the values, their differences from the
            season before, and the phase of the season.

    Example:
        >>> import torch
        >>> Forecaster(width=1, horizon=24)(torch.randn(48, 2, 4)).shape
        torch.Size([2, 24, 1])
    """

    def __init__(
        self, width: int, horizon: int, hidden_size: int = 64, cell: str = "GRUCell", features: int | None = None
    ):
        super().__init__()
        self.width, self.horizon = width, horizon
        self.encoder = Recurrent(cell_named(cell), 2 * width + 2 if features is None else features, hidden_size)
        self.head = nn.Linear(self.encoder.output_size, horizon * width)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs ``[T, B, I]`` to values ``[B, H, D]``."""
        outputs, _ = self.encoder(x)
        return self.head(outputs[-1]).unflatten(-1, (self.horizon, self.width))
