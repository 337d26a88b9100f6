"""Recurrent cells: one published cell per file, in the symbols of its paper."""

from elman.cells.ablated_lstm import NoForgetGateLSTMCell, NoInputGateLSTMCell, NoOutputGateLSTMCell
from elman.cells.antisymmetric_rnn import AntisymmetricRNNCell
from elman.cells.atr import ATRCell
from elman.cells.brc import BRCCell
from elman.cells.cfc import CfCCell
from elman.cells.cfn import CFNCell
from elman.cells.co_rnn import CoRNNCell, CoRNNState
from elman.cells.coupled_gate_lstm import CoupledGateLSTMCell
from elman.cells.delta_net import DeltaNetCell
from elman.cells.fast_grnn import FastGRNNCell
from elman.cells.gru import GRUCell
from elman.cells.heads import MatrixState
from elman.cells.ind_rnn import IndRNNCell
from elman.cells.janet import JANETCell
from elman.cells.jordan import JordanCell, JordanState
from elman.cells.layer_norm_gru import LayerNormGRUCell
from elman.cells.layer_norm_lstm import LayerNormLSTMCell
from elman.cells.layer_norm_rnn import LayerNormRNNCell
from elman.cells.lem import LEMCell, LEMState
from elman.cells.li_gru import LiGRUCell
from elman.cells.light_ru import LightRUCell
from elman.cells.linear_attention import LinearAttentionCell, LinearAttentionState
from elman.cells.lstm import LSTMCell, LSTMState
from elman.cells.ltc import LTCCell
from elman.cells.mgu import MGUCell
from elman.cells.min_gru import MinGRUCell
from elman.cells.min_lstm import MinLSTMCell
from elman.cells.minimal_rnn import MinimalRNNCell
from elman.cells.mlstm import MLSTMCell, MLSTMState
from elman.cells.multiplicative_lstm import MultiplicativeLSTMCell
from elman.cells.multiplicative_rnn import MultiplicativeRNNCell
from elman.cells.mut1 import MUT1Cell
from elman.cells.mut3 import MUT3Cell
from elman.cells.nbrc import NBRCCell
from elman.cells.ode_rnn import ODERNNCell
from elman.cells.peephole_lstm import PeepholeLSTMCell
from elman.cells.projected_lstm import ProjectedLSTMCell
from elman.cells.qrnn import QRNNCell
from elman.cells.ran import RANCell
from elman.cells.reset_before_gru import ResetBeforeGRUCell
from elman.cells.retention import RetentionCell
from elman.cells.rg_lru import RGLRUCell
from elman.cells.rnn import RNNCell
from elman.cells.rwkv4 import RWKV4Cell, RWKV4State
from elman.cells.s6 import S6Cell, S6State
from elman.cells.scrn import SCRNCell, SCRNState
from elman.cells.slstm import SLSTMCell, SLSTMState
from elman.cells.sru import SRUCell
from elman.cells.star import STARCell
from elman.cells.ugrnn import UGRNNCell
from elman.cells.uni_cornn import UnICORNNCell

__all__ = [
    "ATRCell",
    "AntisymmetricRNNCell",
    "BRCCell",
    "CFNCell",
    "CfCCell",
    "CoRNNCell",
    "CoRNNState",
    "CoupledGateLSTMCell",
    "DeltaNetCell",
    "FastGRNNCell",
    "GRUCell",
    "IndRNNCell",
    "JANETCell",
    "JordanCell",
    "JordanState",
    "LEMCell",
    "LEMState",
    "LSTMCell",
    "LSTMState",
    "LTCCell",
    "LayerNormGRUCell",
    "LayerNormLSTMCell",
    "LayerNormRNNCell",
    "LiGRUCell",
    "LightRUCell",
    "LinearAttentionCell",
    "LinearAttentionState",
    "MGUCell",
    "MLSTMCell",
    "MLSTMState",
    "MUT1Cell",
    "MUT3Cell",
    "MatrixState",
    "MinGRUCell",
    "MinLSTMCell",
    "MinimalRNNCell",
    "MultiplicativeLSTMCell",
    "MultiplicativeRNNCell",
    "NBRCCell",
    "NoForgetGateLSTMCell",
    "NoInputGateLSTMCell",
    "NoOutputGateLSTMCell",
    "ODERNNCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RANCell",
    "RGLRUCell",
    "RNNCell",
    "RWKV4Cell",
    "RWKV4State",
    "ResetBeforeGRUCell",
    "RetentionCell",
    "S6Cell",
    "S6State",
    "SCRNCell",
    "SCRNState",
    "SLSTMCell",
    "SLSTMState",
    "SRUCell",
    "STARCell",
    "UGRNNCell",
    "UnICORNNCell",
]
