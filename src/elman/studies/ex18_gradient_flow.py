"""Gradient flow through a hundred time steps.

**Question.** How much of the gradient of a loss at the last step reaches the earlier states in a vanilla network,
an LSTM and a GRU, and do the gates alone let it pass?

**Method.** Freshly initialised networks read 100 steps of Gaussian noise; the loss is a random linear function of
the last output. The norm of ∂L/∂h at every step (and of ∂L/∂c for the LSTM) is computed in float64, since in
float32 the interesting part underflows to zero. Each variant has several seeds; bands are 95 % intervals of the
mean logarithm. The measure is log10 of the norm at step 1 over the norm at step 100, in orders of magnitude: at
zero the whole gradient arrives, at -20 almost nothing.

*PyTorch's default* draws all weights and biases uniformly from ±1/√H. The other variants change one thing:
an orthogonal recurrent matrix (times a gain) for the vanilla network, a forget-gate bias for the LSTM, an
update-gate bias for the GRU (in PyTorch's convention a large update gate keeps the state).

**What to expect.** According to the textbook the vanilla network's gradient vanishes and gates prevent this. But a
gate passes only as much as it is open: with biases around zero a forget gate is one half, and 0.5 to the power of
99 is 10 to the power of -30. Jozefowicz et al. (2015) therefore start the forget bias at 1 or 2, and Tallec and
Ollivier (2018) at the logarithm of the time scale that the network should bridge.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table
from elman.lab.over_seeds import spread
from elman.lab.study import Record, Trial
from elman.lab.verdicts import interval
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.shared.comparing_cells import further_cells, trials_on

BOOK = "textbook: gated architectures solve the vanishing gradient (exercise 15.18)"
STARTS = {  # by cell: the gain of an orthogonal recurrent matrix or the bias of a gate; None is PyTorch's default
    "RNN": {"RNN": None, "RNN orthogonal": 1.0, "RNN orthogonal x1.5": 1.5},
    "LSTM": {"LSTM": None, "LSTM forget bias 1": 1.0, "LSTM forget bias 3": 3.0, "LSTM forget bias 5": 5.0},
    "GRU": {"GRU": None, "GRU update bias 1": 1.0, "GRU update bias 3": 3.0},
}  # fmt: skip
ARMS = {arm: (kind, start) for kind, arms in STARTS.items() for arm, start in arms.items()}


@dataclass(frozen=True)
class Plan:
    """Sizes, and the number of seeds of each variant."""

    steps: PositiveInt = 100
    hidden_size: PositiveInt = 64
    input_size: PositiveInt = 16
    batch_size: PositiveInt = 8
    cells: tuple[str, ...] = ()  # further cells, with their own initialisation, by name or file.py:Class
    seeds: PositiveInt = 10


QUICK = Plan(seeds=5)


def claims(plan: Plan) -> list[Claim]:
    """State the textbook's view and the effect of initialisation."""
    unit = "orders of magnitude"

    def of(arm: str) -> Callable[[Arms], list[float]]:
        return lambda arms: passed([record.series["h"] for record in arms[arm]])

    return [
        Claim("rnn-vanishes", "A vanilla network passes at most 10⁻⁵ of the gradient to the first step.",
              BOOK, unit, at_most=-5, role="answer",
              otherwise="A vanilla network passes more than 10⁻⁵ of the gradient to the first step.",
              measure=of("RNN")),
        Claim("lstm-passes", "An LSTM with PyTorch's default initialisation passes at least 10⁻³ of the gradient.",
              BOOK, unit, at_least=-3, role="answer",
              otherwise="An LSTM with PyTorch's default initialisation passes less than 10⁻³ of it.",
              measure=of("LSTM")),
        Claim("gru-passes", "A GRU with PyTorch's default initialisation passes at least 10⁻³ of the gradient.",
              BOOK, unit, at_least=-3, measure=of("GRU")),
        Claim("forget-bias", "An LSTM with a forget bias of 3 passes at least 10⁻³ of the gradient.",
              "Jozefowicz et al. (2015), Tallec & Ollivier (2018)", unit, at_least=-3, role="answer",
              otherwise="An LSTM with a forget bias of 3 passes less than 10⁻³ of the gradient.",
              measure=of("LSTM forget bias 3")),
        Claim("update-bias", "A GRU with an update bias of 3 passes at least 10⁻³ of the gradient.",
              "Tallec & Ollivier (2018)", unit, at_least=-3, measure=of("GRU update bias 3")),
        Claim("explodes", "With an orthogonal recurrent matrix times 1.5 a vanilla network's gradient grows.",
              "Pascanu, Mikolov & Bengio (2013): a spectral radius above 1 is necessary, not sufficient", unit,
              at_least=0, measure=of("RNN orthogonal x1.5")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return every arm with every seed; a seed draws the same input for all arms."""
    return trials_on([{}], ARMS, plan.cells, plan.seeds)


def make_cell(arm: str, input_size: int, hidden_size: int):
    """Return the arm's cell in float64, with PyTorch's initialisation except for what the arm's name says."""
    import torch

    from elman.cells import GRUCell, LSTMCell, RNNCell

    kind, start = ARMS[arm]
    cell = {"RNN": RNNCell, "LSTM": LSTMCell, "GRU": GRUCell}[kind](input_size, hidden_size).double()
    bound = 1 / math.sqrt(hidden_size)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.uniform_(-bound, bound)
        if kind != "GRU":  # PyTorch's two biases add up
            cell.bias += torch.empty_like(cell.bias).uniform_(-bound, bound)
        if start is not None and kind == "RNN":
            torch.nn.init.orthogonal_(cell.weight_hh, start)
        elif start is not None:
            gates = 4 if kind == "LSTM" else 3
            cell.bias.chunk(gates)[1].fill_(start)  # block 1: f of the LSTM, z of the GRU
    return cell


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Measure the gradient norms of one network."""
    import torch

    from elman.cells.lookup import cell_named
    from elman.probe.gradient_flow import gradient_flow

    x = torch.randn(plan.steps, plan.batch_size, plan.input_size, dtype=torch.float64)
    direction = torch.randn(plan.hidden_size, dtype=torch.float64)
    if trial.arm not in ARMS:
        cell = cell_named(further_cells(plan.cells)[trial.arm])(plan.input_size, plan.hidden_size).double()
        if cell.output_size != plan.hidden_size:
            direction = torch.randn(cell.output_size, dtype=torch.float64)
    else:
        cell = make_cell(trial.arm, plan.input_size, plan.hidden_size)

    def loss(h: torch.Tensor) -> torch.Tensor:
        if not h.isfinite().all():  # the gradient may be finite even then
            raise TrialFailed("the last output is not finite")
        return (h @ direction).mean()

    norms = gradient_flow(cell, x, loss)
    if not all(values.isfinite().all() for values in norms.values()):
        raise TrialFailed("the gradient is not finite")
    return Record(series={field: values.tolist() for field, values in norms.items()})


def decades(norms: Sequence[float]) -> list[float]:
    """Return log10 of each norm; an exact zero counts as the smallest normal number."""
    return [math.log10(max(norm, 2.3e-308)) for norm in norms]


def passed(seeds: Sequence[Sequence[float]]) -> list[float]:
    """Return the orders of magnitude of the first step's norm over the last step's, one value per seed."""
    return [ends[0] - ends[-1] for ends in map(decades, seeds)]


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report curves over time, the ratio of first to last norm, and the role of initialisation."""
    arms = Arms(records)
    curves = {
        (arm, field): [record.series[field] for record in arms[arm]]
        for arm in arms for field in arms[arm][0].series
    }  # fmt: skip
    through = {key: passed(seeds) for key, seeds in curves.items()}
    rows = []
    for (arm, field), values in through.items():
        # ∂L/∂c and ∂L/∂h differ at the last step, so each field is compared with its own last step
        rows.append([arm, f"∂L/∂{field}", spread(values, 1), len(values)])

    def lines(shown: Iterable[str], field: str = "h") -> list[Series]:
        drawn = []
        for arm in shown:
            if (arm, field) in curves:
                bands = [interval(column) for column in zip(*map(decades, curves[arm, field]), strict=True)]
                mean, low, high = ([10.0**v for v in side] for side in zip(*bands, strict=True))
                seeds = len(curves[arm, field])
                drawn.append(Series(arm, list(range(1, len(bands) + 1)), mean,
                                    low if seeds > 1 else None, high if seeds > 1 else None))  # fmt: skip
        return drawn

    def figure(title: str, shown: Iterable[str], caption: str, field: str = "h") -> Curves:
        return Curves(title, "time step t", f"norm of ∂L/∂{field}ₜ", lines(shown, field), log_y=True,
                      caption=caption)  # fmt: skip

    further = list(further_cells(plan.cells))
    loss = {arm: -interval(through[arm, "h"])[0] if (arm, "h") in through else math.nan for arm in (*ARMS, *further)}
    lost = {arm: f"{value:.1f} orders of magnitude" for arm, value in loss.items()}
    others = {arm: loss[arm] for arm in further if arm in arms}
    reading = (
        f"From the last step to the first, PyTorch's default LSTM loses {lost['LSTM']} of the gradient and "
        f"its default GRU {lost['GRU']}; the vanilla network loses {lost['RNN']}. With a forget "
        f"bias of 3 the LSTM loses {lost['LSTM forget bias 3']}.\n\n"
        "The factor that multiplies the state at every step decides: the recurrent matrix's singular values times "
        "the slope of tanh in the vanilla network, the forget gate in the LSTM, the update gate in the GRU. With a "
        "gate this factor can be learned, and a bias can set it near one. A gate alone does not set it near one."
    )
    return Findings(
        summary=(
            f"Over {plan.steps} steps the gradient's norm loses {lost['RNN']} in a vanilla network, "
            f"{loss['LSTM']:.1f} in an LSTM with PyTorch's default initialisation, and "
            f"{loss['LSTM forget bias 3']:.1f} in an LSTM with a forget bias of 3"
            + "".join(f"; {value:.1f} in {label}" for label, value in others.items())
            + "."
        ),
        passages=[Passage("Reading", reading)],
        tables=[
            Table(
                f"log10 of the norm at step 1 over the norm at step {plan.steps}",
                ["variant", "gradient", "orders of magnitude", "seeds"],
                rows,
                "Means with 95 % intervals over seeds; negative if the gradient shrinks on its way back.",
            )
        ],
        figures=[
            figure("RNN, LSTM and GRU with gates that start open", ("RNN orthogonal", "LSTM forget bias 3",
                   "GRU update bias 3"), "Each cell as one would start it."),
            figure("PyTorch's default initialisation", ("RNN", "LSTM", "GRU"),
                   "All three gradients vanish; a gated one falls more slowly only if its gates are open."),
            figure("LSTM by forget bias", STARTS["LSTM"], "A bias of 3 or 5 keeps the gate open."),
            figure("LSTM by forget bias, cell state", STARTS["LSTM"],
                   "The gradient of the cell state. The forget gate multiplies it at every step, and what reaches "
                   "the state "
                   "through the outputs and the other gates is added, so it may grow on its way back.", "c"),
            figure("GRU by update bias", STARTS["GRU"], "PyTorch's update gate keeps the state if it is near one."),
            figure("Vanilla network by recurrent matrix", STARTS["RNN"],
                   "With an orthogonal matrix only the slope of tanh shrinks the gradient; times 1.5 it can "
                   "explode."),
            *([figure("Further cells", ("RNN", "LSTM", *further),
                      "Each with its own initialisation, beside PyTorch's RNN and LSTM.")]
              if further else []),
        ],
    )  # fmt: skip
