"""The minimal gated unit against the GRU and the LSTM.

**Question.** The minimal gated unit (MGU) has one gate instead of two or three. How many parameters does it save, and
what does it cost in performance?

**Method.** Parameters are counted on the built-in cells at the chapter's sizes, 128 inputs and 256 units. Then the
three cells learn to copy five symbols after a delay and to keep a symbol in a stream of stores and recalls, once with
equal units and once with equal parameters. The exercise prints the gate without a bias. Since h = (1 - f) h + f h~, a
unit remembers where f is near *zero*; without a bias f starts at one half, and half of the state is lost at every
step. A further arm therefore starts the gate's bias at -2, where f is 0.12. PyTorch's GRU defines its update gate the
other way round and applies the reset gate after the product.

**What to expect.** 2 (H I + H² + H) parameters, half of the LSTM's and two thirds of the GRU's. Zhou et al. (2016)
found the MGU on a par with the GRU on four tasks. On long lags, its performance should depend on the bias.
"""

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Table
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import (
    GAIN,
    accuracy_table,
    further_cells,
    learn_task,
    learning_curves,
    trials_on,
)

MGU, BIASED, EQUAL_GRU = "MGU", "MGU gate bias -2", "GRU equal parameters"
ARMS = {  # the cell, its gate's initial bias, and whether its parameters match the MGU's
    MGU: ("MGU", 0.0, False), BIASED: ("MGU", -2.0, False), "GRU": ("GRU", 0.0, False), "LSTM": ("LSTM", 0.0, False),
    EQUAL_GRU: ("GRU", 0.0, True), "LSTM equal parameters": ("LSTM", 0.0, True),
}  # fmt: skip
ZHOU = "Zhou et al. (2016), Minimal Gated Unit for Recurrent Neural Networks"
COPY, STREAM = TASKS = ("copy", "store and recall")
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
    """State the exact counts, and what one gate costs."""
    formula = "2 (H I + H² + H), the equations with one bias per block"

    def gained(task: str, one: str, other: str) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.on(task=task).less(one, other, "accuracy")

    return [
        Claim("count", "At 128 inputs and 256 units, an MGU has 197,120 parameters.", formula, "parameters",
              at_least=197_120, at_most=197_120, measure=lambda arms: float(counted()["MGU"])),
        Claim("printed", "Without biases, as the exercise prints it, an MGU has 196,608 parameters.",
              "2 (H I + H²)", "parameters", at_least=196_608, at_most=196_608,
              measure=lambda arms: float(counted(biases=False)["MGU"])),
        Claim("half", "An MGU has half the parameters of an LSTM.", formula, "share", at_least=0.5, at_most=0.5,
              measure=lambda arms: counted()["MGU"] / counted()["LSTM"]),
        Claim("thirds", "Without biases, an MGU has two thirds of a GRU's parameters.",
              "2 (H I + H²) to 3 (H I + H²)", "share", at_least=2 / 3, at_most=2 / 3,
              measure=lambda arms: counted(biases=False)["MGU"] / counted(biases=False)["GRU"]),
        Claim("par", "At equal parameters, the MGU's accuracy on the stream is within 0.1 of the GRU's.", ZHOU,
              "accuracy, MGU minus GRU", at_least=-0.1, at_most=0.1, measure=gained(STREAM, MGU, EQUAL_GRU)),
        Claim("bias", "A negative gate bias helps the MGU to copy.", "the update: f near zero remembers",
              "accuracy gained", at_least=GAIN, measure=gained(COPY, BIASED, MGU)),
        Claim("lag", f"A negative gate bias helps the MGU to keep a symbol over {plan.gap} steps of the stream.",
              "the update: f near zero remembers", "accuracy gained", at_least=GAIN,
              measure=gained(STREAM, BIASED, MGU)),
    ]  # fmt: skip


def counted(biases: bool = True) -> dict[str, int]:
    """Return the parameters of the built-in cells at the chapter's sizes, with or without biases."""
    from elman.cells import GRUCell, LSTMCell, MGUCell

    return {
        name: sum(p.numel() for p in kind(*CHAPTER).parameters() if biases or p.ndim == 2)
        for name, kind in (("MGU", MGUCell), ("GRU", GRUCell), ("LSTM", LSTMCell))
    }


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per cell, task and seed."""
    return trials_on([{"task": task} for task in TASKS], ARMS, plan.cells, plan.seeds)


def equal_units(kind: str, input_size: int, hidden_size: int) -> int:
    """Return the number of units whose parameters come nearest to an MGU's."""
    wanted = 2 * hidden_size * (input_size + hidden_size + 1)
    blocks = BLOCKS[kind]
    return min(range(1, hidden_size + 1), key=lambda h: abs(blocks * h * (input_size + h + 1) - wanted))


def make_cell(arm: str, input_size: int, hidden_size: int):
    """Build the cell of an arm."""
    import torch

    from elman.cells import GRUCell, LSTMCell, MGUCell

    kind, bias, equal = ARMS[arm]
    units = equal_units(kind, input_size, hidden_size) if equal else hidden_size
    cell = {"MGU": MGUCell, "GRU": GRUCell, "LSTM": LSTMCell}[kind](input_size, units)
    if isinstance(cell, MGUCell):
        with torch.no_grad():
            cell.bias.chunk(2)[0].fill_(bias)
    return cell


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task and test it once."""
    from elman.cells.lookup import cell_named
    from elman.data.tasks import Copy, StoreRecall

    task = Copy(plan.delay) if trial.on["task"] == COPY else StoreRecall(plan.rounds, plan.gap)
    further = further_cells(plan.cells)
    make = cell_named(further[trial.arm]) if trial.arm in further else partial(make_cell, trial.arm)
    return learn_task(plan, trial, desk, task, make(task.input_size, plan.hidden_size))


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return counts, accuracies at equal units and at equal parameters, and curves."""
    counts, weights = counted(), counted(biases=False)
    inputs, units = CHAPTER
    rows = [
        [
            name,
            BLOCKS[name],
            weights[name],
            counts[name],
            round(counts[name] / counts["LSTM"], 3),
        ]
        for name in counts
    ]
    arms = Arms(records)

    def mean(arm: str) -> float:
        return arms.on(task=COPY).mean(arm, "accuracy")

    return Findings(
        summary=(
            f"An MGU has {counts['MGU']:,} parameters, a GRU {counts['GRU']:,} and an LSTM {counts['LSTM']:,}. "
            f"The MGU copies {percent(mean(MGU))} of symbols, {percent(mean(BIASED))} with a "
            f"gate bias of −2, and a GRU with equal parameters {percent(mean(EQUAL_GRU))}."
        ),
        tables=[
            Table(f"Parameters at {inputs} inputs and {units} units",
                  ["cell", "blocks", "without biases, as printed", "with one bias per block", "share of the LSTM"],
                  rows, "PyTorch's GRU has one more bias for its candidate because it resets after the product."),
            accuracy_table("Share of symbols recalled", arms, TASKS,
                           "Means with 95 % intervals over seeds. Chance is 0.125 on both tasks."),
        ],
        figures=[
            learning_curves(f"Learning to {task}", arms, task, plan.updates,
                            "Means over seeds with 95 % intervals; guessing scores ln 8 = 2.08 nats.")
            for task in TASKS
        ],
    )  # fmt: skip
