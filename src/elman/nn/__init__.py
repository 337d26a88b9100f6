"""Layers and models with the interface of ``torch.nn``.

Layers: drop-in :class:`LSTM`, :class:`GRU`, :class:`RNN`, and :class:`Recurrent` for any cell. Models: language
models, classifiers, taggers, encoder-decoders. :func:`export`, :func:`to_onnx` and :func:`streaming` run any of them
elsewhere.
"""

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
    "Generator",
    "Highway",
    "LanguageModel",
    "Memory",
    "MultiplicativeAttention",
    "Pointer",
    "PointerGenerator",
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
