"""Training: two loops, losses, truncated backpropagation through time, and checkpoints.

:func:`train` takes any loss and yields every update; :func:`fit` takes labelled sequences and yields every epoch.
"""

from elman.train import forcing, parallel, schedules
from elman.train.checkpoint import load_checkpoint, save_checkpoint
from elman.train.classify import accuracy, class_loss
from elman.train.epochs import Epoch, Labelled, fit, logits_of
from elman.train.evaluate import evaluate
from elman.train.loop import losses, train
from elman.train.seq2seq import exact_match, sequence_loss, token_loss
from elman.train.step import LossNotFinite, Update
from elman.train.stopping import Best
from elman.train.streams import Streams
from elman.train.truncated import Truncated

__all__ = [
    "Best",
    "Epoch",
    "Labelled",
    "LossNotFinite",
    "Streams",
    "Truncated",
    "Update",
    "accuracy",
    "class_loss",
    "evaluate",
    "exact_match",
    "fit",
    "forcing",
    "load_checkpoint",
    "logits_of",
    "losses",
    "parallel",
    "save_checkpoint",
    "schedules",
    "sequence_loss",
    "token_loss",
    "train",
]
