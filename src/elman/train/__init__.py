"""Training sequences: streams of text, schedules, and checkpoints that cannot run code."""

from elman.train.checkpoint import load_checkpoint, save_checkpoint
from elman.train.streams import Streams

__all__ = ["Streams", "load_checkpoint", "save_checkpoint"]
