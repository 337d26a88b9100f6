"""Run a trial and build the table and the curves of the studies that compare cells on generated tasks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from elman.lab.arms import Arms
from elman.lab.findings import Curves, Table
from elman.lab.over_seeds import POSITIVE, SHARE, across, middles, stretches
from elman.lab.study import Given, Record, Trial
from elman.lab.workspace import Desk

if TYPE_CHECKING:
    from elman.apps.cell_tasks import Task
    from elman.cell import Cell

__all__ = [
    "GAIN",
    "accuracy_table",
    "chosen",
    "further_cells",
    "learn_task",
    "learning_curves",
    "trials_on",
]

GAIN = 0.01  # of accuracy; two arms that both reach 1.0 do not differ, and a zero difference must not count as a gain


def further_cells(names: Iterable[str]) -> dict[str, str]:
    """Return the further cells' names by label; the label is the arm's name."""
    from elman.cells.lookup import cell_label

    return {cell_label(name): name for name in names}


def chosen(what: str, some: Sequence[str], every: Iterable[str]) -> None:
    """Check a plan's choice of arms or tasks.

    Raises:
        ValueError: if it is empty or has other names.

    Example:
        >>> chosen("tasks", ("copy",), ("copy", "store and recall"))
    """
    names = list(every)
    if not some or not set(some) <= set(names):
        raise ValueError(f"{what} must name some of {', '.join(names)}, got {', '.join(some)}")


def trials_on(
    things: Iterable[Mapping[str, Given]], arms: Iterable[str], cells: Iterable[str], seeds: int
) -> list[Trial]:
    """Return a trial for every arm and further cell, every thing, such as ``{"task": "copy"}``, and every seed."""
    from elman.cells.lookup import cell_inputs

    every = [*((arm, {}) for arm in arms)]
    every += [(arm, cell_inputs(name)) for arm, name in further_cells(cells).items()]
    return [Trial(arm, seed, on, inputs) for on in things for arm, inputs in every for seed in range(seeds)]


def learn_task(
    plan: Any, trial: Trial, desk: Desk, task: "Task", cell: "Cell", tested: "Task | None" = None
) -> Record:
    """Train one cell on one task. The plan has updates, batch_size, test_size and learning_rate."""
    from elman.apps.cell_tasks import learn

    accuracy, losses = learn(
        task, cell, plan.updates, seed=trial.seed or 0, batch_size=plan.batch_size, test_size=plan.test_size,
        learning_rate=plan.learning_rate, tested=tested,
        each=lambda update, loss: desk.progress(update, plan.updates, loss=loss),
    )  # fmt: skip
    parameters = float(sum(p.numel() for p in cell.parameters()))
    return Record(numbers={"accuracy": accuracy, "parameters": parameters}, series={"loss": stretches(losses)})


def accuracy_table(title: str, arms: Arms, tasks: Sequence[str], note: str = "") -> Table:
    """Return a row per arm: the cell's parameters and, per task, the mean accuracy with its 95 % interval."""
    rows = []
    on_tasks = [arms.on(task=task) for task in tasks]
    for arm in arms:
        sizes = dict.fromkeys(int(size) for there in on_tasks for size in there.numbers(arm, "parameters"))
        size: Any = next(iter(sizes)) if len(sizes) == 1 else " and ".join(f"{size:,}" for size in sizes)
        rows.append([arm, size, *(there.formatted(arm, "accuracy", SHARE) for there in on_tasks)])
    return Table(title, ["arm", "parameters", *tasks], rows, note)


def learning_curves(title: str, arms: Arms, task: str, updates: int, caption: str = "") -> Curves:
    """Draw the training loss of every arm on one task."""
    there = arms.on(task=task)
    lines = [
        across(arm, middles(updates), [record.series["loss"] for record in there[arm]], POSITIVE) for arm in there
    ]
    return Curves(title, "update", "training loss, nats per answer", lines, caption=caption)
