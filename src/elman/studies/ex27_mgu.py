"""The minimal gated unit against the GRU and the LSTM.

**Question.** The minimal gated unit (MGU) has one gate instead of two or three. How many parameters does it save, and
what does it cost in performance?

**Method.** Parameters are counted on the built-in cells at the chapter's sizes, 128 inputs and 256 units. Then the
three cells learn to copy five symbols after a delay and to keep a symbol in a stream of stores and recalls, once with
equal units and once with equal parameters. The exercise prints the gate without a bias. Since h = (1 - f) h + f h~, a
unit remembers where f is near *zero*; without a bias f starts at one half, and half of the state is lost at every
step. A further arm therefore starts the gate's bias at -2, where f is 0.12. PyTorch's GRU defines its update gate the
other way round, z near one remembers, and applies the reset gate after the product; so a further GRU starts its
update gate's bias at 2, where it keeps as much as that MGU. The LSTM here starts with a forget bias of 1. Cells are
compared with their gates half open and, as an engineer would use them, with their gates started where they remember.

**What to expect.** 2 (H I + H² + H) parameters, half of the LSTM's and two thirds of the GRU's. Zhou et al. (2016)
found the MGU on a par with the GRU on four tasks. On long lags, its performance should depend on the bias.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Table
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import (
    GAIN,
    accuracy_table,
    chosen,
    further_cells,
    learn_task,
    learning_curves,
    trials_on,
)

MGU, BIASED = "MGU", "MGU gate bias -2"
EQUAL_GRU, BEST_GRU, EQUAL_LSTM = "GRU equal parameters", "GRU equal parameters, bias 2", "LSTM equal parameters"
ARMS = {  # the cell, the initial bias of the gate that keeps the state, and whether its parameters match the MGU's
    MGU: ("MGU", 0.0, False), BIASED: ("MGU", -2.0, False), "GRU": ("GRU", 0.0, False), "LSTM": ("LSTM", 1.0, False),
    EQUAL_GRU: ("GRU", 0.0, True), BEST_GRU: ("GRU", 2.0, True), EQUAL_LSTM: ("LSTM", 1.0, True),
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
    arms: tuple[str, ...] = tuple(ARMS)
    tasks: tuple[str, ...] = TASKS
    cells: tuple[str, ...] = ()  # further cells, by name or file.py:Class
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        chosen("arms", self.arms, ARMS)
        chosen("tasks", self.tasks, TASKS)


QUICK = Plan(
    rounds=3, updates=200, batch_size=32, test_size=300, learning_rate=1e-2, tasks=(STREAM,),
    arms=(MGU, BIASED, EQUAL_GRU, BEST_GRU), seeds=4,
)  # fmt: skip


def claims(plan: Plan) -> list[Claim]:
    """State the exact counts, and what one gate costs."""
    formula = "2 (H I + H² + H), the equations with one bias per block"

    def gained(task: str, one: str, other: str) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.on(task=task).less(one, other, "accuracy")

    counts = [
        Claim("count", "At 128 inputs and 256 units, an MGU has 197,120 parameters.", formula, "parameters",
              at_least=197_120, at_most=197_120, measure=lambda arms: float(counted()["MGU"])),
        Claim("printed", "Without biases, as the exercise prints it, an MGU has 196,608 parameters.",
              "2 (H I + H²)", "parameters", at_least=196_608, at_most=196_608,
              measure=lambda arms: float(counted(biases=False)["MGU"])),
        Claim("half", "An MGU has half the parameters of an LSTM.", formula, "of the LSTM's parameters",
              at_least=0.5, at_most=0.5, role="answer",
              measure=lambda arms: counted()["MGU"] / counted()["LSTM"]),
        Claim("thirds", "Without biases, an MGU has two thirds of a GRU's parameters.",
              "2 (H I + H²) to 3 (H I + H²)", "share", at_least=2 / 3, at_most=2 / 3,
              measure=lambda arms: counted(biases=False)["MGU"] / counted(biases=False)["GRU"]),
    ]  # fmt: skip
    remembers = "the update: f near zero remembers"
    compared = [
        (STREAM, BIASED, BEST_GRU,
         Claim("par", "At equal parameters and with gates that start where they remember, the MGU's accuracy on the "
               "stream is within 0.1 of the GRU's.", ZHOU, "accuracy, MGU minus GRU", at_least=-0.1, at_most=0.1,
               role="answer")),
        (STREAM, MGU, EQUAL_GRU,
         Claim("open", "At equal parameters and with half-open gates, the MGU's accuracy on the stream is within 0.1 "
               "of the GRU's.", ZHOU, "accuracy, MGU minus GRU", at_least=-0.1, at_most=0.1)),
        (COPY, BIASED, MGU,
         Claim("bias", "A negative gate bias helps the MGU to copy.", remembers, "accuracy gained", at_least=GAIN)),
        (STREAM, BIASED, MGU,
         Claim("lag", f"A negative gate bias helps the MGU to keep a symbol over {plan.gap} steps of the stream.",
               remembers, "accuracy gained", at_least=GAIN, role="answer",
               otherwise="A negative gate bias does not help the MGU on the stream.")),
        (STREAM, BEST_GRU, EQUAL_GRU,
         Claim("update", f"An update bias of 2 helps the GRU to keep a symbol over {plan.gap} steps of the stream.",
               "the update: z near one remembers", "accuracy gained", at_least=GAIN)),
    ]  # fmt: skip
    return counts + [
        replace(claim, measure=gained(task, one, other))
        for task, one, other, claim in compared if task in plan.tasks and {one, other} <= set(plan.arms)
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
    return trials_on([{"task": task} for task in plan.tasks], plan.arms, plan.cells, plan.seeds)


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
    block = {"MGU": 0, "GRU": 1, "LSTM": 1}[kind]  # of the gate that keeps the state
    with torch.no_grad():
        cell.bias.chunk(BLOCKS[kind])[block].fill_(bias)
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
    return Findings(
        summary=f"An MGU has {counts['MGU']:,} parameters, a GRU {counts['GRU']:,} and an LSTM {counts['LSTM']:,}.",
        tables=[
            Table(f"Parameters at {inputs} inputs and {units} units",
                  ["cell", "blocks", "without biases, as printed", "with one bias per block", "share of the LSTM"],
                  rows, f"The GRU is PyTorch's, which resets after the product and so has a second bias for its "
                  f"candidate: {units} parameters more than the {counts['GRU'] - units:,} of the equations, which "
                  "study 15.5 counts."),
            accuracy_table("Share of symbols recalled", arms, plan.tasks,
                           "Means with 95 % intervals over seeds. Chance is 0.125 on both tasks."),
        ],
        figures=[
            learning_curves(f"Learning to {task}", arms, task, plan.updates,
                            "Guessing scores ln 8 = 2.08 nats.")
            for task in plan.tasks
        ],
    )  # fmt: skip
