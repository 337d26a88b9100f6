"""Measures of a run of study 15.20, each arm's best learning rate, and the figures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from elman.cells.lookup import cell_label
from elman.lab.arms import Arms
from elman.lab.findings import Curves, Heatmap, Series, Table
from elman.lab.formatting import decimal
from elman.lab.over_seeds import POSITIVE, across, middles
from elman.lab.study import Record

STUCK = 0.05  # nats below the unigram entropy
LEARNED = 0.5
EVEN = 0.1  # orders of magnitude per layer


class Arm(NamedTuple):
    """One way to build a stack."""

    cell: str
    kind: str  # of connections
    depth: int

    @property
    def stack(self) -> str:
        """The arm's name without its depth."""
        return f"{cell_label(self.cell)} {self.kind}"

    @property
    def name(self) -> str:
        """The arm's name."""
        return f"{self.stack}, {self.depth} layer{'s' * (self.depth > 1)}"


def mean_of(records: Sequence[Record], value: Callable[[Record], float]) -> float:
    """Return the mean of a value over records."""
    return sum(map(value, records)) / len(records)


def validation_loss(record: Record) -> float:
    """Return the validation loss in nats per character."""
    return record.numbers["validation"]


def stuck(record: Record) -> float:
    """Return 1 for a run that learned only letter frequencies, else 0."""
    return float(record.numbers["validation"] > record.numbers["unigram"] - STUCK)


def gradients(record: Record) -> list[list[float]]:
    """Return gradient norms by layer, starting at the input, and by probe; the first probe is before any update."""
    depth = sum(name.startswith("layer ") for name in record.series)
    return [[max(norm, 1e-30) for norm in record.series[f"layer {k}"]] for k in range(1, depth + 1)]


def slope(record: Record) -> float:
    """Return log10 of the gradient's change per layer towards the input, before the first update."""
    start = [layer[0] for layer in gradients(record)]
    return (math.log10(start[0]) - math.log10(start[-1])) / max(1, len(start) - 1)


def learned_at(record: Record, updates: int) -> float:
    """Return the updates until the training loss is half a nat below the unigram entropy, or infinity."""
    losses = record.series["loss"]
    low = (k for k, loss in enumerate(losses) if loss < record.numbers["unigram"] - LEARNED)
    return (next(low, math.inf) + 1) * updates / len(losses)


class Results:
    """Records by arm and learning rate, and each arm at the rate with its lowest final training loss.

    Args:
        arms: every arm of the plan by name.
        cell: the default cell of :meth:`of`.
        rates: learning rates of the plan.
        tried: the records of the finished trials, one learning rate each.
    """

    def __init__(self, arms: dict[str, Arm], cell: str, rates: Sequence[float], tried: Arms):
        self.arms, self.cell = arms, cell
        at = {rate: tried.on(rate=rate) for rate in rates}
        self.by_rate = {name: {rate: at[rate][name] for rate in rates if name in at[rate]} for name in tried}

        def merit(there: list[Record]) -> tuple[int, float]:  # a rate at which runs failed ranks lower
            return -len(there), mean_of(there, lambda record: record.numbers["training"])

        self.rate = {name: min(rates, key=lambda r: merit(rates[r])) for name, rates in self.by_rate.items()}
        self.best = {name: rates[self.rate[name]] for name, rates in self.by_rate.items()}

    def of(self, kind: str, depth: int, cell: str = "") -> list[Record]:
        """Return the records of one arm at its best rate; empty if the arm did not finish."""
        wanted = Arm(cell or self.cell, kind, depth)
        return next((there for name, there in self.best.items() if self.arms[name] == wanted), [])

    def lost(self, one: tuple[str, int], other: tuple[str, int]) -> list[float]:
        """Return the validation loss of one ``(kind, depth)`` minus that of another, per seed."""
        a, b = ({r.trial.seed: validation_loss(r) for r in self.of(*arm) if r.trial} for arm in (one, other))
        return [a[seed] - b[seed] for seed in a if seed in b]

    def deep(self, depth: int) -> dict[str, list[Record]]:
        """Return the arms of one depth by their name without the depth."""
        return {self.arms[name].stack: there for name, there in self.best.items() if self.arms[name].depth == depth}


def reading(results: Results) -> str:
    """Compare the gradient at the start with the runs' outcomes."""
    deep = {name: there for name, there in results.best.items() if results.arms[name].depth > 1}
    lines = [
        f"- *{name}*: {decimal(mean_of(there, slope), 2)}, {sum(map(stuck, there)):.0f} of {len(there)} runs stuck."
        for name, there in deep.items()
    ]
    paragraphs = ["Orders of magnitude by which the gradient changes from a layer to the one below, and the number "
                  "of stuck runs:", "\n".join(lines)]  # fmt: skip
    even = [
        name for name, there in deep.items() if abs(mean_of(there, slope)) <= EVEN and mean_of(there, stuck) > 0.5
    ]
    if even:
        paragraphs.append(
            f"An even gradient is not enough: {'; '.join(even)} started within {EVEN} per layer, yet most runs are "
            "stuck. The norm measures the size of a layer's gradient, not whether its direction is useful."
        )
    return "\n\n".join(paragraphs)


def rate_table(results: Results, rates: Sequence[float]) -> Table:
    """Return a table of every arm's validation loss at every learning rate, with the number of stuck runs."""

    def entry(there: list[Record]) -> str | None:
        if not there:
            return None
        return f"{mean_of(there, validation_loss):.3f} ({sum(map(stuck, there)):.0f} of {len(there)})"

    rows = [[name, *(entry(tried.get(rate, [])) for rate in rates)] for name, tried in results.by_rate.items()]
    note = "Mean validation loss, and in parentheses the number of stuck runs; empty where every run failed."
    return Table("Every learning rate", ["arm", *(f"{rate:g}" for rate in rates)], rows, note)


def learning_curves(results: Results, depth: int, updates: int) -> Curves:
    """Draw the mean training loss of the arms of one depth."""
    lines, unigram = [], math.nan
    for name, there in results.deep(depth).items():
        losses = [r.series["loss"] for r in there]
        lines.append(across(name, middles(updates), losses, POSITIVE))
        unigram = there[0].numbers["unigram"]
    if lines:
        lines.append(Series("letter frequencies", [lines[0].x[0], lines[0].x[-1]], [unigram] * 2, style="dashed"))
    caption = "Training loss, each arm at its best rate."
    return Curves(
        f"Learning with {depth} layer{'s' * (depth > 1)}", "update", "nats per character", lines, caption=caption
    )


def gradients_at_start(results: Results, depth: int) -> Curves:
    """Draw the gradient norm by layer before the first update, for the arms of one depth."""
    lines = []
    for name, there in results.deep(depth).items():
        norms = [[layer[0] for layer in gradients(record)] for record in there]
        lines.append(across(name, range(1, depth + 1), norms, logarithmic=True))
    return Curves(f"Gradient in each of {depth} layers before the first update", "layer, counted from the input",
                  "norm over a layer's parameters", lines, log_y=True,
                  caption="Means are geometric; on a level line all layers have "
                  "equal norms.")  # fmt: skip


def gradient_maps(results: Results, depth: int) -> list[Heatmap]:
    """Draw gradient norms by layer over training, one heat map per arm of one depth, all on one scale."""
    maps = []
    for name, there in results.deep(depth).items():
        probed = there[0].series["probed"]
        values = [[_mean_log(there, layer, k) for k in range(len(probed))] for layer in reversed(range(depth))]
        maps.append(Heatmap(
            f"Gradient over training, {depth} layers, {name}", "update", "layer", values,
            [f"{update:g}" for update in probed], [str(layer) for layer in range(depth, 0, -1)],
            "Norm over a layer's parameters on one window of text, unclipped; the top row is the layer nearest the "
            "output; means over seeds.",
            "log10 of the gradient's norm",
        ))  # fmt: skip
    every = [value for one in maps for row in one.values for value in row]
    return [replace(one, limits=(min(every), max(every))) for one in maps] if every else []


def _mean_log(records: Sequence[Record], layer: int, probe: int) -> float:
    return mean_of(records, lambda record: math.log10(gradients(record)[layer][probe]))
