"""An autoencoder of sequences: encode a window into a short code, and reconstruct it."""

from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.lookup import cell_named
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent

__all__ = ["SequenceAutoencoder"]


class SequenceAutoencoder(nn.Module):
    """An LSTM encodes a window; another LSTM reconstructs the window, in reverse, from a code of the last output
    (Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", 2016; in reverse as in
    Srivastava et al., 2015).

    The decoder does not see the values it reconstructs: given the previous value, it would copy it, and would
    reconstruct anomalies as well as normal values. Encoder and decoder both see features known in advance, such as
    the hour, so that the code does not have to store them.

    Args:
        input_size: features I of a step; default 1.
        hidden_size: units H of each LSTM; default 32.
        code_size: width of the code of a window; default 8.
        known_size: features K of a step that are known in advance and not reconstructed; default 0.
        cell: name of a built-in cell in place of the LSTM; default the LSTM.

    Example:
        >>> import torch
        >>> SequenceAutoencoder(hidden_size=8)(torch.randn(24, 3, 1)).shape
        torch.Size([24, 3, 1])
    """

    def __init__(
        self, input_size: int = 1, hidden_size: int = 32, code_size: int = 8, known_size: int = 0, cell: str = "",
    ):  # fmt: skip
        super().__init__()
        self.known_size = known_size
        self.encoder, width = _layer(cell, input_size + known_size, hidden_size)
        self.code = nn.Linear(width, code_size)
        self.decoder, width = _layer(cell, code_size + known_size, hidden_size)
        self.out = nn.Linear(width, input_size)

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """Reconstruct windows ``[T, B, I]``, given the known features of their steps, ``[T, B, K]``.

        Raises:
            ValueError: if ``known`` is not ``[T, B, K]``.
        """
        known = x.new_zeros(*x.shape[:2], 0) if known is None else known
        if known.shape != (*x.shape[:2], self.known_size):
            raise ValueError(f"expected known of shape {(*x.shape[:2], self.known_size)}, got {tuple(known.shape)}")
        outputs, _ = self.encoder(torch.cat([x, known], -1))
        code = self.code(outputs[-1]).expand(len(x), -1, -1)
        decoded, _ = self.decoder(torch.cat([code, known.flip(0)], -1))
        return self.out(decoded.flip(0))


def _layer(cell: str, input_size: int, hidden_size: int) -> tuple[Any, int]:
    """Return a recurrent layer and the width of its outputs."""
    if not cell:
        return LSTM(input_size, hidden_size), hidden_size
    layer = Recurrent(cell_named(cell), input_size, hidden_size)
    return layer, layer.output_size
