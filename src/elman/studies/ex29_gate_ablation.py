"""An LSTM without each of its gates.

**Question.** Which gate of an LSTM is most critical: the forget gate, the input gate or the output gate?

**Method.** Each ablated cell keeps one gate permanently open (f = 1, i = 1 or o = 1) and has three blocks of weights
instead of four; the coupled cell has i = 1 - f. There are two tasks. *Copy*: repeat five symbols after a delay of
blanks, starting each sequence from a zero state. *Store and recall*: in one continuous stream, a symbol is stored,
distractors follow, the symbol is queried, and the next symbol replaces it. Copy never requires forgetting; the stream
requires it all the time, over as many steps as copy's delay. The stream is trained on short streams and tested on
long ones, where a state that only grows fails. The full LSTM runs with forget biases of 0, 1 and 4, because the
gate's initial value may matter more than its presence, and once with fewer units so that it has at most as many
parameters as the ablated cells. All arms see the same data for the same number of updates. Accuracy is the share of
symbols recalled on separate test sequences; chance is 1/8. A gain or a loss means a difference of at least 0.01: if
two arms both reach 1, neither is better.

**What to expect.** Greff et al. (2017) found the forget gate and the output activation most critical on speech,
handwriting and music. On copy, the example of the chapter, a prototype found the opposite: without a forget gate,
f = 1, the cell learns *faster* (0.80 against 0.45), because it cannot forget and does not need to; with a bias of 4,
the full cell is as fast. On the stream, the cell without the forget gate came last, by a wide margin when the others
had just learned the task. After a few thousand updates it learns to subtract what it cannot forget, so the gate
affects how soon the stream is learned more than whether it is learned.
"""

from collections.abc import Sequence
from functools import partial
from math import nan

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Heatmap, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import spread
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

GATES = {"forget": "no forget gate", "input": "no input gate", "output": "no output gate"}
FEWER = "full fewer units"
BIASES = {"full": 1.0, "full b_f = 0": 0.0, "full b_f = 4": 4.0, FEWER: 1.0}  # of the full cells' forget gate
ARMS = (*BIASES, *GATES.values(), "coupled gates")
GREFF = "Greff et al. (2017), LSTM: A Search Space Odyssey"
COPY, STREAM = TASKS = ("copy", "store and recall")


@dataclass(frozen=True)
class Plan:
    """Sizes of the tasks and the training."""

    hidden_size: PositiveInt = 32
    delay: PositiveInt = 20
    rounds: PositiveInt = 4
    test_rounds: PositiveInt = 50
    gap: PositiveInt = 20
    updates: PositiveInt = 3000
    batch_size: PositiveInt = 64
    test_size: PositiveInt = 400
    learning_rate: PositiveFloat = 5e-3
    arms: tuple[str, ...] = ARMS  # of the stream
    copy_arms: tuple[str, ...] = ARMS
    cells: tuple[str, ...] = ()  # further cells, by name or file.py:Class
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        chosen("arms", self.arms, ARMS)
        chosen("copy_arms", self.copy_arms, ARMS)


QUICK = Plan(
    delay=10, gap=10, test_rounds=20, test_size=200, updates=240, batch_size=32, learning_rate=1e-2,
    arms=("full", *GATES.values()), copy_arms=("full", GATES["forget"]), seeds=4,
)  # fmt: skip


def claims(plan: Plan) -> list[Claim]:
    """State what the literature says about the forget gate, on each task."""
    unit = "accuracy"

    def worst(arms: Arms) -> list[float]:
        found = arms.on(task=STREAM).together(*((arm, "accuracy") for arm in ("full", *GATES.values())))
        return [(full - forget) - max(full - other for other in others) for full, forget, *others in found]

    every = [
        (COPY, Claim("critical", "On copy, removing the forget gate costs accuracy.",
                       f"{GREFF}, as the exercise reads it for copy tasks", f"{unit} lost", at_least=GAIN,
                       role="answer", otherwise="On copy, removing the forget gate costs no accuracy.",
                       measure=lambda arms: lost(arms, "forget", COPY))),
        (STREAM, Claim("stream", "On the stream of stores and recalls, removing the forget gate costs accuracy.",
                       "Gers, Schmidhuber & Cummins (2000), Learning to Forget", f"{unit} lost", at_least=GAIN,
                       role="answer", otherwise="On the stream, removing the forget gate costs no accuracy.",
                       measure=lambda arms: lost(arms, "forget", STREAM))),
        (STREAM, Claim("worst", "On the stream, removing another gate costs no more than removing the forget gate.",
                      GREFF, f"{unit} lost, minus the most lost by another gate", at_least=0.0, role="answer",
                      otherwise="On the stream, removing another gate costs more than removing the forget gate.",
                      measure=worst)),
        (COPY, Claim("bias", "On copy, a forget bias of 4 gives a higher accuracy than a bias of 0.",
                       "Jozefowicz, Zaremba & Sutskever (2015)", f"{unit} gained", at_least=GAIN,
                       measure=lambda arms: arms.on(task=COPY).less("full b_f = 4", "full b_f = 0", "accuracy"))),
    ]  # fmt: skip
    forget, gates = {"full", GATES["forget"]}, {"full", *GATES.values()}
    needed = {"critical": forget, "stream": forget, "worst": gates, "bias": {"full b_f = 4", "full b_f = 0"}}
    on = {COPY: set(plan.copy_arms), STREAM: set(plan.arms)}
    return [claim for task, claim in every if needed[claim.key] <= on[task]]


def lost(arms: Arms, gate: str, task: str) -> list[float]:
    """Return the accuracy lost on a task without a gate, per seed."""
    return arms.on(task=task).less("full", GATES[gate], "accuracy")


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per cell, task and seed."""
    found = []
    for task, arms in ((COPY, plan.copy_arms), (STREAM, plan.arms)):
        found += trials_on([{"task": task}], arms, plan.cells, plan.seeds)
    return found


def make_cell(arm: str, input_size: int, hidden_size: int):
    """Build the cell of an arm."""
    from elman import cells

    if arm in BIASES:
        units = fewer_units(input_size, hidden_size) if arm == FEWER else hidden_size
        return cells.LSTMCell(input_size, units, BIASES[arm])
    kind = {
        "no forget gate": cells.NoForgetGateLSTMCell, "no input gate": cells.NoInputGateLSTMCell,
        "no output gate": cells.NoOutputGateLSTMCell, "coupled gates": cells.CoupledGateLSTMCell,
    }[arm]  # fmt: skip
    return kind(input_size, hidden_size)


def fewer_units(input_size: int, hidden_size: int) -> int:
    """Return the most units with which four blocks have at most the parameters of three blocks of ``hidden_size``."""
    most = 3 * hidden_size * (input_size + hidden_size + 1)
    return max(h for h in range(1, hidden_size + 1) if 4 * h * (input_size + h + 1) <= most)


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task and test it once."""
    from elman.cells.lookup import cell_named
    from elman.data.tasks import Copy, StoreRecall

    copies, further = trial.on["task"] == COPY, further_cells(plan.cells)
    task = Copy(plan.delay) if copies else StoreRecall(plan.rounds, plan.gap)
    tested = task if copies else StoreRecall(plan.test_rounds, plan.gap)
    make = cell_named(further[trial.arm]) if trial.arm in further else partial(make_cell, trial.arm)
    return learn_task(plan, trial, desk, task, make(task.input_size, plan.hidden_size), tested)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return accuracy by arm, the cost of removing each gate on each task, and curves."""
    arms = Arms(records)
    costs = {gate: [lost(arms, gate, task) for task in TASKS] for gate in GATES}
    costs = {gate: values for gate, values in costs.items() if any(values)}
    return Findings(
        summary="Share of symbols copied: "
        + ", ".join(f"{arm} {percent(arms.on(task=COPY).mean(arm, 'accuracy'))}" for arm in arms) + ".",
        tables=[
            Table("Accuracy lost without each gate", ["without", *TASKS],
                  [[f"the {gate} gate", *(spread(lost(arms, gate, task)) for task in TASKS)] for gate in GATES],
                  "The full LSTM's accuracy minus the ablated one's, seed by seed; below zero the ablated cell is "
                  "better. Means with 95 % intervals over seeds."),
            accuracy_table("Share of symbols recalled", arms, TASKS,
                           f"Means with 95 % intervals over seeds; chance is 0.125. The stream is trained with "
                           f"{plan.rounds} rounds and tested with {plan.test_rounds}."),
        ],
        figures=[
            *([Heatmap("Accuracy lost without each gate", "task", "gate removed",
                       [[sum(of) / len(of) if of else nan for of in values] for values in costs.values()],
                       TASKS, list(costs),
                       "Means over seeds; the table has the intervals.", "accuracy lost")] if costs else []),
            *(learning_curves(f"Learning to {task}", arms, task, plan.updates,
                            "Guessing scores ln 8 = 2.08 nats.")
            for task in TASKS),
        ],
    )  # fmt: skip
