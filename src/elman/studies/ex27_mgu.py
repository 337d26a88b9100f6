"""The minimal gated unit against the GRU and the LSTM.

**Question.** One gate in place of two or three: what does the minimal gated unit (MGU) save in parameters, and
what does it cost in performance?

**Method.** Parameters are counted from the real cells at the chapter's sizes, 128 inputs and 256 units. Then
the three learn to copy five symbols after a delay and to keep a symbol in a stream of stores and recalls, once
with the same number of units and once with as many units as have the MGU's parameters. The exercise prints the
gate without a bias. Since h = (1 - f) h + f h~, the unit remembers where f is near *zero*; without a bias f
starts at one half, and half of the state is lost at every step. So a further arm starts the gate's bias at -2,
where f is 0.12. PyTorch's GRU writes its update gate the other way round and applies the reset gate after the
product.

**What to expect.** 2 (H I + H² + H) parameters, half of the LSTM's and two thirds of the GRU's. Zhou et al.
(2016) found it on a par with the GRU on four tasks. On long lags its performance should hang on the bias.
"""

from collections.abc import Sequence

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Table
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.verdicts import judge
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import (
    GAIN,
    accuracy_table,
    learn_task,
    learning_curves,
    variants,
)

ARMS = ("MGU", "MGU gate bias -2", "GRU", "LSTM", "GRU equal parameters", "LSTM equal parameters")
ZHOU = "Zhou et al. (2016), Minimal Gated Unit for Recurrent Neural Networks"
TASKS = ("copy", "store and recall")
BLOCKS = {"MGU": 2, "GRU": 3, "LSTM": 4}
CHAPTER = (128, 256)  # inputs and units of the exercise


@dataclass(frozen=True)
class Plan:
    """Sizes of the tasks and the training."""

    hidden_size: PositiveInt = 32
    delay: PositiveInt = 20
    rounds: PositiveInt = 4
    gap: PositiveInt = 20
    updates: PositiveInt = 3000
    batch_size: PositiveInt = 64
    test_size: PositiveInt = 1000
    learning_rate: PositiveFloat = 5e-3
    cells: tuple[str, ...] = ()  # further cells, by name or file.py:Class
    seeds: PositiveInt = 5


QUICK = Plan(updates=400, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """The counts, exactly, and what one gate costs."""
    formula = "2 (H I + H² + H), the equations with one bias a block"
    return [
        Claim("count", "At 128 inputs and 256 units an MGU has 197,120 parameters.", formula, "parameters",
              at_least=197_120, at_most=197_120),
        Claim("printed", "As the exercise prints it, without a bias, it has 196,608.", "2 (H I + H²)", "parameters",
              at_least=196_608, at_most=196_608),
        Claim("half", "It has half the parameters of an LSTM.", formula, "share", at_least=0.5, at_most=0.5),
        Claim("thirds", "Its weights are two thirds of a GRU's.", "2 (H I + H²) to 3 (H I + H²)", "share",
              at_least=2 / 3, at_most=2 / 3),
        Claim("par", "At equal parameters the MGU recalls as well as the GRU on the stream, within 0.1.", ZHOU,
              "accuracy, MGU less GRU", at_least=-0.1, at_most=0.1),
        Claim("bias", "A negative gate bias helps the MGU to copy.", "the update: f near zero remembers",
              "accuracy gained", at_least=GAIN),
        Claim("lag", f"A negative gate bias helps the MGU to keep a symbol over {plan.gap} steps of the stream.",
              "the update: f near zero remembers", "accuracy gained", at_least=GAIN),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Every cell on both tasks with every seed."""
    return variants(ARMS, plan.cells, TASKS, plan.seeds)


def equal_units(kind: str, input_size: int, hidden_size: int) -> int:
    """The units with which a cell has nearest to an MGU's parameters."""
    wanted = 2 * hidden_size * (input_size + hidden_size + 1)
    blocks = BLOCKS[kind]
    return min(range(1, hidden_size + 1), key=lambda h: abs(blocks * h * (input_size + h + 1) - wanted))


def make_cell(arm: str, input_size: int, hidden_size: int):
    """The cell of an arm."""
    import torch

    from elman.cells import GRUCell, LSTMCell, MGUCell

    kind, _, change = arm.partition(" ")
    units = equal_units(kind, input_size, hidden_size) if change == "equal parameters" else hidden_size
    cell = {"MGU": MGUCell, "GRU": GRUCell, "LSTM": LSTMCell}[kind](input_size, units)
    if isinstance(cell, MGUCell):
        with torch.no_grad():
            cell.bias.chunk(2)[0].fill_(-2.0 if change else 0.0)
    return cell


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task, and test it once."""
    from elman.cells.lookup import cell_named
    from elman.data.tasks import Copy, StoreRecall

    arm, _, name = trial.variant.partition(", ")
    task = Copy(plan.delay) if name == "copy" else StoreRecall(plan.rounds, plan.gap)
    make = cell_named(trial.inputs["cell"]) if "cell" in trial.inputs else lambda i, h: make_cell(arm, i, h)
    return learn_task(plan, trial, desk, task, make(task.input_size, plan.hidden_size))


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Counts, accuracies at equal units and at equal parameters, curves."""
    from elman.cells import GRUCell, LSTMCell, MGUCell

    kinds = {"MGU": MGUCell, "GRU": GRUCell, "LSTM": LSTMCell}
    counts = {name: sum(p.numel() for p in kind(*CHAPTER).parameters()) for name, kind in kinds.items()}
    weights = {
        name: sum(p.numel() for p in kind(*CHAPTER).parameters() if p.ndim == 2) for name, kind in kinds.items()
    }
    inputs, units = CHAPTER
    rows = [
        [
            name,
            BLOCKS[name],
            weights[name],
            counts[name],
            round(counts[name] / counts["LSTM"], 3),
        ]
        for name in kinds
    ]
    arms = Arms(records)
    measured = {
        "count": float(counts["MGU"]),
        "printed": float(weights["MGU"]),
        "half": counts["MGU"] / counts["LSTM"],
        "thirds": weights["MGU"] / weights["GRU"],
        "par": arms.less("MGU, store and recall", "GRU equal parameters, store and recall", "accuracy"),
        "bias": arms.less("MGU gate bias -2, copy", "MGU, copy", "accuracy"),
        "lag": arms.less("MGU gate bias -2, store and recall", "MGU, store and recall", "accuracy"),
    }

    def mean(arm: str) -> float:
        return arms.mean(arm, "accuracy")

    return Findings(
        summary=(
            f"An MGU has {counts['MGU']:,} parameters, a GRU {counts['GRU']:,} and an LSTM {counts['LSTM']:,}. "
            f"It copies {percent(mean('MGU, copy'))} of symbols, {percent(mean('MGU gate bias -2, copy'))} with a "
            f"gate bias of −2, and a GRU of as many parameters {percent(mean('GRU equal parameters, copy'))}."
        ),
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=[
            Table(f"Parameters at {inputs} inputs and {units} units",
                  ["cell", "blocks", "weights, as printed", "with a bias a block", "share of the LSTM"], rows,
                  "PyTorch's GRU has one more bias for its candidate, since it resets after the product."),
            accuracy_table("Share of symbols recalled", arms, TASKS,
                           "Means with 95 % intervals over seeds. Chance is 0.125 on both tasks."),
        ],
        figures=[
            learning_curves(f"Learning to {task}", arms, task, plan.updates,
                            "Means over seeds with 95 % intervals; guessing has ln 8 = 2.08 nats.") for task in TASKS
        ],
    )  # fmt: skip
