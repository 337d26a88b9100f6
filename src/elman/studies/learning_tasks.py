"""What studies that compare cells on generated tasks share: one trial, the table, the curves."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from elman.lab.desk import Desk, TrialFailed
from elman.lab.findings import Curves, Table
from elman.lab.seeds import POSITIVE, SHARE, across, spread
from elman.lab.study import Record, Trial

if TYPE_CHECKING:
    from elman.cell import Cell
    from elman.train.task import Task

__all__ = [
    "GAIN",
    "accuracies",
    "accuracy_table",
    "differences",
    "further_arms",
    "learn_task",
    "learning_curves",
    "variants",
]

POINTS = 50  # of a learning curve
GAIN = 0.01  # of accuracy; two arms that both reach 1.0 differ by nothing, and nothing is no gain


def further_arms(names: Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    """Label and trial inputs of further cells."""
    from elman.cells.named import cell_inputs, cell_label

    return [(cell_label(name), cell_inputs(name)) for name in names]


def variants(arms: Sequence[str], cells: Iterable[str], tasks: Sequence[str], seeds: int) -> list[Trial]:
    """Every arm and further cell on every task with every seed; a variant reads ``arm, task``."""
    every = [*((arm, {}) for arm in arms), *further_arms(cells)]
    return [Trial(f"{arm}, {task}", seed, inputs) for task in tasks for arm, inputs in every for seed in range(seeds)]


def learn_task(
    plan: Any, trial: Trial, desk: Desk, task: "Task", cell: "Cell", tested: "Task | None" = None
) -> Record:
    """Train one cell on one task. The plan has updates, batch_size, test_size and learning_rate."""
    from elman.train.step import LossNotFinite
    from elman.train.task import learn

    try:
        accuracy, losses = learn(
            task, cell, plan.updates, seed=trial.seed, batch_size=plan.batch_size, test_size=plan.test_size,
            learning_rate=plan.learning_rate, tested=tested,
            each=lambda update, loss: desk.progress(update, plan.updates, loss=loss),
        )  # fmt: skip
    except LossNotFinite as error:
        raise TrialFailed(str(error)) from None
    every = max(1, plan.updates // POINTS)
    means = [sum(part) / len(part) for part in (losses[k : k + every] for k in range(0, len(losses), every))]
    parameters = float(sum(p.numel() for p in cell.parameters()))
    return Record(numbers={"accuracy": accuracy, "parameters": parameters}, series={"loss": means})


def accuracies(records: Sequence[Record]) -> dict[str, dict[int, float]]:
    """Accuracy by variant and seed."""
    found: dict[str, dict[int, float]] = {}
    for record in records:
        assert record.trial is not None
        found.setdefault(record.trial.variant, {})[record.trial.seed] = record.numbers["accuracy"]
    return found


def differences(reached: dict[str, dict[int, float]], one: str, other: str) -> list[float]:
    """Accuracy of a variant less another's, seed by seed."""
    a, b = reached.get(one, {}), reached.get(other, {})
    return [a[seed] - b[seed] for seed in a if seed in b]


def accuracy_table(title: str, records: Sequence[Record], tasks: Sequence[str], note: str = "") -> Table:
    """A row an arm: the cell's parameters, and mean accuracy with its 95 % interval on each task."""
    reached = accuracies(records)
    sizes = {r.trial.variant: int(r.numbers["parameters"]) for r in records if r.trial}
    rows = []
    for arm in dict.fromkeys(variant.partition(", ")[0] for variant in reached):
        own = dict.fromkeys(sizes[f"{arm}, {task}"] for task in tasks if f"{arm}, {task}" in sizes)
        row: list[Any] = [arm, *own] if len(own) == 1 else [arm, " and ".join(f"{size:,}" for size in own)]
        for task in tasks:
            row.append(spread(list(reached.get(f"{arm}, {task}", {}).values()), within=SHARE))
        rows.append(row)
    return Table(title, ["arm", "parameters", *tasks], rows, note)


def learning_curves(title: str, records: Sequence[Record], task: str, updates: int, caption: str = "") -> Curves:
    """Training loss of every arm on one task."""
    losses: dict[str, list[list[float]]] = {}
    for record in records:
        assert record.trial is not None
        arm, _, of = record.trial.variant.partition(", ")
        if of == task:
            losses.setdefault(arm, []).append(record.series["loss"])
    every = max(1, updates // POINTS)
    lines = [
        across(arm, [(k + 0.5) * every for k in range(len(seeds[0]))], seeds, POSITIVE)
        for arm, seeds in losses.items()
    ]
    return Curves(title, "update", "training loss, nats an answer", lines, caption=caption)
