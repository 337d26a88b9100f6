"""The mathematics: one published cell a file, in the symbols of its paper."""

from elman.cells.ablated_lstm import (
    CoupledGateLSTMCell,
    NoForgetGateLSTMCell,
    NoInputGateLSTMCell,
    NoOutputGateLSTMCell,
)
from elman.cells.gru import GRUCell
from elman.cells.ind_rnn import IndRNNCell
from elman.cells.janet import JANETCell
from elman.cells.layer_norm_lstm import LayerNormLSTMCell
from elman.cells.layer_norm_rnn import LayerNormRNNCell
from elman.cells.lstm import LSTMCell, LSTMState
from elman.cells.mgu import MGUCell
from elman.cells.min_gru import MinGRUCell
from elman.cells.peephole_lstm import PeepholeLSTMCell
from elman.cells.projected_lstm import ProjectedLSTMCell
from elman.cells.reset_before_gru import ResetBeforeGRUCell
from elman.cells.rnn import RNNCell

__all__ = [
    "CoupledGateLSTMCell",
    "GRUCell",
    "IndRNNCell",
    "JANETCell",
    "LSTMCell",
    "LSTMState",
    "LayerNormLSTMCell",
    "LayerNormRNNCell",
    "MGUCell",
    "MinGRUCell",
    "NoForgetGateLSTMCell",
    "NoInputGateLSTMCell",
    "NoOutputGateLSTMCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "RNNCell",
    "ResetBeforeGRUCell",
]
