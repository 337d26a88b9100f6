"""A small Transformer encoder with the interface of the recurrent layers, for comparison."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from elman.engine.ragged import real_steps

__all__ = ["Transformer"]


class Transformer(nn.Module):
    """A Transformer encoder over a batch of sequences (Vaswani et al., "Attention Is All You Need", 2017).

    Layers are pre-norm (Xiong et al., 2020); positions are the paper's sines and cosines. The layers are those of
    :class:`torch.nn.TransformerEncoder`.

    Args:
        input_size: features I of input and output; even, and a multiple of ``heads``.
        hidden_size: width of the feed-forward layer; default 4 I.
        num_layers: number of layers; default 2.
        heads: number of attention heads; default 4.
        dropout: probability of dropout in training; default 0.
        positions: whether to add position encodings; without them the outputs do not depend on the order of the
            steps. Default True.

    Raises:
        ValueError: if ``input_size`` is odd or not a multiple of ``heads``.

    Example:
        >>> layer = Transformer(8, num_layers=1, heads=2)
        >>> layer(torch.randn(5, 3, 8), lengths=[5, 2, 0])[0].shape
        torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        num_layers: int = 2,
        *,
        heads: int = 4,
        dropout: float = 0.0,
        positions: bool = True,
    ):
        super().__init__()
        if input_size % 2 or input_size % heads:
            raise ValueError(f"input_size must be even and a multiple of the {heads} heads, got {input_size}")
        self.input_size = self.output_size = input_size
        width = 4 * input_size if hidden_size is None else hidden_size
        layer = nn.TransformerEncoderLayer(input_size, heads, width, dropout, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, num_layers, nn.LayerNorm(input_size), enable_nested_tensor=False)
        self.dropout, self.positions = nn.Dropout(dropout), positions

    def forward(self, x: Tensor, *, lengths: Tensor | Sequence[int] | None = None) -> tuple[Tensor, None]:
        """Map inputs ``[T, B, I]`` to outputs ``[T, B, I]``, zero past a row's end, and None in place of a state.

        Raises:
            ValueError: if ``lengths`` are not B integers from 0 to T.
        """
        steps, rows = x.shape[:2]
        past = ~real_steps(lengths, steps, rows, x.device)
        x = torch.where(past[..., None], 0.0, x)
        # a row of length 0 attends to its first position, which is zero: a softmax over nothing is NaN
        masked = past.t() & (torch.arange(steps, device=x.device) > 0)
        placed = x * math.sqrt(self.input_size)
        if self.positions:
            placed = placed + positions(steps, self.input_size, x)[:, None]
        outputs = self.layers(self.dropout(placed), src_key_padding_mask=masked)
        return torch.where(past[..., None], 0.0, outputs), None


def positions(steps: int, size: int, like: Tensor) -> Tensor:
    """Return the position encodings of Vaswani et al., section 3.5, ``[T, size]``.

    Example:
        >>> positions(2, 4, torch.zeros(1))[0].tolist()
        [0.0, 1.0, 0.0, 1.0]
    """
    t = torch.arange(steps, dtype=like.dtype, device=like.device)[:, None]
    rate = torch.exp(torch.arange(0, size, 2, dtype=like.dtype, device=like.device) * (-math.log(10_000.0) / size))
    return torch.stack([torch.sin(t * rate), torch.cos(t * rate)], -1).flatten(1)
