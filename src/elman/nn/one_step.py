"""One time step, as in streaming and reinforcement learning: PyTorch's operators take less time than a kernel's call.

An LSTM's step runs on ``torch.lstm_cell``, which takes less time than oneDNN's LSTM. GRU and RNN run on PyTorch's own
sequence functions, without the checks that ``torch.nn`` makes before it calls them.
"""

from typing import Any

import torch
from torch import Tensor, nn

from elman.nn.bind import weights
from elman.nn.layers import run_layers

__all__ = ["one_step"]

SEQUENCES = {"GRU": torch._VF.gru, "RNN_TANH": torch._VF.rnn_tanh, "RNN_RELU": torch._VF.rnn_relu}


def one_step(layer: nn.RNNBase, x: Tensor, hx: Any) -> tuple[Tensor, Any] | None:
    """Run a layer over a batch of one step.

    Args:
        layer: the layer; K is its number of layers times directions.
        x: ``[1, B, I]``, ``[B, 1, I]`` if ``batch_first``.
        hx: state before the step, fields ``[K, B, H]``, or None for zeros.

    Returns:
        Outputs in the input's layout and the final state in the layout of ``hx``; None if ``x`` or ``hx`` has another
        form, dtype or device.
    """
    shape = x.shape
    time = 1 if layer.batch_first else 0
    if len(shape) != 3 or shape[time] != 1 or shape[-1] != layer.input_size or layer.proj_size:
        return None
    directions = 2 if layer.bidirectional else 1
    states = (layer.num_layers * directions, shape[1 - time], layer.hidden_size)
    if layer.mode == "LSTM":
        if hx is None:
            hx = (x.new_zeros(states),) * 2
        elif not (isinstance(hx, tuple) and len(hx) == 2 and _fits(hx[0], x, states) and _fits(hx[1], x, states)):
            return None
        return _lstm(layer, x.squeeze(time), hx, directions, time)
    if hx is None:
        hx = x.new_zeros(states)
    elif not _fits(hx, x, states):
        return None
    flat = [weight for place in range(states[0]) for weight in weights(layer, place, x)]
    return SEQUENCES[layer.mode](
        x, hx, flat, layer.bias, layer.num_layers, layer.dropout, layer.training, directions == 2, layer.batch_first
    )


def _lstm(
    layer: nn.RNNBase, x: Tensor, hx: tuple[Tensor, Tensor], directions: int, time: int
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    starts = list(zip(*(field.unbind(0) for field in hx), strict=True))

    def run(place: int, x: Tensor, _: bool) -> tuple[Tensor, Any]:
        after = torch.lstm_cell(x, starts[place], *weights(layer, place, x))
        return after[0], after

    outputs, ends = run_layers(run, x, layer.num_layers, directions, layer.dropout * layer.training)
    h, c = (torch.stack(fields) for fields in zip(*ends, strict=True))  # copies: the caller may write in outputs
    return outputs.unsqueeze(time), (h, c)


def _fits(field: Any, x: Tensor, shape: tuple[int, int, int]) -> bool:
    return isinstance(field, Tensor) and field.shape == shape and field.dtype == x.dtype and field.device == x.device
