"""Detect anomalies in a series: score every value as it comes, and raise an alarm above a threshold."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.apps.anomalies import (
    Tail,
    Unusual,
    as_columns,
    from_columns,
    newest_errors,
    smoothed,
)
from elman.apps.autoencoding import denoising_loss
from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.ranking import average_precision
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import no_options, read_settings
from elman.apps.tasks._stretches import Stretch, of_stretches, read_stretches
from elman.data.batches import Batches
from elman.data.reading import number
from elman.nn.autoencoder import SequenceAutoencoder
from elman.nn.saving import load_made
from elman.probe.anomaly import moving_z

__all__ = ["TASK", "FittedDetector", "Settings"]

SHOWN = 10
MOVING, MEAN, USUAL = "the moving z-score", "the z-score", "the deviation from the usual course"


@dataclass(frozen=True)
class Settings:
    """The usual course, the network, and the alarms."""

    period: int = 0  # steps; 1: none; 0: a week or a day if the training part covers it three times
    window: int = 24  # steps that the autoencoder reads
    smooth: int = 12  # steps over which scores are averaged; 1: not at all
    quantile: float = 0.995  # share of the validation part's values below the threshold
    hidden_size: int = 16
    code_size: int = 8
    hidden: float = 0.2  # share of a window's values that training hides
    batch_size: int = 64
    learning_rate: float = 1e-2
    updates: int = 1000  # at most
    events: str = ""  # file of the anomalies: the first and the last time, or number of a value, on each line


class FittedDetector(Fitted[Stretch]):
    """An autoencoder, the usual course and the mean, each turned into a surprise; and a threshold on their sum."""

    task = "detect"

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.names = tuple(notes["names"])
        self.window, self.smooth = int(notes["window"]), int(notes["smooth"])
        self.unusual = Unusual(from_columns(notes["usual"]), from_columns(notes["mean"]))
        self.tails = [Tail(tuple(one["body"]), float(one["scale"])) for one in notes["tails"]]
        self.thresholds = {name: float(value) for name, value in notes["thresholds"].items()}
        self.last = np.array(notes["last"], float).reshape(-1, len(self.names))

    @property
    def reading(self) -> Mapping[str, Any]:
        """The settings that decide what a stretch is."""
        return {"window": self.window, "period": len(self.unusual.usual[0].mean)}

    def surprises(self, values: np.ndarray, first: int = 0) -> np.ndarray:
        """Return the sum of the three surprises of each of the values ``[N, D]``, nats, before it is smoothed."""
        parts = components(self.module, self.unusual, values, first, self.window)
        return sum((tail.surprise(part) for tail, part in zip(self.tails, parts, strict=True)), np.zeros(len(values)))

    def scores(self, values: np.ndarray, first: int = 0) -> np.ndarray:
        """Return the scores ``[N]`` of values ``[N, D]``; a score above 1 is an alarm.

        Args:
            values: at least a window of values.
            first: step of the first value, counted as in the training.
        """
        return smoothed(self.surprises(values, first), self.smooth) / self.thresholds["model"]

    def simple(self, values: np.ndarray, first: int = 0) -> dict[str, np.ndarray]:
        """Return the scores ``[N]`` of the baselines, by name; a score above 1 is an alarm."""
        usual, level = self.unusual.largest(values, first)
        moving = np.max([moving_z(column, self.window) for column in values.T], 0)
        found = {MOVING: moving, MEAN: level, USUAL: usual}
        return {name: score / self.thresholds.get(name, 1.0) for name, score in found.items()}

    def judge(self, records: Sequence[Stretch]) -> Judged:
        """Return the average precision if there are labelled anomalies, else the alarms per 1,000 values; and the
        highest scores outside of anomalies."""
        found = of_stretches(records, self.scores)
        score = scored(found, records)
        alarm = found > 1
        said = []
        labels = labels_of(records)
        if score.measure is None:
            said.append("no labelled anomalies: alarms are counted, and every alarm counts as false")
        else:
            hit, raised = int((alarm & labels).sum()), int(alarm.sum())
            said.append(
                f"{raised:,} of {len(found):,} values raise an alarm, {hit:,} of them in anomalies, which are "
                f"{int(labels.sum()):,} values"
            )
        others = [f"{name} {value.value:.3g}" for name, value in self.baselines(records).items()]
        said.append(f"{score.name} of simpler scores: {', '.join(others)}")
        places = [one.where(k) for one in records for k in range(one.first, one.end)]
        rows = np.concatenate([one.values[one.first : one.end] for one in records])
        false = [k for k in np.argsort(-found, kind="stable").tolist() if alarm[k] and not labels[k]][:SHOWN]
        wrong = [
            Mistake(f"{places[k]}: {', '.join(f'{value:.4g}' for value in rows[k])}", "normal", f"{found[k]:.2f}")
            for k in false
        ]
        return Judged(score, wrong, said)

    def baselines(self, records: Sequence[Stretch]) -> dict[str, Score]:
        """Return the scores of the baselines on some records, by name."""
        return {name: scored(of_stretches(records, self.one(name)), records) for name in (MOVING, MEAN, USUAL)}

    def one(self, name: str) -> Callable[[np.ndarray, int], np.ndarray]:
        """Return the function of values and their first step that gives the scores of a baseline."""
        return lambda values, first: self.simple(values, first)[name]

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield the score of each line's values as it comes, after the values of the file that the model was fitted
        to; a score above 1 is an alarm. A line that cannot be read is a step without a score."""
        no_options(options)
        width = len(self.names)
        known = self.last
        before = smoothed(self.surprises(known, int(self.notes["next"]) - len(known)), self.smooth)[-1]
        place, known = int(self.notes["next"]), known[-self.window :]
        for line_number, line in enumerate(lines, start=1):
            cells = line.replace(";", ",").split(",")
            values = np.array([number(cell) for cell in cells[-width:]])
            if len(values) != width or np.isnan(values).any():
                if line_number > 1 or not all(cell.strip() and math.isnan(number(cell)) for cell in cells[-width:]):
                    place += 1
                    yield Answer(error=f"expected {width} finite numbers, got {line[:40]!r}")
                continue  # the first line may be a header
            known = np.concatenate([known[1:], values[None]])
            surprise = self.surprises(known, place - len(known) + 1)[-1:]
            before = smoothed(surprise, self.smooth, before)[-1]
            place += 1
            score = float(before / self.thresholds["model"])
            named = dict(zip(self.names, values.tolist(), strict=True))
            yield Answer(f"{score:.3f}" + "\talarm" * (score > 1), {"score": score, "alarm": score > 1, **named})


class _Learner(Learner[Stretch]):
    def __init__(self, training: Sequence[Stretch], validation: Sequence[Stretch], request: Request):
        self.plan = plan = read_settings(Settings, request.settings)
        if not 0 < plan.quantile < 1 or not 0 <= plan.hidden < 1 or plan.smooth < 1:
            raise ValueError(
                "quantile must be between 0 and 1, hidden from 0 to below 1 and smooth at least 1, got "
                f"{plan.quantile:g}, {plan.hidden:g} and {plan.smooth}"
            )
        self.shape, self.validation = training[0].shape, validation
        self.names, self.whole = self.shape.names, training[-1].values
        self.known = known = training[-1].values[training[0].first : training[-1].end]
        self.first = training[0].start + training[0].first
        if still := [name for name, column in zip(self.names, known.T, strict=True) if not np.ptp(column)]:
            raise ValueError(
                f"column {still[0]!r} never changes in the training part: there is nothing to learn from it"
            )
        self.unusual = Unusual.fit(known, self.shape.period, self.first)
        held = np.concatenate(
            [one.values[max(0, validation[0].first - plan.window + 1) : one.end] for one in validation[-1:]]
        )
        at = validation[0].start + max(0, validation[0].first - plan.window + 1)
        self.windows, self.checked = self._windows(known, self.first), self._windows(held, at)
        self.order = Batches([1] * self.windows.shape[1], plan.batch_size, request.seed, pool=1)
        self.settings = {
            "input_size": len(self.names), "hidden_size": plan.hidden_size, "code_size": plan.code_size,
            "cell": request.cell,
        }  # fmt: skip
        self.module = SequenceAutoencoder(**self.settings)
        self.learning_rate, self.batches, self.most = plan.learning_rate, len(self.order), plan.updates

    def _windows(self, values: np.ndarray, first: int) -> Tensor:
        steps = torch.from_numpy(self.unusual.deviations(values, first)).float()
        return steps.unfold(0, self.plan.window, 1).permute(2, 0, 1)  # [T, N - T + 1, D]

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """The squared error of reconstructing windows of deviations, of which a fifth is hidden."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        x = self.windows[:, torch.from_numpy(self.order[update])]
        return denoising_loss(self.module, x, torch.rand(x.shape) >= self.plan.hidden)

    def validate(self) -> float:
        """Return the mean absolute error of reconstructing the validation windows, in each at most 3 spreads."""
        self.module.eval()
        with torch.inference_mode():
            errors = [(self.module(part) - part).abs().mean((0, 2)) for part in self.checked.split(2048, 1)]
            return torch.cat(errors).clamp_max(3).mean().item()

    def finish(self) -> FittedDetector:
        """Fit the distributions of the three scores, and set the threshold on the validation part."""
        self.module.eval()
        end = self.validation[-1].end
        values, start = self.whole[:end], self.validation[-1].start
        parts = components(self.module, self.unusual, values, start, self.plan.window)
        tails = [Tail.fit(part) for part in parts]
        last = self.whole[-(self.plan.window + 20 * self.plan.smooth) :]
        notes = {
            "names": list(self.names), "window": self.plan.window, "smooth": self.plan.smooth,
            "usual": as_columns(self.unusual.usual), "mean": as_columns(self.unusual.mean),
            "tails": [{"body": list(tail.body), "scale": tail.scale} for tail in tails],
            "thresholds": {"model": 1.0}, "last": last.tolist(), "next": start + len(self.whole),
        }  # fmt: skip
        draft = FittedDetector(self.module, self.settings, notes)
        every = {"model": of_stretches(self.validation, draft.scores)}
        every |= {name: of_stretches(self.validation, draft.one(name)) for name in (MOVING, MEAN, USUAL)}
        notes["thresholds"] = {
            name: float(np.quantile(found, self.plan.quantile)) + 1e-12 for name, found in every.items()
        }
        self.fitted = FittedDetector(self.module, self.settings, notes)
        return self.fitted

    def baseline(self, records: Sequence[Stretch]) -> tuple[str, Score]:
        """Return the best of the moving z-score, the z-score and the deviation from the usual course."""
        every = self.fitted.baselines(records)
        best = (max if every[MEAN].higher_is_better else min)(every, key=lambda name: every[name].value)
        return best, every[best]


def components(
    module: Any, unusual: Unusual, values: np.ndarray, first: int, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the autoencoder's error, the deviation from the usual course, and from the mean, each ``[N]``."""
    return newest_errors(module, unusual.deviations(values, first), window), *unusual.largest(values, first)


def labels_of(records: Sequence[Stretch]) -> np.ndarray:
    """Return which values are labelled anomalies, ``[N]``; none if there are no labels."""
    every = [one.labels if one.labels is not None else np.zeros(len(one.values), bool) for one in records]
    return np.concatenate([labels[one.first : one.end] for one, labels in zip(records, every, strict=True)])


def scored(found: np.ndarray, records: Sequence[Stretch]) -> Score:
    """Return the average precision of scores, or the alarms per 1,000 values if there are no labelled anomalies."""
    labels = labels_of(records)
    sizes = [one.end - one.first for one in records]
    if labels.any() and not labels.all():
        return average_precision(found, labels, np.repeat(np.arange(len(records)), sizes))
    starts = np.cumsum([0, *sizes[:-1]])
    alarms = 1000 * np.add.reduceat((found > 1).astype(float), starts) / np.array(sizes)
    return Score("alarms per 1,000 values", alarms.tolist(), sizes, higher_is_better=False)


class Detect(Task[Stretch]):
    """Score every value of a series by how unusual it is."""

    name = "detect"
    summary = "Score every value of a series by how unusual it is, and raise alarms."
    takes = "a table with numbers (--column, may be repeated), times (--time) and, if known, anomalies as 1 (--label)"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Stretch]:
        """Read one series, and cut it into stretches in the order of time; half is the test part."""
        plan = read_settings(Settings, request.settings)
        return read_stretches(paths, request, plan.period, plan.window, plan.events)

    def learner(
        self, training: Sequence[Stretch], validation: Sequence[Stretch], request: Request
    ) -> Learner[Stretch]:
        """Fit the usual course, and build an autoencoder of deviations from it."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedDetector:
        """Load a detector."""
        module, notes = load_made(
            folder, lambda settings: SequenceAutoencoder(**settings), (SequenceAutoencoder,), "a detector"
        )  # fmt: skip
        return FittedDetector(module, {}, notes)


TASK = Detect()
