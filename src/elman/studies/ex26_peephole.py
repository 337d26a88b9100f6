"""Peephole connections: gates that look at the cell state.

**Question.** Does an LSTM whose gates also see the cell state, the input and forget gates the old one and the
output gate the new one, remember better than a standard LSTM?

**Method.** `PeepholeLSTMCell` is `LSTMCell` with three more vectors, 3H parameters, which start at zero, so
that at first the two are the same function. Both copy five symbols after delays of blanks, and both tell pauses
of 10 steps from pauses of 11 by nothing but the time between spikes: the task for which peepholes were made. It
is learned with two units, as Gers et al. did with one or a few; with 32 either cell solves it and nothing shows.
Same data, updates and size. On copy the standard cell has 1.7 % fewer parameters; on timing it has 32 to the
other's 38, so there a third arm has one unit more, and 60. A null result needs its own claim: the cells are held
to be equivalent on copy if the whole 95 % interval of their difference lies within 0.1 of accuracy.

**What to expect.** Gers and Schmidhuber (2000) found that peepholes time precisely where the standard cell
fails; Greff et al. (2017) that taking them away costs nothing on speech, handwriting and music. On copy a null
is expected, on timing a gain.
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
LARGER = "standard with a unit more"  # on timing
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
    """The delay of each copy task, by the task's name."""
    return {f"copy after {delay}": delay for delay in plan.delays}


def tasks(plan: Plan) -> list[str]:
    """Copy with each delay, and timing."""
    return [*copying(plan), TIMING]


def gained(arms: Arms, task: str, over: str = "standard") -> list[float]:
    """What peepholes add to the accuracy on a task."""
    return arms.on(task=task).less("peephole", over, "accuracy")


def claims(plan: Plan) -> list[Claim]:
    """Equivalence on copy at each delay, from both sides, and a gain on timing."""
    greff = "Greff et al. (2017): removing peepholes does not hurt significantly"
    stated = [
        Claim(f"equal|{delay}", f"On copy after {delay} blanks the two differ by less than {EQUAL} of accuracy.",
              greff, "accuracy, peephole less standard", at_least=-EQUAL, at_most=EQUAL,
              measure=lambda arms, task=task: gained(arms, task))
        for task, delay in copying(plan).items()
    ]  # fmt: skip
    stated.append(Claim("timing", "Peepholes help to tell two pauses apart.",
                        "Gers & Schmidhuber (2000), Recurrent Nets that Time and Count",
                        "accuracy, peephole less standard", at_least=GAIN,
                        measure=lambda arms: gained(arms, TIMING)))  # fmt: skip
    stated.append(Claim("unit", "There they help more than one unit more does.", "a check of size",
                        "accuracy, peephole less larger standard", at_least=GAIN,
                        measure=lambda arms: gained(arms, TIMING, LARGER)))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Both cells on every task with every seed, and a larger one on timing."""
    larger = trials_on([{"task": TIMING}], [LARGER], [], plan.seeds)
    return trials_on([{"task": task} for task in tasks(plan)], ARMS, plan.cells, plan.seeds) + larger


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task, and test it once."""
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
    """Accuracy on every task, and the differences."""
    arms = Arms(records)
    names = tasks(plan)
    means = {name: sum(values) / len(values) for name in names if (values := gained(arms, name))}
    return Findings(
        summary="What peepholes add to the share of right answers: "
        + ", ".join(f"{decimal(m, 3)} in {n}" for n, m in means.items()) + ".",
        tables=[
            accuracy_table("Share of right answers", arms, names,
                           "Means with 95 % intervals over seeds. Chance is 0.125 on copy, 0.5 on timing, which is "
                           f"learned with {plan.timing_units} units; parameters on copy and on timing."),
        ],
        figures=[
            learning_curves(f"Learning {name}", arms, name, plan.updates,
                            f"Means over seeds with 95 % intervals; guessing has ln {2 if name == TIMING else 8} "
                            "nats.")
            for name in (names[-2], TIMING)
        ],
    )  # fmt: skip
