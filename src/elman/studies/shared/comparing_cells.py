"""What studies that compare cells on generated tasks share: one trial, the table, the curves."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from elman.lab.arms import Arms
from elman.lab.findings import Curves, Table
from elman.lab.over_seeds import POSITIVE, SHARE, across, middles, stretches
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

if TYPE_CHECKING:
    from elman.apps.cell_tasks import Task
    from elman.cell import Cell

__all__ = [
    "GAIN",
    "accuracy_table",
    "further_arms",
    "learn_task",
    "learning_curves",
    "variants",
]

GAIN = 0.01  # of accuracy; two arms that both reach 1.0 differ by nothing, and nothing is no gain


def further_arms(names: Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    """Label and trial inputs of further cells."""
    from elman.cells.lookup import cell_inputs, cell_label

    return [(cell_label(name), cell_inputs(name)) for name in names]


def variants(arms: Sequence[str], cells: Iterable[str], tasks: Sequence[str], seeds: int) -> list[Trial]:
    """Every arm and further cell on every task with every seed; a variant reads ``arm, task``."""
    every = [*((arm, {}) for arm in arms), *further_arms(cells)]
    return [Trial(f"{arm}, {task}", seed, inputs) for task in tasks for arm, inputs in every for seed in range(seeds)]


def learn_task(
    plan: Any, trial: Trial, desk: Desk, task: "Task", cell: "Cell", tested: "Task | None" = None
) -> Record:
    """Train one cell on one task. The plan has updates, batch_size, test_size and learning_rate."""
    from elman.apps.cell_tasks import learn

    accuracy, losses = learn(
        task, cell, plan.updates, seed=trial.seed, batch_size=plan.batch_size, test_size=plan.test_size,
        learning_rate=plan.learning_rate, tested=tested,
        each=lambda update, loss: desk.progress(update, plan.updates, loss=loss),
    )  # fmt: skip
    parameters = float(sum(p.numel() for p in cell.parameters()))
    return Record(numbers={"accuracy": accuracy, "parameters": parameters}, series={"loss": stretches(losses)})


def accuracy_table(title: str, arms: Arms, tasks: Sequence[str], note: str = "") -> Table:
    """A row an arm: the cell's parameters, and mean accuracy with its 95 % interval on each task."""
    rows = []
    for arm in dict.fromkeys(variant.partition(", ")[0] for variant in arms):
        on_tasks = [f"{arm}, {task}" for task in tasks]
        sizes = dict.fromkeys(int(size) for variant in on_tasks for size in arms.numbers(variant, "parameters"))
        size: Any = next(iter(sizes)) if len(sizes) == 1 else " and ".join(f"{size:,}" for size in sizes)
        rows.append([arm, size, *(arms.told(variant, "accuracy", SHARE) for variant in on_tasks)])
    return Table(title, ["arm", "parameters", *tasks], rows, note)


def learning_curves(title: str, arms: Arms, task: str, updates: int, caption: str = "") -> Curves:
    """Training loss of every arm on one task."""
    lines = []
    for variant in arms:
        arm, _, of = variant.partition(", ")
        if of == task:
            seeds = [record.series["loss"] for record in arms[variant]]
            lines.append(across(arm, middles(updates), seeds, POSITIVE))
    return Curves(title, "update", "training loss, nats an answer", lines, caption=caption)
