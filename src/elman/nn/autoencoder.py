"""An autoencoder of sequences: read a window into a short code, and write it down again."""

import torch
from torch import Tensor, nn

from elman.nn.lstm import LSTM

__all__ = ["SequenceAutoencoder"]


class SequenceAutoencoder(nn.Module):
    """An LSTM reads a window, another writes it in reverse from a code of its last output (Malhotra et al.,
    "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", 2016; in reverse after Srivastava et al., 2015).

    The decoder is never shown the values it should write: told the value before, it would only copy it, and
    reconstruct an anomaly as well as anything else. Both are told what is known beforehand of every step, such as the
    hour, so that the code need not hold it.

    Args:
        input_size: features I of a step; default 1.
        hidden_size: units H of both; default 32.
        code_size: numbers that all of a window passes through; default 8.
        known_size: features K of a step that are known and not reconstructed; default 0.

    Example:
        >>> import torch
        >>> SequenceAutoencoder(hidden_size=8)(torch.randn(24, 3, 1)).shape
        torch.Size([24, 3, 1])
    """

    def __init__(self, input_size: int = 1, hidden_size: int = 32, code_size: int = 8, known_size: int = 0):
        super().__init__()
        self.known_size = known_size
        self.encoder = LSTM(input_size + known_size, hidden_size)
        self.code = nn.Linear(hidden_size, code_size)
        self.decoder = LSTM(code_size + known_size, hidden_size)
        self.out = nn.Linear(hidden_size, input_size)

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """Reconstruct windows ``[T, B, I]``, given what is known of their steps, ``[T, B, K]``.

        Raises:
            ValueError: if ``known`` is not what the model was made for.
        """
        told = x.new_zeros(*x.shape[:2], 0) if known is None else known
        if told.shape != (*x.shape[:2], self.known_size):
            raise ValueError(f"expected known of shape {(*x.shape[:2], self.known_size)}, got {tuple(told.shape)}")
        outputs, _ = self.encoder(torch.cat([x, told], -1))
        code = self.code(outputs[-1]).expand(len(x), -1, -1)
        again, _ = self.decoder(torch.cat([code, told.flip(0)], -1))
        return self.out(again.flip(0))
