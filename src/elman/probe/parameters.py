"""Parameter counts of real modules, by part, in both bias conventions."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from elman import cells
from elman import nn as layers

__all__ = ["Part", "count_parameters"]

LARGEST, DEEPEST = 10**9, 1000  # the product of two sizes fits 64 bits
Kind = Literal["rnn", "lstm", "gru"]
_CELLS = {"rnn": cells.RNNCell, "lstm": cells.LSTMCell, "gru": cells.ResetBeforeGRUCell}
_LAYERS = {"rnn": layers.RNN, "lstm": layers.LSTM, "gru": layers.GRU}


@dataclass(frozen=True)
class Part:
    """One parameter tensor: its name and shape."""

    name: str
    shape: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Number of elements."""
        return torch.Size(self.shape).numel()


def count_parameters(
    kind: Kind,
    input_size: int,
    hidden_size: int,
    output_size: int = 0,
    num_layers: int = 1,
    bidirectional: bool = False,
    biases: Literal[1, 2] = 1,
) -> list[Part]:
    """List the parameter tensors of a recurrent network, read from real modules.

    Args:
        kind: ``"rnn"``, ``"lstm"`` or ``"gru"``.
        input_size: input features.
        hidden_size: hidden features of every layer and direction.
        output_size: features of a linear layer on top; 0 leaves it out.
        num_layers: recurrent layers.
        bidirectional: two directions per layer.
        biases: bias vectors per gate: 1 as in textbooks, 2 as in PyTorch, which has one for the input and
            one for the recurrent product.

    Raises:
        ValueError: if the kind is unknown, or a size is not positive or too large.

    Example:
        >>> sum(part.parameters for part in count_parameters("rnn", 100, 256, 50))
        104242
        >>> sum(part.parameters for part in count_parameters("rnn", 100, 256, 50, biases=2))
        104498
    """
    if kind not in _CELLS:
        raise ValueError(f"kind must be rnn, lstm or gru, got {kind!r}")
    if min(input_size, hidden_size, num_layers) < 1 or output_size < 0:
        raise ValueError(
            "sizes and layers must be at least 1 and output_size at least 0, got "
            f"input {input_size}, hidden {hidden_size}, output {output_size}, layers {num_layers}"
        )
    if max(input_size, hidden_size, output_size) > LARGEST or num_layers > DEEPEST:
        raise ValueError(f"sizes must be at most {LARGEST:,} and layers at most {DEEPEST:,}")
    directions = 2 if bidirectional else 1
    with torch.device("meta"):  # shapes without memory
        modules: dict[str, nn.Module] = {}
        if biases == 2:
            modules["recurrent"] = _LAYERS[kind](
                input_size, hidden_size, num_layers=num_layers, bidirectional=bidirectional
            )
        else:
            for layer in range(num_layers):
                size = input_size if layer == 0 else directions * hidden_size
                for direction in range(directions):
                    name = f"layer {layer + 1}" + (" backward" if direction else "")
                    modules[name] = _CELLS[kind](size, hidden_size)
        if output_size:
            modules["output"] = nn.Linear(directions * hidden_size, output_size)
    return [
        Part(f"{name}.{parameter}", tuple(tensor.shape))
        for name, module in modules.items()
        for parameter, tensor in module.named_parameters()
    ]
