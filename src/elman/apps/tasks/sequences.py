"""Classify sequences of numbers: a bidirectional network, pooled over each sequence's own steps."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import no_options, read_settings
from elman.apps.frames import frame_scale, make_frame_classifier
from elman.baselines.nearest import NearestNeighbour
from elman.data.batches import Batches
from elman.data.errors import DataError
from elman.data.reading import number
from elman.data.sequences import read_sequences
from elman.data.ts import LARGEST, LabelledSequence
from elman.nn.saving import load_made
from elman.nn.text import TextClassifier
from elman.train.epochs import Labelled, logits_of, nats

__all__ = ["TASK", "FittedSequences", "Settings"]

SHOWN = 10  # mistakes


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    hidden_size: int = 64
    dropout: float = 0.5
    batch_size: int = 32
    learning_rate: float = 3e-3
    epochs: int = 100  # at most


class FittedSequences(Fitted[LabelledSequence]):
    """A classifier of sequences of numbers."""

    task = "sequences"

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.classes: list[str] = notes["classes"]
        self.centre, self.scale = torch.tensor(notes["centre"]), torch.tensor(notes["scale"])

    @property
    def channels(self) -> int:
        """Numbers at each step."""
        return len(self.centre)

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Return the log-probabilities ``[N, C]`` of the classes of sequences ``[T, channels]``, nats."""
        data = Labelled(
            [(torch.from_numpy(one) - self.centre) / self.scale for one in sequences], [0] * len(sequences)
        )
        return torch.stack(logits_of(self.module, data)).double().log_softmax(-1).numpy()

    def judge(self, records: Sequence[LabelledSequence]) -> Judged:
        """Return the accuracy, and the mistakes that were surest."""
        check_channels(records, self.channels)
        scores = self.log_probabilities([one.values for one in records])
        best = scores.argmax(1)
        right = [self.classes[k] == one.label for k, one in zip(best, records, strict=True)]
        surest = sorted((-float(scores[row, best[row]]), row) for row, ok in enumerate(right) if not ok)[:SHOWN]
        wrong = [
            Mistake(_shown(records[row].values), records[row].label, self.classes[best[row]]) for _, row in surest
        ]
        return Judged(Score("accuracy", [float(ok) for ok in right]), wrong)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield the likeliest class of each line, a sequence with commas between its values and a colon between its
        channels, as in a ``.ts`` file; there are no options."""
        no_options(options)
        for line in lines:
            try:
                values = read_line(line, self.channels)
            except ValueError as error:
                yield Answer(error=str(error))
                continue
            shares = np.exp(self.log_probabilities([values])[0])
            each = {name: float(share) for name, share in zip(self.classes, shares, strict=True)}
            best = max(each, key=each.__getitem__)
            yield Answer(f"{best}\t{each[best]:.3f}", {"class": best, "classes": each, "steps": len(values)})


class _Learner(Learner[LabelledSequence]):
    def __init__(
        self, training: Sequence[LabelledSequence], validation: Sequence[LabelledSequence], request: Request
    ):
        plan = read_settings(Settings, request.settings)
        self.classes = sorted({one.label for one in training})
        if len(self.classes) < 2:
            raise ValueError(f"got sequences of the class {self.classes[0]!r} only, expected at least two classes")
        known = [one for one in validation if one.label in self.classes]
        if not known:
            raise ValueError("no validation sequence has a class of the training sequences; give more sequences")
        self.centre, self.scale = frame_scale([one.values for one in training])
        check_channels(known, len(self.centre))
        self.training = training
        self.data, self.checked = self._encoded(training), self._encoded(known)
        self.order = Batches(self.data.lengths, plan.batch_size, request.seed)
        self.settings = {
            "cell": request.cell or "GRUCell", "channels": len(self.centre), "hidden_size": plan.hidden_size,
            "classes": len(self.classes), "bidirectional": True, "pooling": "max", "dropout": plan.dropout,
        }  # fmt: skip
        self.module = make_frame_classifier(self.settings)
        self.learning_rate, self.batches = plan.learning_rate, len(self.order)
        self.most = plan.epochs * self.batches

    def _encoded(self, records: Sequence[LabelledSequence]) -> Labelled:
        places = {label: k for k, label in enumerate(self.classes)}
        inputs = [(torch.from_numpy(one.values) - self.centre) / self.scale for one in records]
        return Labelled(inputs, [places[one.label] for one in records])

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """The cross-entropy of a batch."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        x, lengths, classes = self.data[self.order[update]]
        return cross_entropy(self.module(x, lengths), classes)

    def validate(self) -> float:
        """Return the cross-entropy of the validation sequences."""
        return nats(self.module, self.checked)

    def finish(self) -> FittedSequences:
        """Return the classifier."""
        notes = {"classes": self.classes, "centre": self.centre.tolist(), "scale": self.scale.tolist()}
        return FittedSequences(self.module, self.settings, notes)

    def baseline(self, records: Sequence[LabelledSequence]) -> tuple[str, Score]:
        """Return the accuracy of the nearest neighbour."""
        centre, scale = self.centre.numpy(), self.scale.numpy()
        nearest = NearestNeighbour(
            [(one.values - centre) / scale for one in self.training], [one.label for one in self.training]
        )
        answers = nearest.classes([(one.values - centre) / scale for one in records])
        right = [float(answer == one.label) for answer, one in zip(answers, records, strict=True)]
        return "the nearest neighbour", Score("accuracy", right)


def check_channels(records: Sequence[LabelledSequence], channels: int) -> None:
    """Raise ValueError if sequences have another number of channels than the model."""
    for one in records:
        if one.values.shape[1] != channels:
            raise ValueError(
                f"got a sequence of {one.values.shape[1]} channels, expected {channels} as in the training"
            )


def read_line(line: str, channels: int) -> np.ndarray:
    """Return the sequence ``[T, channels]`` of a line, such as ``1,2,3:4,5,6`` for two channels.

    Raises:
        ValueError: if there are other channels, or values that are no finite numbers.

    Example:
        >>> read_line("1,2,3:4,5,6", 2).tolist()
        [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    """
    read = [[number(cell) for cell in channel.split(",")] for channel in line.split(":")]
    if len(read) != channels or len(set(map(len, read))) != 1:
        raise ValueError(
            f"got {len(read)} channels of {', '.join(str(len(one)) for one in read[:5])} values, expected {channels} "
            "of equal length: commas between values, a colon between channels"
        )
    values = np.array(read)
    if not (np.abs(values) <= LARGEST).all():
        raise ValueError(f"expected finite numbers, got {line[:40]!r}")
    return values.T.astype(np.float32)


def _shown(values: np.ndarray) -> str:
    rows = [", ".join(f"{value:.4g}" for value in step) for step in values[:6]]
    return "; ".join(rows) + ("; ..." if len(values) > 6 else "")


class SequencesTask(Task[LabelledSequence]):
    """Give a sequence of numbers one of several classes."""

    name = "sequences"
    summary = "Give a sequence of numbers one of several classes."
    takes = "a .ts file; or a table with a sequence a row, or a step a row (--group, --time), and classes (--label)"

    def read(self, paths: Sequence[Path], request: Request) -> Found[LabelledSequence]:
        """Read labelled sequences; equal sequences stay in the same part."""
        read_settings(Settings, request.settings)
        columns, records, said = request.columns, [], []
        for path in paths:
            found = read_sequences(
                path, label=columns.label, sequence=columns.group, time=columns.time, columns=columns.values
            )
            steps = [len(one.values) for one in found.records]
            channels = found.records[0].values.shape[1]
            if records and channels != (before := records[0].values.shape[1]):
                raise DataError(f"{path} has {channels} channels, expected {before} as in the file before")
            records += found.records
            lengths = f"{min(steps)} to {max(steps)}" if min(steps) < max(steps) else f"{steps[0]}"
            classes = len({one.label for one in found.records})
            shape = f"{len(steps):,} sequences of {lengths} steps and {channels} channels"
            said += [*found.understood, f"{path.name}: {shape}, {classes} classes"]
        return Found(records, said, [one.values.tobytes() for one in records])

    def learner(self, training: Any, validation: Any, request: Request) -> Learner[LabelledSequence]:
        """Build a bidirectional network with max pooling."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedSequences:
        """Load a classifier."""
        module, notes = load_made(folder, make_frame_classifier, (TextClassifier,), "a classifier of sequences")
        return FittedSequences(module, {}, notes)


TASK = SequencesTask()
