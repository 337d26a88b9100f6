"""Layers with the manners of ``torch.nn``."""

from elman.nn.connections import Highway, Residual
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "Highway", "Recurrent", "Residual"]
