"""An autoencoder of sequences: read a window into one vector, and write it down again."""

from torch import Tensor, nn

from elman.nn.lstm import LSTM

__all__ = ["SequenceAutoencoder"]


class SequenceAutoencoder(nn.Module):
    """An LSTM reads a window, another writes it in reverse from the last state alone (Malhotra et al., "LSTM-based
    Encoder-Decoder for Multi-sensor Anomaly Detection", 2016; the reversal after Srivastava et al., 2015).

    The decoder is never shown the values it should write: told the value before, it would only copy it, and
    reconstruct an anomaly as well as anything else. Its input is the encoder's last output at every step.

    Args:
        input_size: features I of a step; default 1.
        hidden_size: units H of both; default 32. What a window is made from passes through 2 H numbers.

    Example:
        >>> import torch
        >>> SequenceAutoencoder(hidden_size=8)(torch.randn(24, 3, 1)).shape
        torch.Size([24, 3, 1])
    """

    def __init__(self, input_size: int = 1, hidden_size: int = 32):
        super().__init__()
        self.encoder = LSTM(input_size, hidden_size)
        self.decoder = LSTM(hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, input_size)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct windows ``[T, B, I]``."""
        _, (h, c) = self.encoder(x)
        again, _ = self.decoder(h.expand(len(x), -1, -1), (h, c))
        return self.out(again.flip(0))
