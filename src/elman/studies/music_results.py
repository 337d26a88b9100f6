"""How the results of study 15.24 are shown: scores, what tunes are like, and a piano roll."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.lab.findings import Curves, Heatmap, Series, Table
from elman.lab.judge import interval
from elman.lab.seeds import POSITIVE, SHARE, across
from elman.lab.study import Record

if TYPE_CHECKING:
    from elman.data.melodies import Melody

GROUPS = ("samples", "real", "shuffled", "drawn from all")
BARS = 8  # of a piano roll


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return sum(values) / len(values)


def score_table(grams: dict[str, float], scores: dict[str, list[float]], note: str) -> Table:
    """Nats a note of n-grams and networks."""
    rows: list[list[Any]] = [[name, round(nats, 3), ""] for name, nats in grams.items()]
    for arm, values in scores.items():
        middle, low, high = interval(values)
        rows.append([arm, round(middle, 3), f"{low:.3f} to {high:.3f}" if len(values) > 1 else "one seed"])
    return Table("Unseen tunes", ["model", "nats a note", "95 % interval over seeds"], rows, note)


def measure_table(records: Sequence[Record], temperature: float) -> Table:
    """Every measure of samples, real tunes and the two kinds of shuffled ones."""
    measures = [key.partition("|")[0] for key in records[0].numbers if key.endswith("|real")]
    rows = [
        [measure, *(round(mean([r.numbers[f"{measure}|{group}"] for r in records]), 3) for group in GROUPS)]
        for measure in measures
    ]
    return Table(
        "What the tunes are like", ["measure", *GROUPS], rows,
        f"Means over {len(records)} seeds; samples at temperature {temperature:g}, one for each real test tune, with "
        "its key, metre and pickup. Divergences are from training, in nats. Shuffled: each test tune's "
        "notes in another order; drawn from all: notes of all test tunes, dealt out again. Where a collection is in "
        "few keys, notes drawn from all still fit one of them: the correlation of the best key says less than "
        "whether it is the tune's own.",
    )  # fmt: skip


def roll(melody: "Melody", bars: int = BARS) -> "Any":
    """Draw a melody's first bars as a matrix ``[128, N]``, N sixteenths with the pickup: 1 where a note sounds, 2
    where it sets in."""
    import numpy as np

    drawn, now = np.zeros((128, melody.pickup + bars * melody.bar), np.int8), 0
    for pitch, duration in melody.notes:
        if pitch >= 0:
            drawn[pitch, now : now + duration] = 1
            drawn[pitch, now : now + 1] = 2
        now += duration
    return drawn[:, : min(now, drawn.shape[1])]


def piano_roll(drawn: "Any", title: str) -> Heatmap:
    """Show a :func:`roll`: only the pitches between its lowest and its highest, the highest on top."""
    import numpy as np

    from elman.data.melodies import TONICS

    (sounding,) = np.nonzero(drawn.any(1))
    pitches = range(int(sounding.max()), int(sounding.min()) - 1, -1)
    return Heatmap(
        title, "sixteenth", "pitch", [[float(v) for v in drawn[pitch]] for pitch in pitches],
        (), [f"{TONICS[p % 12]}{p // 12 - 1}" for p in pitches],
        caption=f"Piano roll of the first {BARS} bars at most: brightest where a note sets in.",
        unit="0 silent, 1 sounds, 2 sets in",
    )  # fmt: skip


def figures_of(grams: dict[str, float], records: Sequence[Record]) -> list[Curves | Heatmap]:
    """Learning, intervals, and the first seed's first tune."""
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
        Curves("Learning tunes", "update", "nats a note", learning,
               caption="Means over seeds with 95 % intervals: training (a tenth of the run each) and validation."),
        Curves("From one note to the next", "interval, semitones up", "share of intervals", steps,
               caption="Means over seeds with 95 % intervals. Melodies go by step: shuffled, a tune keeps its notes "
               "and loses this."),
        piano_roll(first.arrays["roll|1"], f"The first tune written: {first.texts['1']}"),
    ]  # fmt: skip
