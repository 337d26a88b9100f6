"""The mathematics: one published cell a file, in the symbols of its paper."""

from elman.cells.gru import GRUCell
from elman.cells.layer_norm_rnn import LayerNormRNNCell
from elman.cells.lstm import LSTMCell, LSTMState
from elman.cells.projected_lstm import ProjectedLSTMCell
from elman.cells.reset_before_gru import ResetBeforeGRUCell
from elman.cells.rnn import RNNCell

__all__ = [
    "GRUCell",
    "LSTMCell",
    "LSTMState",
    "LayerNormRNNCell",
    "ProjectedLSTMCell",
    "RNNCell",
    "ResetBeforeGRUCell",
]
