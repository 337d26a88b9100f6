"""Classify sequences of vectors: their scale, and the network. Shared by study 15.13 and ``elman fit sequences``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells.lookup import cell_named
from elman.nn.recurrent import Recurrent
from elman.nn.text import TextClassifier

__all__ = ["frame_scale", "make_frame_classifier"]


def frame_scale(sequences: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Return the mean and the standard deviation of each channel over all steps, ``[C]``; no deviation is 0.

    Args:
        sequences: each ``[T, C]``.

    Example:
        >>> [part.tolist() for part in frame_scale([np.float32([[1.0], [2.0]]), np.float32([[3.0]])])]
        [[2.0], [1.0]]
    """
    frames = torch.cat([torch.from_numpy(one) for one in sequences])
    return frames.mean(0), frames.std(0).clamp_min(1e-6)


def make_frame_classifier(settings: dict[str, Any]) -> TextClassifier:
    """Build one recurrent layer with a head; frames replace word vectors.

    Args:
        settings: ``cell``, the name of a built-in cell; ``channels``, ``hidden_size``, ``classes``;
            ``bidirectional``, ``pooling`` (``"last"``, ``"mean"`` or ``"max"``) and ``dropout``.

    Raises:
        KeyError: if a setting is missing.
        UnknownName: if the cell or the pooling does not exist.

    Example:
        >>> make_frame_classifier({"cell": "GRUCell", "channels": 3, "hidden_size": 4, "classes": 2,
        ...                        "bidirectional": True, "pooling": "max", "dropout": 0.5}).head
        Linear(in_features=8, out_features=2, bias=True)
    """
    layer = Recurrent(
        cell_named(settings["cell"]), settings["channels"], settings["hidden_size"],
        bidirectional=settings["bidirectional"],
    )  # fmt: skip
    return TextClassifier(nn.Identity(), layer, settings["classes"], settings["pooling"], settings["dropout"])
