"""Forecast values measured at irregular times: the next observation, at any time after the last one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import read_settings
from elman.apps.next_values import differences, make_next_value
from elman.baselines.carried import carried
from elman.data.batches import Batches
from elman.data.errors import DataError
from elman.data.observations import TimedRecord, read_observations
from elman.data.reading import number
from elman.engine import unroll
from elman.nn.irregular import NextValue
from elman.nn.saving import load_made

__all__ = ["TASK", "FittedIrregular", "Series", "Settings", "Using"]

LONGEST = 400  # observations of a training sequence; a longer record is cut
ROWS = 64  # records read at once
SHOWN = 10
LAST, MEAN = "the last value carried forward", "the mean"


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    hidden_size: int = 32
    batch_size: int = 32
    learning_rate: float = 5e-3
    epochs: int = 60  # at most


@dataclass(frozen=True)
class Using:
    """How to forecast."""

    gap: float = 0.0  # time from a line to its forecast, in the unit of the file; 0: the usual gap of the training


@dataclass(frozen=True)
class Series:
    """A record with the names of its quantities."""

    record: TimedRecord
    names: tuple[str, ...]


class FittedIrregular(Fitted[Series]):
    """A network that predicts each observation from those before it and the time until it comes."""

    task = "irregular"

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.names = tuple(notes["names"])
        self.scale = Scale(np.array(notes["mean"], float), np.array(notes["spread"], float), float(notes["gap"]))

    @property
    def unit(self) -> np.ndarray:
        """What an error is divided by, ``[D]``: 1 if there is one quantity, else the quantities' spreads."""
        return np.ones(1) if len(self.names) == 1 else self.scale.spread

    def predictions(self, records: Sequence[Series]) -> list[np.ndarray]:
        """Return the prediction of every observation but the first of each record, ``[n - 1, D]``."""
        self.module.eval()
        found = []
        with torch.inference_mode():
            for start in range(0, len(records), ROWS):
                some = [one.record for one in records[start : start + ROWS]]
                values, gaps, lengths, _ = self.scale.batch(some)
                predicted = (
                    self.module(values, gaps, lengths).reshape(len(values) - 1, len(some), -1).double().numpy()
                )
                found += [
                    predicted[: len(one.times) - 1, row] * self.scale.spread + self.scale.mean
                    for row, one in enumerate(some)
                ]
        return found

    def judge(self, records: Sequence[Series]) -> Judged:
        """Return the mean absolute error of the next observations, and the worst ones."""
        check_names(records, self.names)
        predicted = self.predictions(records)
        score = of_records(records, predicted, self.unit)
        worst = sorted(
            (
                (float(np.nanmax(abs(each - one.record.values[1:]) / self.unit)), one.record, each)
                for one, each in zip(records, predicted, strict=True)
            ),
            key=lambda found: -found[0],
        )
        wrong = []
        for _, record, each in worst[:SHOWN]:
            errors = np.nan_to_num(abs(each - record.values[1:]) / self.unit)
            k, column = (int(i) for i in np.unravel_index(errors.argmax(), errors.shape))
            where = f"{record.group} at {record.times[k + 1]:.4g}, {self.names[column]}"
            wrong.append(Mistake(where, f"{record.values[k + 1, column]:.4g}", f"{each[k, column]:.4g}"))
        return Judged(score, wrong)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield a forecast after each line, which has a time and the values of all quantities, empty where one is
        missing. An empty line begins another record. Options are those of :class:`Using`."""
        how = read_settings(Using, options or {})
        gap = (how.gap or self.scale.gap) / self.scale.gap
        if not (np.isfinite(gap) and gap > 0):
            raise ValueError(f"gap must be more than 0, got {how.gap:g}")
        state, last = None, None
        for line_number, line in enumerate(lines, start=1):
            if not line.strip():
                state, last = None, None
                yield Answer()
                continue
            try:
                time, values = read_line(line, self.names)
                if last is not None and time <= last:
                    raise ValueError(f"times must increase, got {time:g} after {last:g}")
            except ValueError as error:
                if line_number > 1 or any(not np.isnan(number(cell)) for cell in line.split(",")):
                    yield Answer(error=str(error))
                continue  # the first line may be a header
            step = TimedRecord("", np.array([time]), values[None])
            x, _, _, _ = self.scale.batch([step])
            before = torch.full((1, 1), 0.0 if last is None else (time - last) / self.scale.gap)
            with torch.inference_mode():
                outputs, state = unroll(self.module.cell, self.module.joined(x, before), state)
                ahead = self.module.ask(outputs[-1], torch.full((1,), gap)).reshape(-1).double().numpy()
            last = time
            found = ahead * self.scale.spread + self.scale.mean
            each = dict(zip(self.names, found.tolist(), strict=True))
            at = time + gap * self.scale.gap
            said = "\t".join(f"{value:.6g}" for value in each.values())
            yield Answer(f"{at:.6g}\t{said}", {"time": at, **each})


@dataclass(frozen=True)
class Scale:
    """Mean and spread of each quantity, ``[D]``, and the usual gap, of the training records."""

    mean: np.ndarray
    spread: np.ndarray
    gap: float

    @classmethod
    def of(cls, records: Sequence[TimedRecord]) -> "Scale":
        """Return the scale of records."""
        values = np.concatenate([one.values for one in records])
        gaps = np.concatenate([np.diff(one.times) for one in records])
        return cls(np.nanmean(values, 0), np.nanstd(values, 0) + 1e-6, float(gaps.mean()))

    def batch(self, records: Sequence[TimedRecord]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return what the network reads, ``[T, B]`` or ``[T, B, 2 D]``; gaps ``[T, B]``, lengths ``[B]``; and the
        values ``[T, B, D]``, NaN where a value is missing."""
        lengths = torch.tensor([len(one.times) for one in records])
        targets = torch.full((int(lengths.max()), len(records), len(self.mean)), torch.nan)
        gaps = torch.zeros(targets.shape[:2])
        for row, one in enumerate(records):
            targets[: len(one.times), row] = torch.from_numpy((one.values - self.mean) / self.spread).float()
            gaps[1 : len(one.times), row] = torch.from_numpy(np.diff(one.times) / self.gap).float()
        there = ~targets.isnan()
        values = targets.nan_to_num()
        x = values[..., 0] if len(self.mean) == 1 else torch.cat([values, there.float()], -1)
        return x, gaps, lengths, targets


class _Learner(Learner[Series]):
    def __init__(self, training: Sequence[Series], validation: Sequence[Series], request: Request):
        plan = read_settings(Settings, request.settings)
        self.names = training[0].names
        check_names(validation, self.names)
        self.scale = Scale.of([one.record for one in training])
        self.pieces = [piece for one in training for piece in _pieces(one.record)]
        self.held = validation
        self.order = Batches([len(one.times) for one in self.pieces], plan.batch_size, request.seed)
        self.settings = {
            "cell": request.cell or "ODERNNCell", "quantities": len(self.names), "hidden_size": plan.hidden_size,
        }  # fmt: skip
        self.module = make_next_value(**self.settings)
        self.learning_rate, self.batches = plan.learning_rate, len(self.order)
        self.most = plan.epochs * self.batches

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """The mean absolute error of the next observations, in spreads."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        x, gaps, lengths, targets = self.scale.batch([self.pieces[k] for k in self.order[update]])
        if len(self.names) == 1:
            return differences(self.module, x, gaps, lengths).abs().mean()
        errors = (self.module(x, gaps, lengths) - targets[1:])[~targets[1:].isnan()]
        return errors.abs().mean()

    def validate(self) -> float:
        """Return the mean absolute error of the validation records."""
        fitted = self.finish()
        return of_records(self.held, fitted.predictions(self.held), fitted.unit).value

    def finish(self) -> FittedIrregular:
        """Return the model."""
        notes = {
            "names": list(self.names), "mean": self.scale.mean.tolist(), "spread": self.scale.spread.tolist(),
            "gap": self.scale.gap,
        }  # fmt: skip
        return FittedIrregular(self.module, self.settings, notes)

    def baseline(self, records: Sequence[Series]) -> tuple[str, Score]:
        """Return the error of the last value carried forward, or of the mean, whichever is better in validation."""
        scores = {}
        unit = self.finish().unit
        for name in (LAST, MEAN):
            found = [self._simple(name, some) for some in (self.held, records)]
            scores[name] = [
                of_records(some, each, unit) for some, each in zip((self.held, records), found, strict=True)
            ]
        best = min(scores, key=lambda name: scores[name][0].value)
        return best, scores[best][1]

    def _simple(self, name: str, records: Sequence[Series]) -> list[np.ndarray]:
        mean = self.scale.mean
        if name == LAST:
            return [carried(one.record.values, mean) for one in records]
        return [np.broadcast_to(mean, (len(one.record.times) - 1, len(mean))) for one in records]


def _pieces(record: TimedRecord) -> list[TimedRecord]:
    """Cut a long record into pieces that share one observation, so that each observation is predicted once."""
    starts = range(0, max(1, len(record.times) - 1), LONGEST - 1)
    found = [
        TimedRecord(record.group, record.times[k : k + LONGEST], record.values[k : k + LONGEST]) for k in starts
    ]  # fmt: skip
    return [one for one in found if len(one.times) > 1 and not np.isnan(one.values[1:]).all()]


def of_records(records: Sequence[Series], predicted: Sequence[np.ndarray], unit: np.ndarray) -> Score:
    """Return the mean absolute error as a score of records, weighed by their number of values."""
    errors = [abs(each - one.record.values[1:]) / unit for one, each in zip(records, predicted, strict=True)]
    counts = [float((~np.isnan(each)).sum()) for each in errors]
    name = "mean absolute error" if len(unit) == 1 else "mean absolute error, in standard deviations"
    return Score(name, [float(np.nanmean(each)) for each in errors], counts, higher_is_better=False)


def check_names(records: Sequence[Series], names: tuple[str, ...]) -> None:
    """Raise ValueError if records have other quantities than the model."""
    for one in records:
        if one.names != names:
            raise ValueError(f"got records of {', '.join(one.names)[:200]}, expected {', '.join(names)[:200]}")


def read_line(line: str, names: Sequence[str]) -> tuple[float, np.ndarray]:
    """Return the time and the values ``[D]`` of a line; NaN where a cell is empty.

    Raises:
        ValueError: if there are other cells, or one is no number, or all values are missing.

    Example:
        >>> time, values = read_line("0.5,72,", ["HR", "T"])
        >>> time, values.tolist()
        (0.5, [72.0, nan])
    """
    time, *cells = line.split(",")
    values = np.array([number(cell) for cell in cells])
    bad = [cell for cell, value in zip(cells, values, strict=True) if cell.strip() and np.isnan(value)]
    if len(cells) != len(names) or bad or np.isnan(number(time)) or np.isnan(values).all():
        raise ValueError(
            f"expected a time and {', '.join(names)[:200]}, numbers with commas between, got {line[:40]!r}"
        )
    return number(time), values


class Irregular(Task[Series]):
    """Forecast values measured at irregular times."""

    name = "irregular"
    summary = "Forecast the next observation of records measured at irregular times."
    takes = "a long or wide table of records (--group), times (--time) and quantities (--column, may be repeated)"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Series]:
        """Read records of at least two observations."""
        read_settings(Settings, request.settings)
        columns, records, said = request.columns, [], []
        for path in paths:
            found = read_observations(path, group=columns.group, time=columns.time, columns=columns.values, least=2)
            if records and found.names != records[0].names:
                raise DataError(
                    f"{path} has {', '.join(found.names)[:200]}, expected {', '.join(records[0].names)[:200]}"
                )
            mine = [Series(one, found.names) for one in found.records if not np.isnan(one.values[1:]).all()]
            records += mine
            count = sum(len(one.record.times) for one in mine)
            said += [
                *found.understood, f"{path.name}: {len(mine):,} records, {count:,} times, "
                f"{len(found.names)} quantities: {', '.join(found.names)[:200]}",
            ]  # fmt: skip
        return Found(records, said, [one.record.group for one in records])

    def learner(self, training: Sequence[Series], validation: Sequence[Series], request: Request) -> Learner[Series]:
        """Build a network whose state follows the time between observations."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedIrregular:
        """Load a network."""
        module, notes = load_made(
            folder, lambda settings: make_next_value(**settings), (NextValue,), "a network of irregular series"
        )  # fmt: skip
        return FittedIrregular(module, {}, notes)


TASK = Irregular()
