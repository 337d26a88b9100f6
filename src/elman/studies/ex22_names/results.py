"""Tables and figures of study 15.22: names by culture and temperature."""

from collections.abc import Callable, Sequence
from typing import Any

from elman.apps.names import MEASURES
from elman.lab.findings import Curves, Heatmap, Passage, Series, Table
from elman.lab.study import Record
from elman.lab.verdicts import interval

DISTINCT = "distinct names"
At = Callable[[str, str | float], list[float]]  # a measure at a temperature or of "real" names, one value per seed


def cultures_of(counted: Record) -> list[str]:
    """Return the cultures that the n-grams' trial counted, in order."""
    kinds = [(kind, culture) for kind, _, culture in (name.partition("|") for name in counted.numbers)]
    return [culture for kind, culture in kinds if kind == DISTINCT and culture]


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one value."""
    return sum(values) / len(values)


def stated(values: Sequence[float]) -> tuple[float, str]:
    """Return the rounded mean, and the 95 % interval as text."""
    middle, low, high = interval(values)
    return round(middle, 3), f"{low:.3f} to {high:.3f}"


def temperature_table(temperatures: Sequence[float], at: At) -> Table:
    """Return a table of every measure at every temperature and for real names."""
    rows: list[list[Any]] = [
        [f"{t:g}", *(round(mean(at(measure, t)), 3) for measure in MEASURES)] for t in temperatures
    ]
    rows.append(["real names", *(round(mean(at(measure, "real")), 3) for measure in MEASURES)])
    return Table(
        "What temperature does", ["temperature", *MEASURES], rows,
        "Shares, and likelihood in nats per character (lower is likelier). Real names are the test part, so all of "
        "them are novel, distinct and hits; compare only how many the classifier judges valid and their likelihood "
        "under the trigram.",
    )  # fmt: skip


def culture_table(counted: Record, conditioned: Sequence[Record], unconditioned: Sequence[Record]) -> Table:
    """Return a table of each culture's loss, and of the share of its real names judged valid."""
    import numpy as np

    numbers = counted.numbers

    judged = np.sum([record.arrays["judged|real"] for record in conditioned], axis=0)
    right = np.diag(judged) / np.maximum(judged.sum(1), 1)
    rows = []
    for place, culture in enumerate(cultures_of(counted)):
        scores = [
            [record.numbers[f"nats|{culture}"] for record in own if f"nats|{culture}" in record.numbers]
            for own in (conditioned, unconditioned)
        ]
        means = [round(mean(values), 3) if values else None for values in scores]
        rows.append([culture, int(numbers[f"{DISTINCT}|{culture}"]), *means, round(float(right[place]), 3)])
    return Table(
        "By culture", ["culture", "distinct names", "nats per character, conditioned",
                       "nats per character, unconditioned", "real names judged valid"], rows,
        f"{counted.texts['names']}: {int(numbers['lines']):,} lines, {int(numbers[DISTINCT]):,} distinct names of "
        "cultures.",
    )  # fmt: skip


def name_table(temperatures: Sequence[float], knowing: Sequence[Record]) -> Table:
    """Return four names of each culture at each temperature, from the first seed."""
    record = knowing[0]
    cultures = list(dict.fromkeys(key.partition("|")[0] for key in record.texts))
    rows = [
        [culture, *(", ".join(record.texts[f"{culture}|{t:g}"].split(", ")[:4]) for t in temperatures)]
        for culture in cultures
    ]
    return Table(
        "Names written", ["culture", *(f"temperature {t:g}" for t in temperatures)], rows,
        "The first names drawn, not the best, with the same random numbers at each temperature. An asterisk marks a "
        "training name of that culture.",
    )  # fmt: skip


def passages(temperatures: Sequence[float], knowing: Sequence[Record]) -> list[Passage]:
    """Return the first seed's names of Italian, or else of the first culture, at each temperature."""
    if not knowing:
        return []
    texts = knowing[0].texts
    culture = "Italian" if f"Italian|{temperatures[0]:g}" in texts else next(iter(texts)).partition("|")[0]
    return [Passage(f"{culture}, temperature {t:g}", texts[f"{culture}|{t:g}"], "sample") for t in temperatures]


def figures_of(
    temperatures: Sequence[float], at: At, cultures: Sequence[str], knowing: Sequence[Record]
) -> list[Curves | Heatmap]:
    """Draw measures and likelihood over temperature, and the confusion of cultures."""
    import numpy as np

    x = sorted(temperatures)

    def curve(measure: str, top: float) -> Series:
        middle, low, high = zip(*(interval(at(measure, t)) for t in x), strict=True)
        band = (None, None) if len(knowing) < 2 else ([max(0, v) for v in low], [min(top, v) for v in high])
        return Series("samples" if measure == "likelihood" else measure, x, middle, *band)

    def real(measure: str) -> Series:
        return Series(f"{measure}, real names", x, [mean(at(measure, "real"))] * len(x), style="dashed")

    shown = min(x, key=lambda t: abs(t - 0.8))
    counts = np.sum([record.arrays[f"judged|{shown:g}"] for record in knowing], axis=0)
    shares = [[float(v) / max(1.0, float(row.sum())) for v in row] for row in counts]
    return [
        Curves("What temperature trades", "temperature", "share of samples",
               [*(curve(measure, 1.0) for measure in MEASURES[:4]), real("valid")],
               caption="Dashed: share of real test names judged valid."),
        Curves("How likely samples are", "temperature", "nats per character under a trigram of unseen names",
               [curve("likelihood", float("inf")), real("likelihood")],
               caption="Below the dashed line, samples are likelier than real names: more typical, not better."),
        Heatmap(f"Requested and predicted culture at temperature {shown:g}", "predicted", "requested", shares,
                list(cultures), list(cultures),
                caption="Share of the names requested for the row's culture that the classifier assigns to the "
                "column's, all seeds together. Cultures with large values off the diagonal are similar or rare.",
                unit="share of the names requested"),
    ]  # fmt: skip
