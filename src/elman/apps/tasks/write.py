"""Write text: a model of the next character, trained on a text from its beginning to its end."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import read_settings
from elman.apps.writing import write
from elman.baselines.ngram import NGram
from elman.data import texts
from elman.data.vocabulary import Vocabulary
from elman.nn.saving import load_language_model, make_language_model
from elman.train.evaluate import nats_of_each
from elman.train.schedules import cosine
from elman.train.streams import Streams
from elman.train.truncated import Truncated

__all__ = ["TASK", "FittedWriter", "Settings", "Using"]

PIECE, PIECES = 500, 20  # characters of a record, and how many records there are at least
LONGEST = 10_000_000  # characters that the n-gram counts, the last ones
FEWEST = 1000  # characters of a text
CHECKED = 100_000  # characters that a validation reads, at most
ORDER = 5


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    embedding_size: int = 128
    hidden_size: int = 256
    num_layers: int = 1
    dropout: float = 0.1
    batch_size: int = 32
    window: int = 64  # characters per update
    learning_rate: float = 4e-3
    epochs: int = 30  # at most


@dataclass(frozen=True)
class Using:
    """How to write."""

    length: int = 500  # characters to write
    temperature: float = 0.8  # 0 takes the likeliest character, 1 samples from the model's distribution
    seed: int = 0


class FittedWriter(Fitted[str]):
    """A model of the next character."""

    task = "write"
    answers_empty = True

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.vocabulary = Vocabulary.from_json(notes["vocabulary"])

    def judge(self, records: Sequence[str]) -> Judged:
        """Return the nats per character of a text, read from its beginning to its end; characters that the training
        text lacks are skipped."""
        tokens = torch.from_numpy(self.vocabulary.encode("".join(records), unknown="skip"))
        return Judged(in_pieces(nats_of_each(self.module, tokens).numpy()))

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield a continuation of each line; options are those of :class:`Using`."""
        how = read_settings(Using, options or {})
        for line in lines:
            prompt = line or "\n"
            try:
                written = write(self.module, self.vocabulary, prompt, how.length, how.temperature, how.seed)
            except ValueError as error:
                yield Answer(error=str(error))
                continue
            yield Answer(line + written, {"prompt": line, "text": written})


class _Learner(Learner[str]):
    def __init__(self, training: Sequence[str], validation: Sequence[str], request: Request):
        self.plan = plan = read_settings(Settings, request.settings)
        self.text = "".join(training)
        self.vocabulary = Vocabulary.from_text(self.text)
        self.held_out = torch.from_numpy(self.vocabulary.encode("".join(validation), unknown="skip"))
        if len(self.held_out) < 2:
            raise ValueError("the last part of the text has no character of the first part; give a longer text")
        some = self.held_out[:CHECKED]
        rows = max(1, min(plan.batch_size, len(some) // 200))
        self.checked = Streams(some, rows, (len(some) - 1) // rows)
        self.settings = {
            "embedding_size": plan.embedding_size, "hidden_size": plan.hidden_size, "num_layers": plan.num_layers,
            "dropout": plan.dropout, "cell": request.cell,
        }  # fmt: skip
        self.module = make_language_model(len(self.vocabulary), self.settings)
        tokens = torch.from_numpy(self.vocabulary.encode(self.text))
        rows = max(1, min(plan.batch_size, len(tokens) // (4 * plan.window)))  # a short text fills fewer streams
        streams = Streams(tokens, rows, min(plan.window, len(tokens) - 1))
        self._loss = Truncated(self.module, streams)
        self.learning_rate, self.batches, self.schedule = plan.learning_rate, len(streams), cosine(warmup=100)
        self.most = plan.epochs * len(streams)

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """Nats per character of the next window of the text."""
        return self._loss

    def validate(self) -> float:
        """Return the nats per character of the held-out text."""
        self.module.eval()
        with torch.inference_mode():
            inputs, targets = self.checked.window(0)  # in parallel streams: one stream would take ten times as long
            return cross_entropy(self.module(inputs)[0].flatten(0, 1), targets.flatten()).item()

    def finish(self) -> FittedWriter:
        """Return the model."""
        return FittedWriter(self.module, self.settings, {"vocabulary": list(self.vocabulary.to_json())})

    def baseline(self, records: Sequence[str]) -> tuple[str, Score]:
        """Return the nats per character of an interpolated 5-gram, of a shorter one if the alphabet is large."""
        counted = self.text[-LONGEST:]
        order = min(ORDER, int(62 * math.log(2) / math.log(max(2, len(set(counted))))))
        gram = NGram.fit(counted, order)
        return f"an interpolated {order}-gram", in_pieces(gram.nats_of_each("".join(records)))


def piece_of(length: int) -> int:
    """Return the length of the pieces into which a text is cut: 500 characters, less if that makes too few."""
    return max(1, min(PIECE, length // PIECES))


def in_pieces(nats: np.ndarray) -> Score:
    """Return the nats per character of a text, as a score of its pieces.

    Example:
        >>> in_pieces(np.ones(61)).weights[-2:]
        [3, 1]
    """
    starts = np.arange(0, len(nats), piece_of(len(nats)))
    weights = np.diff(np.append(starts, len(nats)))
    means = np.add.reduceat(nats, starts) / weights
    return Score("nats per character", means.tolist(), weights.tolist(), higher_is_better=False)


class Write(Task[str]):
    """Continue a text, character by character."""

    name = "write"
    summary = "Continue a text, character by character."
    takes = "files of text, read one after the other; the last part is held out"

    def read(self, paths: Sequence[Path], request: Request) -> Found[str]:
        """Read texts, and cut them into pieces in their order."""
        every = [texts.text(str(path)) for path in paths]
        whole = "\n".join(one.text for one in every)
        if len(whole) < FEWEST:
            raise texts.DataError(f"got a text of {len(whole)} characters, expected at least {FEWEST}")
        size = piece_of(len(whole))
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        said = [f"{one.name}: {len(one.text):,} characters, {len(set(one.text))} different ones" for one in every]
        return Found(pieces, said, ordered=True)

    def learner(self, training: Sequence[str], validation: Sequence[str], request: Request) -> Learner[str]:
        """Build a language model."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedWriter:
        """Load a language model."""
        module, vocabulary = load_language_model(folder)
        return FittedWriter(module, {}, {"vocabulary": list(vocabulary.to_json())})


TASK = Write()
