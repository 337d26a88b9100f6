"""Training sequences: streams of text, the loop, and checkpoints that cannot run code."""

from elman.train.checkpoint import load_checkpoint, save_checkpoint
from elman.train.language import evaluate, fit
from elman.train.step import LossNotFinite
from elman.train.streams import Streams

__all__ = ["LossNotFinite", "Streams", "evaluate", "fit", "load_checkpoint", "save_checkpoint"]
