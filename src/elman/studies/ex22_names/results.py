"""How the results of study 15.22 are shown: names by culture and temperature."""

from collections.abc import Callable, Sequence
from typing import Any

from elman.apps.names import MEASURES
from elman.lab.findings import Curves, Heatmap, Passage, Series, Table
from elman.lab.study import Record
from elman.lab.verdicts import interval

DISTINCT = "distinct names"
At = Callable[[str, str | float], list[float]]  # a measure, at a temperature or of "real" names, a value a seed


def cultures_of(counted: Record) -> list[str]:
    """The cultures whose names the n-grams' trial has counted, in their order."""
    kinds = [(kind, culture) for kind, _, culture in (name.partition("|") for name in counted.numbers)]
    return [culture for kind, culture in kinds if kind == DISTINCT and culture]


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return sum(values) / len(values)


def stated(values: Sequence[float]) -> tuple[float, str]:
    """Mean and 95 % interval, to be read."""
    middle, low, high = interval(values)
    return round(middle, 3), f"{low:.3f} to {high:.3f}"


def temperature_table(temperatures: Sequence[float], at: At) -> Table:
    """Every measure at every temperature, and of real names."""
    rows: list[list[Any]] = [
        [f"{t:g}", *(round(mean(at(measure, t)), 3) for measure in MEASURES)] for t in temperatures
    ]
    rows.append(["real names", *(round(mean(at(measure, "real")), 3) for measure in MEASURES)])
    return Table(
        "What temperature does", ["temperature", *MEASURES], rows,
        "Shares, and nats a character (less is likelier). Real names are all novel, distinct and hits because they "
        "are the test part; what they tell is how many of them the classifier takes for valid, and how likely they "
        "are under the trigram.",
    )  # fmt: skip


def culture_table(counted: Record, knowing: Sequence[Record], untold: Sequence[Record]) -> Table:
    """How well each culture's names are predicted, and judged."""
    import numpy as np

    numbers = counted.numbers

    judged = np.sum([record.arrays["judged|real"] for record in knowing], axis=0)
    right = np.diag(judged) / np.maximum(judged.sum(1), 1)
    rows = []
    for place, culture in enumerate(cultures_of(counted)):
        scores = [
            [record.numbers[f"nats|{culture}"] for record in own if f"nats|{culture}" in record.numbers]
            for own in (knowing, untold)
        ]
        means = [round(mean(values), 3) if values else None for values in scores]
        rows.append([culture, int(numbers[f"{DISTINCT}|{culture}"]), *means, round(float(right[place]), 3)])
    return Table(
        "By culture", ["culture", "distinct names", "nats, told", "nats, not told", "real names judged valid"], rows,
        f"{counted.texts['names']}: {int(numbers['lines']):,} lines, {int(numbers[DISTINCT]):,} distinct names of "
        "cultures.",
    )  # fmt: skip


def name_table(temperatures: Sequence[float], knowing: Sequence[Record]) -> Table:
    """Four names of each culture at each temperature, from the first seed."""
    record = knowing[0]
    cultures = list(dict.fromkeys(key.partition("|")[0] for key in record.texts))
    rows = [
        [culture, *(", ".join(record.texts[f"{culture}|{t:g}"].split(", ")[:4]) for t in temperatures)]
        for culture in cultures
    ]
    return Table(
        "Names written", ["culture", *(f"temperature {t:g}" for t in temperatures)], rows,
        "The first drawn, not the best, and from the same random numbers at each temperature. An asterisk marks a "
        "name of that culture from training.",
    )  # fmt: skip


def passages(temperatures: Sequence[float], knowing: Sequence[Record]) -> list[Passage]:
    """Names of Italian, or else of the first culture, at each temperature; the first seed's."""
    if not knowing:
        return []
    texts = knowing[0].texts
    culture = "Italian" if f"Italian|{temperatures[0]:g}" in texts else next(iter(texts)).partition("|")[0]
    return [Passage(f"{culture}, temperature {t:g}", texts[f"{culture}|{t:g}"], "sample") for t in temperatures]


def figures_of(
    temperatures: Sequence[float], at: At, cultures: Sequence[str], knowing: Sequence[Record]
) -> list[Curves | Heatmap]:
    """Measures over temperature, likelihood over temperature, and who is taken for whom."""
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
               caption="Means over seeds with 95 % intervals; dashed, the share of real test names judged valid."),
        Curves("How likely samples are", "temperature", "nats a character under a trigram of unseen names",
               [curve("likelihood", float("inf")), real("likelihood")],
               caption="Below the dashed line samples are likelier than real names are: duller, not better."),
        Heatmap(f"Asked for, and taken for, at temperature {shown:g}", "culture judged", "culture asked for", shares,
                list(cultures), list(cultures),
                caption="Share of the names asked for in a row that the classifier gives to a column, all seeds "
                "together. Off the diagonal stand the cultures that are alike, or rare.",
                unit="share of the names asked for"),
    ]  # fmt: skip
