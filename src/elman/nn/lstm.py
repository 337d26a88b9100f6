"""A multi-layer LSTM: ``torch.nn.LSTM``, at Elman's speed and with exact ragged batches."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cell import Cell
from elman.cells import LSTMCell, ProjectedLSTMCell
from elman.engine.symbols import Symbols
from elman.nn.bind import add_biases, bind, weights
from elman.nn.stack import forward
from elman.nn.stand_in import StandIn, as_torch


class LSTM(nn.LSTM, metaclass=StandIn):
    """Long short-term memory over whole sequences, a drop-in for :class:`torch.nn.LSTM`.

    Arguments, parameters, their names and their initial values are those of :class:`torch.nn.LSTM`, so
    checkpoints load both ways. :meth:`forward` also takes ``lengths``, ``resets`` and :class:`~elman.Symbols`.
    Off the CPU, under autocast and while being compiled or traced, ``torch.nn``'s own kernels run; while being
    exported, Elman's scan runs, which keeps the length dynamic.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the cell state.
        num_layers: layers, each reading the outputs of the one before; default 1.
        bias: whether the gates have biases; default True.
        batch_first: whether batches are ``[B, T, I]`` and not ``[T, B, I]``; default False. States are
            ``[K, B, H]`` either way.
        dropout: probability of zeroing an output between two layers, in training; default 0.
        bidirectional: whether a second network reads each layer's input backwards; default False.
        proj_size: features P to project the output to, fewer than H; default 0, no projection.
        device: where the parameters live; default torch's.
        dtype: their type; default torch's.

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if a size, ``dropout`` or ``proj_size`` is out of range.

    Example:
        >>> import torch, elman.nn
        >>> layer = elman.nn.LSTM(8, 16, num_layers=2, bidirectional=True, batch_first=True)
        >>> outputs, (h_n, c_n) = layer(torch.randn(3, 5, 8), lengths=[5, 2, 0])
        >>> outputs.shape, h_n.shape, c_n.shape
        (torch.Size([3, 5, 32]), torch.Size([4, 3, 16]), torch.Size([4, 3, 16]))
        >>> outputs[1, 2:].abs().sum().item()
        0.0
    """

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        input: Tensor | PackedSequence | Symbols,  # noqa: A002
        hx: tuple[Tensor, Tensor] | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> Any:
        """Run over a batch of sequences.

        With K = layers times directions, D = directions and P = H unless projected:

        Args:
            input: ``[T, B, I]``, ``[B, T, I]`` if ``batch_first``, ``[T, I]`` for one sequence alone, a
                PackedSequence, or :class:`~elman.Symbols` of tokens in the same layouts without I.
            hx: ``(h_0 [K, B, P], c_0 [K, B, H])``, without B for one sequence alone; default zeros.
            lengths: real steps of each row, B integers from 0 to T in any order and on any device; default
                all T. Outputs past a row's end are zero, its final state is the state at its own last
                step, and the content of the padding affects neither values nor gradients. A row of length
                0 keeps its initial state.
            resets: truth values in ``input``'s layout without I, ``[T, B]``, True where every layer's state is reset
                to zeros before a step, also if ``hx`` is given. No value and no gradient crosses such a boundary,
                which is at the same place in the backward direction. Default no resets.

        Returns:
            Outputs ``[T, B, D P]`` in the input's layout, and the final ``(h_n, c_n)``, shaped as ``hx``.

        Raises:
            TypeError: if ``input`` has another type, or ``resets`` is not a bool tensor.
            ValueError: if ``input``'s number of dimensions or dtype, ``lengths`` or ``resets`` do not fit.
            RuntimeError: if ``input``'s width or device, or a state's shape, do not fit.
        """
        widths = (self.proj_size or self.hidden_size, self.hidden_size)
        return forward(self, super().forward, _cell_of, widths, input, hx, lengths, resets)

    def __prepare_scriptable__(self) -> nn.RNNBase:
        return as_torch(self)


def _cell_of(layer: LSTM, place: int, x: Tensor | Symbols) -> Cell:
    w = weights(layer, place, x)
    parameters = {"weight_ih": w[0], "weight_hh": w[1], "bias": add_biases(w)}
    if not layer.proj_size:
        return bind(LSTMCell, layer.hidden_size, parameters)
    return bind(ProjectedLSTMCell, layer.hidden_size, parameters | {"weight_hr": w[-1]}, proj_size=layer.proj_size)
