"""Peephole connections: gates that see the cell state.

**Question.** Does an LSTM remember better if its gates also see the cell state (the input and forget gates the old
state, the output gate the new one)?

**Method.** `PeepholeLSTMCell` is `LSTMCell` with three more vectors, 3H parameters, which start at zero, so both
cells initially compute the same function. Both copy five symbols after delays of blanks. Both also distinguish pauses
of 10 steps from pauses of 11, given only spikes: the task for which peepholes were designed. The timing task uses two
units (Gers et al. used one or a few), because with 32 units both cells solve it. Data, updates and size are equal. On
copy the standard cell has 1.7 % fewer parameters; on timing it has 32 against 38, so a third arm with one more unit
has 60. A null result needs its own claim: the cells count as equivalent on copy if the whole 95 % interval of their
difference lies within 0.1 of accuracy.

**What to expect.** Gers and Schmidhuber (2000) found that peepholes time precisely where the standard cell fails;
Greff et al. (2017) found that removing them costs nothing on speech, handwriting and music. The expectation is no
difference on copy and a gain on timing.
"""

from collections.abc import Sequence

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings
from elman.lab.formatting import decimal
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

ARMS = ("standard", "peephole")
LARGER = "standard, one more unit"  # on timing
EQUAL = 0.1  # of accuracy


@dataclass(frozen=True)
class Plan:
    """Sizes of the tasks and the training."""

    hidden_size: PositiveInt = 32
    delays: tuple[PositiveInt, ...] = (20, 50, 100)
    short: PositiveInt = 10
    long: PositiveInt = 11
    timing_units: PositiveInt = 2
    updates: PositiveInt = 3000
    batch_size: PositiveInt = 64
    test_size: PositiveInt = 1000
    learning_rate: PositiveFloat = 5e-3
    cells: tuple[str, ...] = ()  # further cells, by name or file.py:Class
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        if self.long <= self.short:
            raise ValueError(f"long must be more than short, got {self.long} and {self.short}")


QUICK = Plan(delays=(20,), updates=500, seeds=3)


TIMING = "timing"


def copying(plan: Plan) -> dict[str, int]:
    """Return the delay of each copy task by the task's name."""
    return {f"copy after {delay}": delay for delay in plan.delays}


def tasks(plan: Plan) -> list[str]:
    """Return the tasks: copy with each delay, and timing."""
    return [*copying(plan), TIMING]


def gained(arms: Arms, task: str, over: str = "standard") -> list[float]:
    """Return the accuracy that peepholes add on a task, per seed."""
    return arms.on(task=task).less("peephole", over, "accuracy")


def claims(plan: Plan) -> list[Claim]:
    """State equivalence on copy at each delay, and a gain on timing."""
    greff = "Greff et al. (2017): removing peepholes does not hurt significantly"
    stated = [
        Claim(f"equal|{delay}", f"On copy after {delay} blanks, the cells' accuracies differ by less than {EQUAL}.",
              greff, "accuracy, peephole minus standard", at_least=-EQUAL, at_most=EQUAL,
              measure=lambda arms, task=task: gained(arms, task))
        for task, delay in copying(plan).items()
    ]  # fmt: skip
    stated.append(Claim("timing", "Peepholes help to distinguish two pauses.",
                        "Gers & Schmidhuber (2000), Recurrent Nets that Time and Count",
                        "accuracy, peephole minus standard", at_least=GAIN,
                        measure=lambda arms: gained(arms, TIMING)))  # fmt: skip
    stated.append(Claim("unit", "On timing, peepholes help more than one more unit.", "a control for size",
                        "accuracy, peephole minus larger standard", at_least=GAIN,
                        measure=lambda arms: gained(arms, TIMING, LARGER)))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per cell, task and seed, and the larger standard cell on timing."""
    larger = trials_on([{"task": TIMING}], [LARGER], [], plan.seeds)
    return trials_on([{"task": task} for task in tasks(plan)], ARMS, plan.cells, plan.seeds) + larger


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task and test it once."""
    from elman.cells import LSTMCell, PeepholeLSTMCell
    from elman.cells.lookup import cell_named
    from elman.data.tasks import Copy, Timing

    arm, name = trial.arm, str(trial.on["task"])
    task = Timing(plan.short, plan.long) if name == TIMING else Copy(copying(plan)[name])
    kinds = {"standard": LSTMCell, LARGER: LSTMCell, "peephole": PeepholeLSTMCell}
    kind = kinds[arm] if arm in kinds else cell_named(further_cells(plan.cells)[arm])
    units = plan.timing_units + (arm == LARGER) if name == TIMING else plan.hidden_size
    return learn_task(plan, trial, desk, task, kind(task.input_size, units))


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return the accuracy on every task, and the differences."""
    arms = Arms(records)
    names = tasks(plan)
    means = {name: sum(values) / len(values) for name in names if (values := gained(arms, name))}
    return Findings(
        summary="Accuracy that peepholes add: "
        + ", ".join(f"{decimal(m, 3)} in {n}" for n, m in means.items()) + ".",
        tables=[
            accuracy_table("Accuracy", arms, names,
                           "Means with 95 % intervals over seeds. Chance is 0.125 on copy and 0.5 on timing. Timing "
                           f"uses {plan.timing_units} units; parameters are for copy and for timing."),
        ],
        figures=[
            learning_curves(f"Learning {name}", arms, name, plan.updates,
                            f"Guessing scores ln {2 if name == TIMING else 8} "
                            "nats.")
            for name in (names[-2], TIMING)
        ],
    )  # fmt: skip
