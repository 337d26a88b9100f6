"""Layers and models with the interface of ``torch.nn``.

Layers: drop-in :class:`LSTM`, :class:`GRU`, :class:`RNN`, and :class:`Recurrent` for any cell. Models: language
models, classifiers, taggers, encoder-decoders. :func:`export` and :func:`to_onnx` export any of them, and
:func:`streaming` runs them step by step.

``LSTMCell``, ``GRUCell`` and ``RNNCell`` are ``torch.nn``'s own classes, because the native engine is slower for a
single step: it takes several times as long as ``torch.nn``'s cell, since it prepares the weights for many steps. To
run faster, replace a loop over a cell by one call of a layer, or of :func:`elman.unroll`.
"""

from torch.nn import GRUCell, LSTMCell, RNNCell

from elman.nn.attention import AdditiveAttention, Memory, MultiplicativeAttention
from elman.nn.autoencoder import SequenceAutoencoder
from elman.nn.classifier import SequenceClassifier, StepClassifier, pooled
from elman.nn.conditional import ConditionalLanguageModel
from elman.nn.connections import Highway, Residual
from elman.nn.exporting import export, to_onnx
from elman.nn.gru import GRU
from elman.nn.heads import Generator, Pointer, PointerGenerator
from elman.nn.language_model import LanguageModel
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN
from elman.nn.seq2seq import DecoderState, Seq2Seq
from elman.nn.streaming import Stream, streaming
from elman.nn.text import Tagger, TextClassifier, TokenEmbedding
from elman.nn.transformer import Transformer

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdditiveAttention",
    "ConditionalLanguageModel",
    "DecoderState",
    "GRUCell",
    "Generator",
    "Highway",
    "LSTMCell",
    "LanguageModel",
    "Memory",
    "MultiplicativeAttention",
    "Pointer",
    "PointerGenerator",
    "RNNCell",
    "Recurrent",
    "Residual",
    "Seq2Seq",
    "SequenceAutoencoder",
    "SequenceClassifier",
    "StepClassifier",
    "Stream",
    "Tagger",
    "TextClassifier",
    "TokenEmbedding",
    "Transformer",
    "export",
    "pooled",
    "streaming",
    "to_onnx",
]
