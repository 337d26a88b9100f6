"""Training sequences: the loop, truncated backpropagation through time, and checkpoints that cannot run code."""

from elman.train.checkpoint import load_checkpoint, save_checkpoint
from elman.train.language import evaluate, fit
from elman.train.loop import train
from elman.train.minimise import minimise
from elman.train.step import LossNotFinite, Update
from elman.train.stopping import Best
from elman.train.streams import Streams
from elman.train.truncated import Truncated

__all__ = [
    "Best",
    "LossNotFinite",
    "Streams",
    "Truncated",
    "Update",
    "evaluate",
    "fit",
    "load_checkpoint",
    "minimise",
    "save_checkpoint",
    "train",
]
