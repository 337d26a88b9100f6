"""Layers with the manners of ``torch.nn``."""

from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN"]
