"""Layers with the manners of ``torch.nn``.

``LSTMCell``, ``GRUCell`` and ``RNNCell`` are ``torch.nn``'s own classes: a single step leaves nothing to gain.
The native engine takes three to ten times as long for one step as ``torch.nn``'s cell does, since it prepares the
weights for many steps. A loop over a cell becomes faster as one call of a layer, or of :func:`elman.unroll`.
"""

from torch.nn import GRUCell, LSTMCell, RNNCell

from elman.nn.connections import Highway, Residual
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "Highway", "LSTMCell", "RNNCell", "Recurrent", "Residual"]
