"""Tables and figures of study 15.24: scores, properties of tunes, and a piano roll."""

from collections.abc import Sequence
from typing import Any

from elman.apps.piano_roll import piano_roll
from elman.lab.findings import Curves, Heatmap, Series, Table
from elman.lab.over_seeds import POSITIVE, SHARE, across
from elman.lab.study import Record
from elman.lab.verdicts import interval

GROUPS = ("samples", "real", "shuffled", "drawn from all")


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one value."""
    return sum(values) / len(values)


def score_table(grams: dict[str, float], scores: dict[str, list[float]], note: str) -> Table:
    """Return a table of nats per note of n-grams and networks."""
    rows: list[list[Any]] = [[name, round(nats, 3), ""] for name, nats in grams.items()]
    for arm, values in scores.items():
        middle, low, high = interval(values)
        rows.append([arm, round(middle, 3), f"{low:.3f} to {high:.3f}" if len(values) > 1 else "one seed"])
    return Table("Unseen tunes", ["model", "nats per note", "95 % interval over seeds"], rows, note)


def measure_table(records: Sequence[Record], temperature: float) -> Table:
    """Return a table of every measure of samples, real tunes and the two kinds of shuffled tunes."""
    measures = [key.partition("|")[0] for key in records[0].numbers if key.endswith("|real")]
    rows = [
        [measure, *(round(mean([r.numbers[f"{measure}|{group}"] for r in records]), 3) for group in GROUPS)]
        for measure in measures
    ]
    return Table(
        "Properties of the tunes", ["measure", *GROUPS], rows,
        f"Means over {len(records)} seeds; samples at temperature {temperature:g}, one for each real test tune, with "
        "its key, metre and pickup. Divergences are from training, in nats. Shuffled: each test tune's notes in "
        "another order. Drawn from all: the notes of all test tunes, redistributed. In a collection with few keys, "
        "notes drawn from all still fit one of the keys, so finding the tune's own key says more than the best "
        "key's correlation.",
    )  # fmt: skip


def figures_of(grams: dict[str, float], records: Sequence[Record]) -> list[Curves | Heatmap]:
    """Draw the learning curves, the intervals, and the first seed's first tune."""
    first = records[0]
    learning = []
    for name in ("loss", "validation"):
        shown_as = {"loss": "training"}.get(name, name)
        learning.append(across(shown_as, first.series["update"], [r.series[name] for r in records], POSITIVE))
    span = [first.series["update"][0], first.series["update"][-1]]
    learning += [Series(f"{name}, test", span, [grams[name]] * 2, style="dashed") for name in ("bigram", "5-gram")]
    steps = [
        across(group, range(-12, 13), [r.series[f"steps|{group}"] for r in records], SHARE,
               style="dashed" if group == "drawn from all" else "line")
        for group in GROUPS
    ]  # fmt: skip
    return [
        Curves("Learning tunes", "update", "nats per note", learning,
               caption="Training loss, by tenths of the run, and validation loss."),
        Curves("Intervals between consecutive notes", "interval, semitones up", "share of intervals", steps,
               caption="Melodies move mostly by step; a shuffled tune keeps "
               "its notes but not the steps."),
        piano_roll(first.arrays["roll|1"], f"The first tune written: {first.texts['1']}",
              first.texts["1"].split(", ")[-2]),
    ]  # fmt: skip
