"""Forecast a series: the next values, with intervals that hold what they promise on held-out values."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import no_options, read_settings
from elman.baselines.seasonal import Seasonal, period_of
from elman.data.batches import Batches
from elman.data.errors import DataError
from elman.data.series import read_series
from elman.nn.forecaster import Forecaster
from elman.nn.saving import load_made

__all__ = ["TASK", "FittedForecaster", "Settings", "Window"]

COVERAGE = 0.9  # of an interval
SHOWN = 10
MOST = 20_000  # windows of a series
SHORT, LONG, DAY = 24, 60, 86_400  # steps of a window, seconds of a day


@dataclass(frozen=True)
class Settings:
    """What is forecast, and the network."""

    horizon: int = 0  # steps ahead; 0: the period, or a day if that is longer than 60 steps
    window: int = 0  # steps that are read; 0: the period, from 24 to 60
    period: int = 0  # steps of the season; 0: found in the training part; 1: none
    hidden_size: int = 64
    batch_size: int = 32
    learning_rate: float = 3e-3
    epochs: int = 50  # at most


@dataclass(frozen=True)
class Shape:
    """What the windows of a series have in common: its columns, and numbers of steps."""

    names: tuple[str, ...]
    window: int
    horizon: int
    period: int

    @property
    def least(self) -> int:
        """Number of values that a forecast needs: a window, and the season before it."""
        return self.window + self.period


@dataclass(frozen=True)
class Window:
    """Values that are known and values to forecast, at one place of a series.

    Args:
        known: ``[T, D]``, from the beginning of the series on.
        ahead: ``[H, D]``, what follows.
        when: time or number of the first value to forecast.
        shape: what all windows of the series have in common.
    """

    known: np.ndarray
    ahead: np.ndarray
    when: str
    shape: Shape


class FittedForecaster(Fitted[Window]):
    """A network that corrects the seasonal forecast, with intervals of calibrated width."""

    task = "forecast"
    by_line = False

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.shape = Shape(tuple(notes["names"]), *(int(notes[name]) for name in ("window", "horizon", "period")))
        self.centre, self.scale = (np.array(notes[name], float) for name in ("centre", "scale"))
        self.widths = np.array(notes["widths"], float)

    @property
    def reading(self) -> Mapping[str, Any]:
        """The numbers of steps."""
        return {"window": self.shape.window, "horizon": self.shape.horizon, "period": self.shape.period}

    def forecast(self, known: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the forecasts and the ends of their 90 % intervals, each ``[N, H, D]``.

        Args:
            known: values ``[T, D]`` up to now, T at least a window and a season.
        """
        middle = forecasts(self.module, known, self.shape, self.centre, self.scale)
        half = self.widths[None]
        return middle, middle - half, middle + half

    def judge(self, records: Sequence[Window]) -> Judged:
        """Return the mean absolute error over windows, in the unit of the series, and the worst forecasts."""
        middle, low, high = self.forecast([one.known for one in records])
        ahead = np.stack([one.ahead for one in records])
        errors = abs(middle - ahead).mean((1, 2))
        worst: list[int] = []
        for k in np.argsort(-errors).tolist():
            if len(worst) < SHOWN and all(abs(k - other) >= self.shape.horizon for other in worst):
                worst.append(k)
        mistakes = [Mistake(f"from {records[k].when}", _line(ahead[k]), _line(middle[k])) for k in worst]
        inside = float(((low <= ahead) & (ahead <= high)).mean())
        said = f"the intervals, made to hold {COVERAGE:.0%} of the values, hold {inside:.0%} of these"
        return Judged(in_blocks(errors, self.shape.horizon), mistakes, [said])

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Read all lines, a row of values each, and yield the forecast of every step ahead with its interval."""
        no_options(options)
        rows = []
        for number, line in enumerate(lines, start=1):
            try:
                cells = [float(cell) for cell in line.replace(";", ",").split(",")[-len(self.shape.names) :]]
                if len(cells) != len(self.shape.names) or not np.isfinite(cells).all():
                    raise ValueError
                rows.append(cells)
            except ValueError:
                if number > 1 and line.strip():  # the first line may be a header
                    yield Answer(error=f"expected {len(self.shape.names)} finite numbers, got {line[:40]!r}")
                    return
        if len(rows) < self.shape.least:
            yield Answer(error=f"got {len(rows)} rows, expected at least {self.shape.least}: the model reads so many")
            return
        middle, low, high = (found[0] for found in self.forecast([np.array(rows)]))
        for step in range(self.shape.horizon):
            each = {
                name: {"value": middle[step, k], "low": low[step, k], "high": high[step, k]}
                for k, name in enumerate(self.shape.names)
            }
            said = "  ".join(f"{v['value']:.6g} ({v['low']:.6g} to {v['high']:.6g})" for v in each.values())
            yield Answer(f"+{step + 1}\t{said}", {"ahead": step + 1, **each})


class _Learner(Learner[Window]):
    def __init__(self, training: Sequence[Window], validation: Sequence[Window], request: Request):
        plan = read_settings(Settings, request.settings)
        self.shape, self.validation = training[0].shape, validation
        before = training[-1].known  # all values that training may see
        self.centre, self.scale = before.mean(0), before.std(0) + 1e-9
        self.seasonal = Seasonal(self.shape.period)
        width = before.shape[1]
        self.settings = {
            "width": width, "horizon": self.shape.horizon, "cell": request.cell or "GRUCell",
            "hidden_size": plan.hidden_size,
        }  # fmt: skip
        self.module = Forecaster(**self.settings)
        self.inputs, self.targets = self._encoded(training)
        self.checked = self._encoded(validation)
        self.order = Batches([self.shape.window] * len(training), plan.batch_size, request.seed, pool=1)
        self.learning_rate, self.batches = plan.learning_rate, len(self.order)
        self.most = plan.epochs * self.batches

    def _encoded(self, windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
        known = [one.known for one in windows]
        inputs = encoded(known, self.shape, self.centre, self.scale)
        usual = np.stack([self.seasonal.forecast(one, self.shape.horizon) for one in known])
        targets = (np.stack([one.ahead for one in windows]) - usual) / self.scale
        return inputs, torch.from_numpy(targets).float()

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """Mean absolute error of the correction, in standard deviations of the series."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        rows = torch.from_numpy(self.order[update])
        return (self.module(self.inputs[:, rows]) - self.targets[rows]).abs().mean()

    def validate(self) -> float:
        """Return the same error on the validation windows."""
        self.module.eval()
        with torch.inference_mode():
            return (self.module(self.checked[0]) - self.checked[1]).abs().mean().item()

    def finish(self) -> FittedForecaster:
        """Set the widths of the intervals by the errors on the validation windows (split conformal prediction)."""
        middle = forecasts(
            self.module, [one.known for one in self.validation], self.shape, self.centre, self.scale
        )  # fmt: skip
        errors = abs(middle - np.stack([one.ahead for one in self.validation]))
        rank = min(1.0, np.ceil((len(errors) + 1) * COVERAGE) / len(errors))
        notes = {
            **vars(self.shape), "names": list(self.shape.names), "centre": self.centre.tolist(),
            "scale": self.scale.tolist(), "widths": np.quantile(errors, rank, axis=0, method="higher").tolist(),
        }  # fmt: skip
        return FittedForecaster(self.module, self.settings, notes)

    def baseline(self, records: Sequence[Window]) -> tuple[str, Score]:
        """Return the error of the last season repeated, or of the last value if there is no season."""
        usual = np.stack([self.seasonal.forecast(one.known, self.shape.horizon) for one in records])
        errors = abs(usual - np.stack([one.ahead for one in records])).mean((1, 2))
        return self.seasonal.name, in_blocks(errors, self.shape.horizon)


def encoded(known: Sequence[np.ndarray], shape: Shape, centre: np.ndarray, scale: np.ndarray) -> Tensor:
    """Return what the network reads of each series, ``[W, N, 2 D + 2]``: its last values, their differences from the
    values one season before, and the phase of the season. Values are in standard deviations."""
    window, period = shape.window, shape.period
    last = np.stack([one[-window:] for one in known], 1)
    before = np.stack([one[-window - period : -period] for one in known], 1)
    steps = np.array([[len(one) - window + k for one in known] for k in range(window)])
    angle = 2 * np.pi * steps / period
    phase = np.stack([np.sin(angle), np.cos(angle)], -1) if period > 1 else np.zeros((*steps.shape, 2))
    return torch.from_numpy(np.concatenate([(last - centre) / scale, (last - before) / scale, phase], -1)).float()


def forecasts(
    module: Any, known: Sequence[np.ndarray], shape: Shape, centre: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return the corrected forecasts ``[N, H, D]``."""
    module.eval()
    seasonal, found = Seasonal(shape.period), []
    with torch.inference_mode():
        for start in range(0, len(known), 512):
            some = known[start : start + 512]
            corrections = module(encoded(some, shape, centre, scale)).double().numpy() * scale
            found.append(np.stack([seasonal.forecast(one, shape.horizon) for one in some]) + corrections)
    return np.concatenate(found)


def in_blocks(errors: np.ndarray, horizon: int) -> Score:
    """Return the mean error as a score of blocks: windows that overlap are not independent.

    Example:
        >>> in_blocks(np.array([1.0, 3.0, 5.0]), 2).values
        [2.0, 5.0]
    """
    starts = np.arange(0, len(errors), horizon)
    weights = np.diff(np.append(starts, len(errors)))
    means = np.add.reduceat(errors, starts) / weights
    return Score("mean absolute error", means.tolist(), weights.tolist(), higher_is_better=False)


def _line(values: np.ndarray) -> str:
    return ", ".join(f"{value:.4g}" for value in values[:8].ravel()) + (", ..." if len(values) > 8 else "")


class Forecast(Task[Window]):
    """Forecast the next values of a series, with intervals."""

    name = "forecast"
    summary = "Forecast the next values of a series, with intervals."
    takes = "a table with numbers (--column, may be repeated) and times (--time); --resample and --fill make it even"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Window]:
        """Read one series, and cut it into windows in the order of time."""
        if len(paths) != 1:
            raise DataError(f"a forecast reads one series, got {len(paths)} files")
        plan = read_settings(Settings, request.settings)
        series = read_series(
            paths[0], request.columns.values, time=request.columns.time, resample=request.resample, fill=request.fill
        )
        values = series.values
        period = plan.period or period_of(values[: round(0.8 * len(values)), 0])
        horizon = plan.horizon or (period if period <= LONG else max(1, round(DAY / series.step.total_seconds())))
        shape = Shape(series.names, plan.window or min(max(period, SHORT), LONG), horizon, period)
        first, last = shape.least, len(values) - horizon
        if last - first < 10 * horizon:
            least = first + 11 * horizon
            raise DataError(
                f"{paths[0]} has {len(values)} values, expected at least {least}: windows of {shape.window} and "
                f"{horizon} steps ahead; --set window= and --set horizon= make them shorter"
            )
        stride = max(1, (last - first) // MOST)
        records = [
            Window(values[:k], values[k : k + horizon], series.where(k), shape)
            for k in range(first, last + 1, stride)
        ]
        season = f"a season of {period} steps" if period > 1 else "no season"
        said = [
            *series.understood, f"{len(values):,} values of {', '.join(series.names)}, {season}",
            f"{shape.window} steps are read and {horizon} forecast, in {len(records):,} windows",
        ]  # fmt: skip
        return Found(records, said, ordered=True, gap=-(-horizon // stride) - 1)

    def learner(self, training: Sequence[Window], validation: Sequence[Window], request: Request) -> Learner[Window]:
        """Build a network that corrects the seasonal forecast."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedForecaster:
        """Load a forecaster."""
        module, notes = load_made(folder, lambda settings: Forecaster(**settings), (Forecaster,), "a forecaster")
        return FittedForecaster(module, {}, notes)


TASK = Forecast()
