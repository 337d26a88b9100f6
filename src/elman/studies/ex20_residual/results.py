"""How the study of deep stacks reads its records: measures of one run, each arm's best rate, and the figures."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from elman.cells.lookup import cell_label
from elman.lab.arms import Arms
from elman.lab.findings import Curves, Heatmap, Series, Table
from elman.lab.formatting import decimal
from elman.lab.over_seeds import POSITIVE, across, middles
from elman.lab.study import Record

STUCK = 0.05  # nats below the unigram entropy
LEARNED = 0.5
EVEN = 0.1  # orders of magnitude a layer


class Arm(NamedTuple):
    """One way to build a stack."""

    cell: str
    kind: str  # of connections
    depth: int

    @property
    def stack(self) -> str:
        """Its name without the depth."""
        return f"{cell_label(self.cell)} {self.kind}"

    @property
    def name(self) -> str:
        """Its name as an arm."""
        return f"{self.stack}, {self.depth} layer{'s' * (self.depth > 1)}"


def mean_of(records: Sequence[Record], value: Callable[[Record], float]) -> float:
    """Mean over records."""
    return sum(map(value, records)) / len(records)


def validation_loss(record: Record) -> float:
    """Nats a character."""
    return record.numbers["validation"]


def stuck(record: Record) -> float:
    """1 for a run that has learned no more than letter frequencies, else 0."""
    return float(record.numbers["validation"] > record.numbers["unigram"] - STUCK)


def gradients(record: Record) -> list[list[float]]:
    """Norm of the gradient by layer, the input's first, and by probe, the first before any update."""
    depth = sum(name.startswith("layer ") for name in record.series)
    return [[max(norm, 1e-30) for norm in record.series[f"layer {k}"]] for k in range(1, depth + 1)]


def slope(record: Record) -> float:
    """Orders of magnitude by which the gradient changes a layer, towards the input, before the first update."""
    start = [layer[0] for layer in gradients(record)]
    return (math.log10(start[0]) - math.log10(start[-1])) / max(1, len(start) - 1)


def learned_at(record: Record, updates: int) -> float:
    """Updates until the training loss is half a nat below the unigram entropy; infinite if it never is."""
    losses = record.series["loss"]
    low = (k for k, loss in enumerate(losses) if loss < record.numbers["unigram"] - LEARNED)
    return (next(low, math.inf) + 1) * updates / len(losses)


class Results:
    """Records by arm and rate, and each arm at the rate where its training loss ends lowest.

    Args:
        arms: every arm of the plan by name.
        cell: the one that is spoken of where none is named.
        rates: of the plan.
        tried: the records of the finished trials, each on a rate.
    """

    def __init__(self, arms: dict[str, Arm], cell: str, rates: Sequence[float], tried: Arms):
        self.arms, self.cell = arms, cell
        at = {rate: tried.on(rate=rate) for rate in rates}
        self.by_rate = {name: {rate: at[rate][name] for rate in rates if name in at[rate]} for name in tried}

        def merit(there: list[Record]) -> tuple[int, float]:  # a rate at which runs failed is none the better
            return -len(there), mean_of(there, lambda record: record.numbers["training"])

        self.rate = {name: min(rates, key=lambda r: merit(rates[r])) for name, rates in self.by_rate.items()}
        self.best = {name: rates[self.rate[name]] for name, rates in self.by_rate.items()}

    def of(self, kind: str, depth: int, cell: str = "") -> list[Record]:
        """Records of one arm at its best rate; none if it did not finish."""
        wanted = Arm(cell or self.cell, kind, depth)
        return next((there for name, there in self.best.items() if self.arms[name] == wanted), [])

    def lost(self, one: tuple[str, int], other: tuple[str, int]) -> list[float]:
        """Validation loss of one ``(kind, depth)`` less that of another, seed by seed."""
        a, b = ({r.trial.seed: validation_loss(r) for r in self.of(*arm) if r.trial} for arm in (one, other))
        return [a[seed] - b[seed] for seed in a if seed in b]

    def deep(self, depth: int) -> dict[str, list[Record]]:
        """The arms of one depth, by a name that leaves the depth out."""
        return {self.arms[name].stack: there for name, there in self.best.items() if self.arms[name].depth == depth}


def reading(results: Results) -> str:
    """Hold the gradient at the start against what became of the runs."""
    deep = {name: there for name, there in results.best.items() if results.arms[name].depth > 1}
    told = [
        f"- *{name}*: {decimal(mean_of(there, slope), 2)}, {sum(map(stuck, there)):.0f} of {len(there)} runs stuck."
        for name, there in deep.items()
    ]
    told = ["Orders of magnitude by which the gradient changes from a layer to the one below, and what became of the "
            "runs:", "\n".join(told)]  # fmt: skip
    even = [
        name for name, there in deep.items() if abs(mean_of(there, slope)) <= EVEN and mean_of(there, stuck) > 0.5
    ]
    if even:
        told.append(
            f"An even gradient is not enough: {'; '.join(even)} started within {EVEN} a layer, and yet most runs are "
            "stuck. A norm says how much gradient arrives in a layer, not what it tells it."
        )
    return "\n\n".join(told)


def rate_table(results: Results, rates: Sequence[float]) -> Table:
    """Validation loss of every arm at every rate, with the runs that are stuck."""

    def entry(there: list[Record]) -> str | None:
        if not there:
            return None
        return f"{mean_of(there, validation_loss):.3f} ({sum(map(stuck, there)):.0f} of {len(there)})"

    rows = [[name, *(entry(tried.get(rate, [])) for rate in rates)] for name, tried in results.by_rate.items()]
    note = "Mean validation loss, and in brackets the runs that are stuck; empty where every run failed."
    return Table("Every rate", ["arm", *(f"{rate:g}" for rate in rates)], rows, note)


def learning_curves(results: Results, depth: int, updates: int) -> Curves:
    """Mean training loss of the arms of one depth."""
    lines, unigram = [], math.nan
    for name, there in results.deep(depth).items():
        losses = [r.series["loss"] for r in there]
        lines.append(across(name, middles(updates), losses, POSITIVE))
        unigram = there[0].numbers["unigram"]
    if lines:
        lines.append(Series("letter frequencies", [lines[0].x[0], lines[0].x[-1]], [unigram] * 2, style="dashed"))
    caption = "Training loss, means over seeds with 95 % intervals, each arm at its best rate."
    return Curves(
        f"Learning with {depth} layer{'s' * (depth > 1)}", "update", "nats a character", lines, caption=caption
    )


def gradients_at_start(results: Results, depth: int) -> Curves:
    """Norm of the gradient by layer before the first update, for the arms of one depth."""
    lines = []
    for name, there in results.deep(depth).items():
        norms = [[layer[0] for layer in gradients(record)] for record in there]
        lines.append(across(name, range(1, depth + 1), norms, logarithmic=True))
    return Curves(f"Gradient in each of {depth} layers before the first update", "layer, the input's first",
                  "norm over a layer's parameters", lines, log_y=True,
                  caption="Geometric means over seeds with 95 % intervals; a level line gives every layer as "
                  "much.")  # fmt: skip


def gradient_maps(results: Results, depth: int) -> list[Heatmap]:
    """Gradient by layer over training, a heat map for every arm of one depth."""
    maps = []
    for name, there in results.deep(depth).items():
        probed = there[0].series["probed"]
        values = [[_mean_log(there, layer, k) for k in range(len(probed))] for layer in reversed(range(depth))]
        maps.append(Heatmap(
            f"Gradient over training, {depth} layers, {name}", "update", "layer", values,
            [f"{update:g}" for update in probed], [str(layer) for layer in range(depth, 0, -1)],
            "Norm over a layer's parameters on one window of text, unclipped; the layer nearest the output is on "
            "top; means over seeds.",
            "log10 of the gradient's norm",
        ))  # fmt: skip
    return maps


def _mean_log(records: Sequence[Record], layer: int, probe: int) -> float:
    return mean_of(records, lambda record: math.log10(gradients(record)[layer][probe]))
