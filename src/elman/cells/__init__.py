"""Recurrent cells: one published cell per file, in the symbols of its paper."""

from elman.cells.ablated_lstm import NoForgetGateLSTMCell, NoInputGateLSTMCell, NoOutputGateLSTMCell
from elman.cells.cfc import CfCCell
from elman.cells.coupled_gate_lstm import CoupledGateLSTMCell
from elman.cells.fast_grnn import FastGRNNCell
from elman.cells.gru import GRUCell
from elman.cells.ind_rnn import IndRNNCell
from elman.cells.janet import JANETCell
from elman.cells.jordan import JordanCell, JordanState
from elman.cells.layer_norm_gru import LayerNormGRUCell
from elman.cells.layer_norm_lstm import LayerNormLSTMCell
from elman.cells.layer_norm_rnn import LayerNormRNNCell
from elman.cells.lstm import LSTMCell, LSTMState
from elman.cells.ltc import LTCCell
from elman.cells.mgu import MGUCell
from elman.cells.min_gru import MinGRUCell
from elman.cells.min_lstm import MinLSTMCell
from elman.cells.ode_rnn import ODERNNCell
from elman.cells.peephole_lstm import PeepholeLSTMCell
from elman.cells.projected_lstm import ProjectedLSTMCell
from elman.cells.reset_before_gru import ResetBeforeGRUCell
from elman.cells.rnn import RNNCell
from elman.cells.scrn import SCRNCell, SCRNState
from elman.cells.slstm import SLSTMCell, SLSTMState

__all__ = [
    "CfCCell",
    "CoupledGateLSTMCell",
    "FastGRNNCell",
    "GRUCell",
    "IndRNNCell",
    "JANETCell",
    "JordanCell",
    "JordanState",
    "LSTMCell",
    "LSTMState",
    "LTCCell",
    "LayerNormGRUCell",
    "LayerNormLSTMCell",
    "LayerNormRNNCell",
    "MGUCell",
    "MinGRUCell",
    "MinLSTMCell",
    "NoForgetGateLSTMCell",
    "NoInputGateLSTMCell",
    "NoOutputGateLSTMCell",
    "ODERNNCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "RNNCell",
    "ResetBeforeGRUCell",
    "SCRNCell",
    "SCRNState",
    "SLSTMCell",
    "SLSTMState",
]
