"""Irregularly sampled series: an ODE-RNN whose state evolves between observations.

**Question.** When observations come at irregular times, what does a state that evolves between them by a learned
differential equation gain over an LSTM that ignores the gaps?

**Method.** Noisy sine waves, each with its own period and phase, are observed at random times; every network
predicts the next value. An LSTM that does not see the times can only guess, so the fair competitors see them too: an
LSTM with each gap as a second input and the gap to the next value as an input of its output network; the same LSTM
with three times the updates, about the time an ODE-RNN takes; and a GRU whose state decays between observations at
learned rates. In the ODE-RNN, a GRU's state follows dh/dt = f(h), solved in training with two and with four midpoint
steps per gap by turns, so that it cannot rely on the errors of one solver, and in tests with two. All networks have
about 8,000 parameters. They are tested at the gaps of training, at gaps twice as long, and at increasing distances
beyond the last observation. The trained equation is also solved with steps a quarter as long: if that changes the
error, the network has learned the solver rather than a flow. If the data is available, the same networks predict the
next heart rate of patients in intensive care, whose stays are split before anything is fitted.

**What to expect.** An error well below that of the LSTM with the gap as an input. Rubanova et al. (2019) found the
ODE-RNN ahead in interpolation but behind in extrapolation, where an encoder-decoder is needed. No prediction of a
noisy value can have an expected squared error below the noise's variance, 0.0025.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Table
from elman.lab.formatting import decimal
from elman.lab.over_seeds import POSITIVE, across
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import chosen

if TYPE_CHECKING:
    from elman.nn.irregular import NextValue

BLIND, GAPS, LONGER, DECAY, ODE = ARMS = (
    "LSTM without gaps", "LSTM, gap as input", "LSTM, gap as input, 3x updates", "GRU with decay", "ODE-RNN",
)  # fmt: skip
WAVES, HEARTS = {"series": "waves"}, {"series": "heart rate"}
FLOOR = 0.05**2
WARM = 10  # observations before predictions count; fewer do not determine the period
HORIZONS = (0.5, 1, 2, 3, 4, 6, 8, 12)
BINS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
PARAMETERS = 8000


@dataclass(frozen=True)
class Plan:
    """Sizes of the waves and of the training."""

    steps: PositiveInt = 40
    updates: PositiveInt = 3000
    updates_real: PositiveInt = 800
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 1e-2
    test_size: PositiveInt = 2000
    solver_steps: tuple[PositiveInt, ...] = (2, 4)  # midpoint steps per gap, one after the other in training
    arms: tuple[str, ...] = ARMS
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        chosen("arms", self.arms, ARMS)
        if not self.solver_steps:
            raise ValueError("solver_steps must be one or more numbers of steps, got none")


QUICK = Plan(
    steps=25, updates=150, updates_real=25, batch_size=32, learning_rate=2e-2, test_size=500,
    arms=(BLIND, GAPS, LONGER, ODE), seeds=4,
)  # fmt: skip


def claims(plan: Plan) -> list[Claim]:
    """State what seeing the gaps, and a flow through them, gains."""
    rubanova = "Rubanova, Chen & Duvenaud (2019), Latent ODEs for Irregularly-Sampled Time Series"

    def ratios(one: str, other: str, name: str = "error") -> Callable[[Arms], list[float]]:
        return lambda arms: [a / b for a, b in arms.on(**WAVES).together((one, name), (other, name))]

    def finer(arms: Arms) -> list[float]:
        return [a / b - 1 for a, b in arms.on(**WAVES).together((ODE, "finer"), (ODE, "error"))]

    def far(arms: Arms) -> list[float]:
        errors = [zip(HORIZONS, record.series["far"], strict=True) for record in arms.on(**WAVES)[ODE]]
        return [sum(error for horizon, error in one if horizon >= 12) - 0.5 for one in errors]

    def blind(arms: Arms) -> list[float]:
        return [a / b for a, b in arms.on(**HEARTS).together((BLIND, "rmse"), (ODE, "rmse"))]

    stated = [
        Claim("ode", "The ODE-RNN's error is below that of the LSTM that ignores the gaps.",
              "textbook exercise 15.35", "times the ODE-RNN's squared error", at_least=1.0, role="answer",
              otherwise="The LSTM that ignores the gaps has a lower error than the ODE-RNN.",
              measure=ratios(BLIND, ODE)),
        Claim("ignores", "Giving the LSTM the gaps as an input at least halves its error.",
              "textbook exercise 15.35", "ratio of squared errors", at_least=2.0, measure=ratios(BLIND, GAPS)),
        Claim("four", "The ODE-RNN's error is at most a quarter of the error of the LSTM with gaps.",
              "a prototype of this study: 0.177 to 0.031", "ratio of squared errors", at_least=4.0,
              measure=ratios(GAPS, ODE)),
        Claim("time", "The ODE-RNN's error is below that of the LSTM with gaps trained three times as long.",
              "the control for cost", "ratio of squared errors", at_least=1.0, role="control",
              otherwise="The LSTM with gaps, trained three times as long, has a lower error than the ODE-RNN.",
              measure=ratios(LONGER, ODE)),
        Claim("decay", "The ODE-RNN's error is below that of the GRU with decay.", rubanova,
              "ratio of squared errors", at_least=1.0, measure=ratios(DECAY, ODE)),
        Claim("longer", "At gaps twice as long as in training, the ODE-RNN's error is below that of the LSTM with "
              "gaps.", rubanova, "ratio of squared errors", at_least=1.0, measure=ratios(GAPS, ODE, "longer")),
        Claim("flow", "Steps a quarter as long change the ODE-RNN's error by less than a tenth.",
              "a solution does not depend on its solver", "relative change", at_least=-0.1, at_most=0.1,
              role="control", otherwise="Steps a quarter as long change the ODE-RNN's error, so it has learned its "
              "solver rather than a flow.", measure=finer),
        Claim("far", "Two periods or more beyond the last value, the ODE-RNN predicts worse than the mean.",
              rubanova + ": it extrapolates badly", "squared error minus the wave's variance", at_least=0.0,
              measure=far),
        Claim("hearts", "On heart rates, the ODE-RNN's error is at least a twentieth below that of the LSTM that "
              "ignores the gaps.", rubanova, "ratio of errors", at_least=1.05, needs="physionet2012",
              measure=blind),
    ]  # fmt: skip
    needed = {"ode": {BLIND, ODE}, "ignores": {BLIND, GAPS}, "four": {GAPS, ODE}, "time": {LONGER, ODE},
              "decay": {DECAY, ODE}, "longer": {GAPS, ODE}, "hearts": {BLIND, ODE}}  # fmt: skip
    return [claim for claim in stated if needed.get(claim.key, {ODE}) <= set(plan.arms)]


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per arm and seed, and the heart rates' trials if the data is available."""
    from elman import data

    found = [Trial(arm, seed, WAVES) for arm in plan.arms for seed in range(plan.seeds)]
    if read := data.checksums("physionet2012"):
        arms = [arm for arm in plan.arms if arm != LONGER]
        found += [Trial(arm, seed, HEARTS, read) for arm in arms for seed in range(plan.seeds)]
    return found


def make_model(arm: str) -> "NextValue":
    """Build the network of an arm, with the number of units nearest to 8,000 parameters."""
    from elman.cells import LSTMCell, ODERNNCell
    from elman.nn.irregular import DecayCell, NextValue

    def model(units: int) -> NextValue:
        if arm == ODE:
            return NextValue(ODERNNCell(2, units))
        if arm == DECAY:
            return NextValue(DecayCell(2, units))
        return NextValue(LSTMCell(1 if arm == BLIND else 2, units))

    import torch

    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        units = min(range(4, 80), key=lambda units: abs(_count(model(units)) - PARAMETERS))
    return model(units)


def _count(model) -> int:
    return sum(p.numel() for p in model.parameters())


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network and test it once."""
    return (_hearts if trial.on == HEARTS else _waves)(plan, trial, make_model(trial.arm), desk)


def _waves(plan: Plan, trial: Trial, model: "NextValue", desk: Desk) -> Record:
    import torch

    from elman.data.irregular import Waves
    from elman.train.loop import losses, train

    seed = trial.seed or 0
    training, test = (torch.Generator().manual_seed(2 * seed + part) for part in (0, 1))
    waves, updates = Waves(plan.steps), (3 if trial.arm == LONGER else 1) * plan.updates

    def loss(update: int):
        values, gaps = waves.draw(plan.batch_size, training)
        _solve_with(model, plan.solver_steps[update % len(plan.solver_steps)])
        return (model(values, gaps) - values[1:])[WARM - 1 :].square().mean()

    found = losses(
        train(model, loss, updates, learning_rate=plan.learning_rate),
        lambda update, loss: desk.progress(update, updates, loss=loss),
    )
    model.eval()
    _solve_with(model, plan.solver_steps[0])
    with torch.no_grad():
        values, gaps, beyond = waves.draw_on(plan.test_size, test, HORIZONS)
        long = Waves(plan.steps, gap=2.0).draw(plan.test_size, test)
        squares, waits = _squares(model, values, gaps)
        last = model.encode(values, gaps)[-1]
        far = [
            (model.ask(last, torch.full((plan.test_size,), h)) - wave).square().mean().item()
            for h, wave in zip(HORIZONS, beyond, strict=True)
        ]
        numbers = {
            "error": squares.mean().item(),
            "longer": _squares(model, *long)[0].mean().item(),
            "parameters": float(_count(model)),
            "last loss": found[-1],
        }
        if trial.arm == ODE:
            _solve_with(model, 4 * plan.solver_steps[0])
            numbers["finer"] = _squares(model, values, gaps)[0].mean().item()
    edges = [*BINS, float("inf")]
    inside = [(waits >= low) & (waits < high) for low, high in pairwise(edges)]
    by_gap = [squares[part].mean().item() if part.any() else float("nan") for part in inside]
    return Record(numbers, {"far": far, "by gap": by_gap, "gap": [waits[p].mean().item() for p in inside]})


def _solve_with(model: "NextValue", steps: int) -> None:
    """Set the number of solver steps per gap of an ODE-RNN; other networks have none."""
    from elman.cells import ODERNNCell

    if isinstance(model.cell, ODERNNCell):
        model.cell.steps = steps


def _squares(model: "NextValue", values, gaps):
    """Return squared errors after the first observations, and the gaps before the predicted values."""
    return (model(values, gaps) - values[1:])[WARM - 1 :].square(), gaps[WARM:]


def _hearts(plan: Plan, trial: Trial, model: "NextValue", desk: Desk) -> Record:
    import torch

    from elman.apps.next_values import differences
    from elman.data.catalogue import find_set
    from elman.data.files import find
    from elman.data.irregular import as_batch, read_stays, split_series
    from elman.train.loop import losses, train

    seed = trial.seed or 0
    learned, test = split_series(read_stays(find(find_set("physionet2012"))), seed)
    seen = torch.tensor([value for stay in learned for value in stay.values])
    mean, spread = seen.mean(), seen.std()
    choice = torch.Generator().manual_seed(seed)

    def error(stays):
        values, gaps, lengths = as_batch(stays)
        values = (values - mean) / spread
        there = torch.arange(1, len(values))[:, None] < lengths
        carried = (values[1:] - values[:-1])[there].square()
        return differences(model, values, gaps, lengths).square(), carried

    def loss(update: int):
        rows = torch.randint(len(learned), (max(1, plan.batch_size // 2),), generator=choice).tolist()
        _solve_with(model, plan.solver_steps[update % len(plan.solver_steps)])
        return error([learned[row] for row in rows])[0].mean()

    losses(
        train(model, loss, plan.updates_real, learning_rate=plan.learning_rate / 2),
        lambda update, loss: desk.progress(update, plan.updates_real, loss=loss),
    )
    model.eval()
    _solve_with(model, plan.solver_steps[0])
    with torch.no_grad():
        squares, carried = error(test)
    rmse, last, still = (
        (spread * v.mean().sqrt()).item()
        for v in (
            squares,
            carried,
            (torch.tensor([v for s in test for v in s.values[1:]]) - mean).square() / spread**2,
        )
    )
    return Record({"rmse": rmse, "last value": last, "mean": still})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return errors by gap and by distance beyond the last value, and on heart rates if available."""
    arms, real = Arms(records).on(**WAVES), Arms(records).on(**HEARTS)
    waves = [arm for arm in ARMS if arm in arms]

    def shown(arm: str, name: str = "error", digits: int = 4) -> str | None:
        return arms.formatted(arm, name, POSITIVE, digits)

    tables = [
        Table("Squared error of the next value",
              ["network", "parameters", "as trained", "gaps twice as long", "CPU time of a trial, s"],
              [[arm, round(arms.numbers(arm, "parameters")[0]), shown(arm), shown(arm, "longer"),
                round(sum(r.seconds for r in arms[arm]) / len(arms[arm]), 1)] for arm in waves],
              f"Means with 95 % intervals over seeds. The variance of the noise is {FLOOR:.4f}, of the wave 0.5."),
    ]  # fmt: skip
    if real.records:

        def beats(arm: str, name: str) -> str | None:
            return real.formatted(arm, name, POSITIVE, 2)

        first = next(iter(real))
        rows = [[arm, beats(arm, "rmse")] for arm in real]
        rows += [["the last value again", beats(first, "last value")], ["the mean", beats(first, "mean")]]
        tables.append(
            Table("The next heart rate in intensive care", ["network", "root mean squared error, beats per minute"],
                  rows, "PhysioNet 2012, 350 stays, a different fifth held out for each seed; gaps in hours.")
        )  # fmt: skip
    mean = {arm: arms.mean(arm, "error") for arm in waves}
    return Findings(
        summary="Squared error of the next value: " + ", ".join(f"{arm} {decimal(mean[arm], 4)}" for arm in waves)
        + f"; the variance of the noise is {FLOOR:.4f}.",
        tables=tables,
        figures=[
            _lines("Error by the gap before the value",
                   "gap before the value, in time units (the mean period is 6)",
                   {arm: [r.series["by gap"] for r in arms[arm]] for arm in waves},
                   arms[waves[0]][0].series["gap"] if waves else [],
                   f"Means are geometric. The variance of the noise is {FLOOR:.4f}."),
            _lines("Error beyond the last value", "time after the last value, in time units",
                   {arm: [r.series["far"] for r in arms[arm]] for arm in waves}, HORIZONS,
                   "Error of the wave without noise; its variance is 0.5. The mean gap in training was 1."),
        ],
    )  # fmt: skip


def _lines(title: str, x_label: str, lines: dict[str, list[list[float]]], x: Sequence[float], caption: str) -> Curves:
    series = []
    for arm, seeds in lines.items():
        series.append(across(arm, x, seeds, logarithmic=True))
    return Curves(title, x_label, "squared error", series, log_y=True, caption=caption)
