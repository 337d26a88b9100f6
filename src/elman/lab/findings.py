"""The findings of a study: plain data, saved as JSON, from which the book is rendered without training.

Everything here is a frozen dataclass. Studies return findings, and the book displays them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from elman.files import write_atomically
from elman.sealing import UNSEALED, check_seal, seal

__all__ = ["Claim", "Curves", "Figure", "Findings", "Heatmap", "Passage", "Series", "Table", "Trajectory", "Verdict"]

Cell = str | int | float | bool | None
Measure = Callable[[Any], Any]  # of elman.lab.arms.Arms: numbers by seed, an exact number, or an Estimate
_CONFIG = ConfigDict(ser_json_inf_nan="strings")


@dataclass(frozen=True, config=_CONFIG)
class Claim:
    """A statement written down before the run, with the measure and the bounds that decide it.

    The claim holds if the measured value is within ``[at_least, at_most]``; either bound may be omitted. A saved
    claim has every field but its measure.

    Args:
        key: short name, unique in its study.
        statement: one sentence.
        source: origin of the claim: a paper, a textbook, an issue of this project.
        unit: unit of the measured value, such as ``"nats per character"``.
        at_least: lowest value that agrees with the statement.
        at_most: highest value that agrees with the statement.
        needs: data set or package that the measurement requires, such as ``"sst2"``.
        role: ``"answer"`` if the claim answers the exercise, ``"control"`` if an answer is worth little without it;
            the headline of the study says what became of both (:mod:`elman.lab.headlines`).
        otherwise: the sentence that is true if the claim does not hold, for the headline.
        measure: a function of the study's records, as :class:`~elman.lab.arms.Arms`. It returns a list with one value
            per seed, one exact number, or an :class:`~elman.lab.verdicts.Estimate` with an interval of its own; an
            empty list if the records that it needs are missing.
    """

    key: str
    statement: str
    source: str
    unit: str = ""
    at_least: float = -math.inf
    at_most: float = math.inf
    needs: str = ""
    role: Literal["", "answer", "control"] = ""
    otherwise: str = ""
    measure: Annotated[Measure | None, Field(exclude=True)] = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, config=_CONFIG)
class Verdict:
    """A claim after the run: the mean of the measured values, its 95 % interval, and the verdict.

    ``n`` is the number of independent values; a computed number without spread is ``exact``.
    """

    claim: Claim
    measured: float
    low: float
    high: float
    n: int
    verdict: Literal["holds", "does not hold", "undecided"]
    exact: bool = False


@dataclass(frozen=True, config=_CONFIG)
class Table:
    """Rows under named columns. ``note`` is printed below the table."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True, config=_CONFIG)
class Series:
    """One line of a figure; ``low`` and ``high`` draw a band around it, ``seeds`` a thin line for each seed."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    style: Literal["line", "dashed", "points"] = "line"
    seeds: Sequence[Sequence[float]] = ()


@dataclass(frozen=True, config=_CONFIG)
class Curves:
    """A figure of lines over one pair of axes, labelled with units. ``caption`` says how to read it."""

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False
    caption: str = ""


@dataclass(frozen=True, config=_CONFIG)
class Heatmap:
    """A figure of one matrix, ``values[row][column]``, with a label for every row and column.

    ``unit`` says what a value is; it is printed beside the colour scale. ``limits`` are the ends of the scale, to be
    set if several heat maps are compared; by default they are the smallest and the largest value.
    """

    title: str
    x_label: str
    y_label: str
    values: Sequence[Sequence[float]]
    x_ticks: Sequence[str] = ()
    y_ticks: Sequence[str] = ()
    caption: str = ""
    unit: str = ""
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, config=_CONFIG)
class Trajectory:
    """A path in a plane: the state of a network at each step while it reads one sequence.

    In the book a slider moves along the path.

    Args:
        title: one line.
        x_label: label of the first axis.
        y_label: label of the second axis.
        x: first coordinate of every step.
        y: second coordinate of every step.
        marks: what is read at each step, such as a character.
        notes: a remark on each step, such as ``"depth 3"``.
        cloud: points of other sequences behind the path.
        caption: how to read it.
    """

    title: str
    x_label: str
    y_label: str
    x: Sequence[float]
    y: Sequence[float]
    marks: Sequence[str]
    notes: Sequence[str]
    cloud: Sequence[Series] = ()
    caption: str = ""


Figure = Curves | Heatmap | Trajectory


@dataclass(frozen=True, config=_CONFIG)
class Passage:
    """A piece of text: a worked answer (``kind="prose"``) or a verbatim sample (``"sample"``).

    Prose has paragraphs separated by blank lines, ``*emphasis*``, and code between backquotes.
    """

    title: str
    text: str
    kind: Literal["prose", "sample"] = "prose"


@dataclass(frozen=True, config=_CONFIG)
class Findings:
    """The result of a study. The study returns summary, passages, tables and figures; the library decides the claims
    and fills in the rest.

    Args:
        summary: one sentence with the main number; if the study's claims name an answer, the library computes it from
            their verdicts.
        claims: verdicts, in the order the claims were stated.
        passages: worked answers and samples.
        tables: tables.
        figures: curves, heat maps and trajectories.
        read: name and checksum of each data set or file that the trials read.
        exercise: number in the chapter, such as ``"15.12"``.
        name: the study's short name, such as ``"char-lm"``.
        title: one line.
        article: the study's docstring: question, method, expectation.
        command: the command that reproduces these findings.
        plan: the fields of the plan.
        environment: versions and machine.
        seconds: processor time of all trials together.
        failed: one line for every trial that did not finish.
    """

    summary: str
    claims: Sequence[Verdict] = ()
    passages: Sequence[Passage] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    read: Mapping[str, str] = field(default_factory=dict)
    exercise: str = ""
    name: str = ""
    title: str = ""
    article: str = ""
    command: str = ""
    plan: dict[str, Cell | list[Cell]] | None = None
    environment: dict[str, str] | None = None
    seconds: float = 0.0
    failed: Sequence[str] = ()

    def to_json(self) -> str:
        """Return the findings as JSON; infinities and NaN are written as strings."""
        return _ADAPTER.dump_json(self, indent=2).decode()

    def save(self, path: Path) -> None:
        """Write the findings as one JSON file, atomically."""
        sealed = seal(f'{_SEALED}: "{UNSEALED}",{self.to_json()[1:]}'.encode())
        write_atomically(path, lambda file: file.write(sealed))

    @classmethod
    def load(cls, path: Path) -> "Findings":
        """Read saved findings, or the output of :meth:`to_json`.

        Raises:
            ValueError: if the file does not contain findings (the message names the first fault), or was changed
                after :meth:`save` wrote it.
        """
        data = path.read_bytes()
        try:
            findings = _ADAPTER.validate_json(data)
            if data.startswith(_SEALED.encode()):
                check_seal(data)
            return findings
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise ValueError(f"{path} does not hold findings: {where}: {first['msg']}") from None
        except ValueError as error:
            raise ValueError(f"{path} does not hold findings: {error}") from None


_ADAPTER = TypeAdapter(Findings)
_SEALED = '{\n  "sha256"'
