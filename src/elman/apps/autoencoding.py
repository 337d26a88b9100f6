"""Train an autoencoder on the windows of one series."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from elman.nn.autoencoder import SequenceAutoencoder
from elman.train.loop import losses, train

__all__ = ["denoising_loss", "fit_autoencoder"]


def fit_autoencoder(
    values: np.ndarray,
    width: int,
    *,
    known: np.ndarray | None = None,
    hidden_size: int = 16,
    code_size: int = 8,
    corruption: float = 0.2,
    updates: int = 400,
    batch_size: int = 64,
    learning_rate: float = 1e-2,
    seed: int = 0,
    each: Callable[[int, float], None] | None = None,
) -> SequenceAutoencoder:
    """Train an autoencoder on windows drawn from a series that is assumed to be normal.

    Args:
        values: ``[N]``, scaled to about unit spread; at least ``width`` of them.
        width: steps per window.
        known: features known beforehand at every step, ``[N, K]``, such as the hour; default None.
        hidden_size: of the autoencoder; default 16.
        code_size: of the autoencoder; default 8.
        corruption: share of a window's values that are set to 0 in the input and must be reconstructed from the
            others (Vincent et al., 2008); default 0.2.
        updates: steps of Adam; default 400.
        batch_size: windows per update; default 64.
        learning_rate: initial learning rate; default 1e-2.
        seed: of the weights and the windows.
        each: called with the number of updates done and the last loss.

    Raises:
        ValueError: if there are fewer values than ``width``.
        LossNotFinite: with the update at which it happened.

    Example:
        >>> model = fit_autoencoder(np.sin(np.arange(200.0)), 12, hidden_size=4, updates=2)
        >>> model.training
        False
    """
    if len(values) < width:
        raise ValueError(f"got {len(values)} values, expected at least {width}, the width of a window")
    features = np.zeros((len(values), 0)) if known is None else known
    steps = torch.tensor(np.column_stack([values, features]), dtype=torch.float32)
    windows = steps.unfold(0, width, 1).permute(2, 0, 1)  # [T, N - T + 1, 1 + K]
    choice = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SequenceAutoencoder(1, hidden_size, code_size, features.shape[1])

    def loss(update: int) -> Tensor:
        batch = windows[:, torch.randint(windows.shape[1], (batch_size,), generator=choice)]
        x, features = batch[..., :1], batch[..., 1:]
        return denoising_loss(model, x, torch.rand(x.shape, generator=choice) >= corruption, features)

    losses(train(model, loss, updates, learning_rate=learning_rate), each)
    return model.eval()


def denoising_loss(model: SequenceAutoencoder, windows: Tensor, shown: Tensor, known: Tensor | None = None) -> Tensor:
    """Return the mean squared error of reconstructing windows ``[T, B, D]`` of which only some values are shown.

    Args:
        model: the autoencoder.
        windows: the values.
        shown: which values the model sees; the others are 0 in its input (Vincent et al., 2008).
        known: features known beforehand, ``[T, B, K]``.
    """
    return (model(windows * shown, known) - windows).square().mean()
