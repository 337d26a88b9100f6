"""A multi-layer simple recurrent network: ``torch.nn.RNN``, at Elman's speed, with exact ragged batches."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cell import Cell
from elman.cells import RNNCell
from elman.engine.symbols import Symbols
from elman.nn.bind import add_biases, bind, weights
from elman.nn.stack import forward
from elman.nn.stand_in import StandIn, as_torch


class RNN(nn.RNN, metaclass=StandIn):
    """Elman's simple recurrent network over whole sequences, a drop-in for :class:`torch.nn.RNN`.

    Arguments, parameters, their names and their initial values are those of :class:`torch.nn.RNN`, so
    checkpoints load both ways. :meth:`forward` also takes ``lengths``, ``resets`` and :class:`~elman.Symbols`.
    Off the CPU, under autocast and while being compiled or traced, ``torch.nn``'s own kernels run; while being
    exported, Elman's scan runs, which keeps the length dynamic.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.
        num_layers: layers, each reading the outputs of the one before; default 1.
        nonlinearity: ``"tanh"`` or ``"relu"``; default ``"tanh"``.
        bias: whether the units have biases; default True.
        batch_first: whether batches are ``[B, T, I]`` and not ``[T, B, I]``; default False. States are
            ``[K, B, H]`` either way.
        dropout: probability of zeroing an output between two layers, in training; default 0.
        bidirectional: whether a second network reads each layer's input backwards; default False.
        device: where the parameters live; default torch's.
        dtype: their type; default torch's.

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if a size, ``dropout`` or ``nonlinearity`` is out of range.

    Example:
        >>> import torch, elman.nn
        >>> layer = elman.nn.RNN(8, 16, nonlinearity="relu")
        >>> outputs, h_n = layer(torch.randn(5, 8))  # one sequence alone
        >>> outputs.shape, h_n.shape
        (torch.Size([5, 16]), torch.Size([1, 16]))
    """

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        input: Tensor | PackedSequence | Symbols,  # noqa: A002
        hx: Tensor | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> Any:
        """Run over a batch of sequences.

        With K = layers times directions and D = directions:

        Args:
            input: ``[T, B, I]``, ``[B, T, I]`` if ``batch_first``, ``[T, I]`` for one sequence alone, a
                PackedSequence, or :class:`~elman.Symbols` of tokens in the same layouts without I.
            hx: ``h_0 [K, B, H]``, ``[K, H]`` for one sequence alone; default zeros.
            lengths: real steps of each row, B integers from 0 to T in any order and on any device; default
                all T. Outputs past a row's end are zero, its final state is the state at its own last
                step, and the content of the padding affects neither values nor gradients. A row of length
                0 keeps its initial state.
            resets: truth values in ``input``'s layout without I, ``[T, B]``, True where every layer's state is reset
                to zeros before a step, also if ``hx`` is given. No value and no gradient crosses such a boundary,
                which is at the same place in the backward direction. Default no resets.

        Returns:
            Outputs ``[T, B, D H]`` in the input's layout, and the final ``h_n``, shaped as ``hx``.

        Raises:
            TypeError: if ``input`` has another type, or ``resets`` is not a bool tensor.
            ValueError: if ``input``'s number of dimensions or dtype, ``lengths`` or ``resets`` do not fit.
            RuntimeError: if ``input``'s width or device, or the state's shape, do not fit.
        """
        return forward(self, super().forward, _cell_of, (self.hidden_size,), input, hx, lengths, resets)

    def __prepare_scriptable__(self) -> nn.RNNBase:
        return as_torch(self)


def _cell_of(layer: RNN, place: int, x: Tensor | Symbols) -> Cell:
    w = weights(layer, place, x)
    parameters = {"weight_ih": w[0], "weight_hh": w[1], "bias": add_biases(w)}
    return bind(RNNCell, layer.hidden_size, parameters, nonlinearity=layer.nonlinearity)
