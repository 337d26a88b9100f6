"""What a task defines: how it reads files, what it trains, how the trained model is scored, and how it is used."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from elman.apps.fitting.score import Score
from elman.train.schedules import Schedule

__all__ = ["Answer", "Columns", "Fitted", "Found", "Judged", "Learner", "Mistake", "Request", "Task"]

R = TypeVar("R")  # a record: whatever a task reads from its files


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read from a table; the empty string lets the task choose, by a rule that it states.

    Args:
        text: column of the text.
        label: column of the class, or of the target text.
        time: column of the times.
        group: column of the sequence, person or document that a row belongs to.
        values: columns of numbers.
    """

    text: str = ""
    label: str = ""
    time: str = ""
    group: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    Args:
        columns: columns to read.
        cell: name of the recurrent cell; the empty string means the task's own choice.
        seed: seed of the split, the initial weights and the batches.
        resample: length of one step to resample a series to, such as ``"1h"``; the empty string does not resample.
        fill: how missing values are filled; the empty string refuses them.
        settings: further settings of the task, by name, as text.
    """

    columns: Columns = field(default_factory=Columns)
    cell: str = ""
    seed: int = 0
    resample: str = ""
    fill: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found(Generic[R]):
    """The records of some files.

    Args:
        records: the records.
        said: what was understood of the files and what was left out, one plain sentence each.
        groups: a key for each record; records with the same key stay together when the records are split. None if
            the records are independent.
        ordered: whether the records are in the order of time; the split is then by time.
        gap: number of records to leave out between two parts, so that ordered records that overlap are not in both.
        shares: shares of the training and the validation part; the rest is the test part.
    """

    records: Sequence[R]
    said: Sequence[str] = ()
    groups: Sequence[Hashable] | None = None
    ordered: bool = False
    gap: int = 0
    shares: tuple[float, float] = (0.8, 0.1)


@dataclass(frozen=True)
class Mistake:
    """One wrong answer: what was read, the right answer, the model's answer."""

    given: str
    expected: str
    got: str


@dataclass(frozen=True)
class Judged:
    """The score of a model on some records, with its worst mistakes.

    Args:
        score: the score.
        mistakes: the worst mistakes, worst first.
        said: what else is to be said, in sentences.
    """

    score: Score
    mistakes: Sequence[Mistake] = ()
    said: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """A model's answer to one line.

    Args:
        text: the answer as printed.
        fields: the answer as plain data, for JSON.
        error: why there is no answer; empty if there is one.
    """

    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class Fitted(ABC, Generic[R]):
    """A trained model with all it needs to be used.

    Args:
        module: the network.
        settings: plain data from which the task builds the network.
        notes: plain data that using the network requires, such as a vocabulary.

    Attributes:
        by_line: whether :meth:`use` answers a line before it reads the next one; default True.
        answers_empty: whether an empty line asks for something too, and spaces around a line count; default False.
    """

    task: ClassVar[str]
    by_line: ClassVar[bool] = True
    answers_empty: bool = False

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        self.module, self.settings, self.notes = module, settings, notes

    @property
    def reading(self) -> Mapping[str, Any]:
        """Settings with which further files must be read, to be records of the same form; default none."""
        return {}

    @abstractmethod
    def judge(self, records: Sequence[R]) -> Judged:
        """Return the score on some records, and the worst mistakes."""

    @abstractmethod
    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield the answers to some lines, in order; a line that cannot be read gives an answer with an ``error``.

        Args:
            lines: lines of text, without their ends.
            options: how to answer, by name, as text; each task has its own.

        Raises:
            UnknownName: if an option does not exist, or its value does not fit.
        """


class Learner(ABC, Generic[R]):
    """A network in training.

    Attributes:
        module: the network.
        learning_rate: highest learning rate.
        batches: updates in one pass over the training records.
        most: updates after which training ends in any case.
        schedule: factor of the learning rate by update; None decays it linearly to a tenth.
    """

    module: Any
    learning_rate: float
    batches: int
    most: int
    schedule: Schedule | None = None

    @property
    @abstractmethod
    def loss(self) -> Callable[[int], Tensor]:
        """The loss of an update by its number. A loss that carries a state between updates holds it in ``state``."""

    @abstractmethod
    def validate(self) -> float:
        """Return the loss on the validation records; lower is better."""

    @abstractmethod
    def finish(self) -> Fitted[R]:
        """Return the trained model; what is still to be chosen is chosen on the validation records."""

    @abstractmethod
    def baseline(self, records: Sequence[R]) -> tuple[str, Score]:
        """Return the name of the baseline and its score on some records."""


class Task(ABC, Generic[R]):
    """A kind of model that users can train on their own files.

    Attributes:
        name: name on the command line.
        summary: what the model does, in one sentence.
        takes: the files that it reads, and the columns of a table that it uses.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    takes: ClassVar[str]

    @abstractmethod
    def read(self, paths: Sequence[Path], request: Request) -> Found[R]:
        """Read files.

        Raises:
            DataError: if a file cannot be read, or holds nothing that the task can use.
        """

    @abstractmethod
    def learner(self, training: Sequence[R], validation: Sequence[R], request: Request) -> Learner[R]:
        """Build a network for some records, with the seed of the request.

        Raises:
            ValueError: if the records cannot be learned from, such as those of a single class.
        """

    @abstractmethod
    def load(self, folder: Path) -> Fitted[R]:
        """Load a model that :func:`elman.nn.saving.save_made` wrote.

        Raises:
            ValueError: if the folder does not hold such a model.
        """
