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
from elman.lab.verdicts import judge
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import (
    GAIN,
    accuracy_table,
    learn_task,
    learning_curves,
    variants,
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


def tasks(plan: Plan) -> list[str]:
    """Copy with each delay, and timing."""
    return [*(f"copy after {delay}" for delay in plan.delays), "timing"]


def claims(plan: Plan) -> list[Claim]:
    """Equivalence on copy at each delay, from both sides, and a gain on timing."""
    greff = "Greff et al. (2017): removing peepholes does not hurt significantly"
    stated = [
        Claim(f"equal|{delay}", f"On copy after {delay} blanks the two differ by less than {EQUAL} of accuracy.",
              greff, "accuracy, peephole less standard", at_least=-EQUAL, at_most=EQUAL)
        for delay in plan.delays
    ]  # fmt: skip
    stated.append(Claim("timing", "Peepholes help to tell two pauses apart.",
                        "Gers & Schmidhuber (2000), Recurrent Nets that Time and Count",
                        "accuracy, peephole less standard", at_least=GAIN))  # fmt: skip
    stated.append(Claim("unit", "There they help more than one unit more does.", "a check of size",
                        "accuracy, peephole less larger standard", at_least=GAIN))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Both cells on every task with every seed, and a larger one on timing."""
    larger = variants([LARGER], [], ["timing"], plan.seeds)
    return variants(ARMS, plan.cells, tasks(plan), plan.seeds) + larger


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task, and test it once."""
    from elman.cells import LSTMCell, PeepholeLSTMCell
    from elman.cells.lookup import cell_named
    from elman.data.tasks import Copy, Timing

    arm, _, name = trial.variant.partition(", ")
    task = Timing(plan.short, plan.long) if name == "timing" else Copy(int(name.rpartition(" ")[2]))
    if "cell" in trial.inputs:
        kind = cell_named(trial.inputs["cell"])
    else:
        kind = PeepholeLSTMCell if arm == "peephole" else LSTMCell
    units = plan.timing_units + (arm == LARGER) if name == "timing" else plan.hidden_size
    return learn_task(plan, trial, desk, task, kind(task.input_size, units))


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Accuracy on every task, and the differences."""
    arms = Arms(records)
    names = tasks(plan)
    gained = {name: arms.less(f"peephole, {name}", f"standard, {name}", "accuracy") for name in names}
    measured = {f"equal|{delay}": gained[f"copy after {delay}"] for delay in plan.delays}
    measured["timing"] = gained["timing"]
    measured["unit"] = arms.less("peephole, timing", f"{LARGER}, timing", "accuracy")
    means = {name: sum(values) / len(values) for name, values in gained.items() if values}
    return Findings(
        summary="What peepholes add to the share of right answers: "
        + ", ".join(f"{decimal(m, 3)} in {n}" for n, m in means.items()) + ".",
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=[
            accuracy_table("Share of right answers", arms, names,
                           "Means with 95 % intervals over seeds. Chance is 0.125 on copy, 0.5 on timing, which is "
                           f"learned with {plan.timing_units} units; parameters on copy and on timing."),
        ],
        figures=[
            learning_curves(f"Learning {name}", arms, name, plan.updates,
                            f"Means over seeds with 95 % intervals; guessing has ln {2 if name == 'timing' else 8} "
                            "nats.")
            for name in (names[-2], "timing")
        ],
    )  # fmt: skip
