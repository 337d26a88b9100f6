"""What study 15.30 shows: who was right how often, and who answered how soon."""

from collections.abc import Sequence

from elman.lab.arms import Arms
from elman.lab.findings import Curves, Passage, Table
from elman.lab.formatting import p_value
from elman.lab.over_seeds import across, spread
from elman.lab.study import Record
from elman.lab.verdicts import interval

NETWORKS = ("LSTM", "BiLSTM", "Transformer")
UNPLACED = "Transformer, no positions"
ARMS = (*NETWORKS, UNPLACED)
BAYES, LATENCY = "naive Bayes", "latency"
LENGTHS = (8, 16, 32, 64, 128, 256, 512)
BATCHES = (1, 32)


def trade_offs(answers: Sequence[Record]) -> Passage:
    """Tell who answers first, at which lengths."""
    told = []
    for batch in BATCHES:
        means = {arm: [mean for mean, _, _ in _points(answers, arm, batch)] for arm in NETWORKS}
        firsts = [min(NETWORKS, key=lambda arm, k=k: means[arm][k]) for k in range(len(LENGTHS))]
        lengths = {
            arm: [str(n) for n, first in zip(LENGTHS, firsts, strict=True) if first == arm] for arm in NETWORKS
        }
        lists = [f"the {arm} at {', '.join(those)} words" for arm, those in lengths.items() if those]
        ratio = means["Transformer"][-1] / means["LSTM"][-1]
        told.append(
            f"With {_each(batch)} first to answer is {'; '.join(lists)}. At {LENGTHS[-1]} words the Transformer "
            f"takes {ratio:.1f} times as long as the LSTM."
        )
    told.append(
        "The recurrent nets need one step after another, and memory for one state; the Transformer compares every "
        "word with every other, all at once, quick on many processors and dear on one. When a word is added, "
        "an LSTM that reads forwards goes on from its state; the other two must read the whole sentence again."
    )
    return Passage("Trade-offs", "\n\n".join(told))


def accuracies(corpus: str, arms: Arms) -> list[Table]:
    """Return sizes, accuracy and time of a pass by arm, and the tests in pairs."""
    from elman.probe.paired import holm, mcnemar

    there = [arm for arm in (BAYES, *ARMS) if arm in arms]
    rows = [
        [arm, *(spread(arms.numbers(arm, size)[:1], 0) for size in ("hidden size", "parameters")),
         arms.formatted(arm, "accuracy"), arms.formatted(arm, "a pass", decimals=2),
         ", ".join(f"{rate:g}" for rate in arms.numbers(arm, "rate"))]
        for arm in there
    ]  # fmt: skip
    first = {
        arm: [v > 0.5 for v in record.series["right"]]
        for arm in there for seed, record in arms.by_seed(arm).items() if not seed
    }  # fmt: skip
    wanted = [("LSTM", BAYES), ("LSTM", "BiLSTM"), ("LSTM", "Transformer"), ("BiLSTM", "Transformer"),
              ("Transformer", UNPLACED)]  # fmt: skip
    pairs = {f"{a} and {b}": mcnemar(first[a], first[b]) for a, b in wanted if a in first and b in first}
    corrected = holm(pairs) if pairs else {}
    return [
        Table(f"Test sentences of {corpus} decided rightly",
              ["", "hidden size", "parameters", "accuracy", "a pass, s of processor time", "rates kept"], rows,
              "Means with 95 % intervals over seeds; parameters without those of the word vectors."),
        Table("Whether two differ on the same sentences (McNemar, seed 0)",
              ["pair", "p", "p, corrected for their number (Holm)"],
              [[pair, p_value(p), p_value(corrected[pair])] for pair, p in pairs.items()]),
    ]  # fmt: skip


def _each(batch: int) -> str:
    return "one sentence" if batch == 1 else f"{batch} sentences together"


def _points(answers: Sequence[Record], arm: str, batch: int) -> list[tuple[float, float, float]]:
    columns = zip(*(record.series[f"{arm}, {batch}"] for record in answers), strict=True)
    return [interval(list(column)) for column in columns]


def times(answers: Sequence[Record], batch: int) -> Table:
    """Return the time of an answer by network and length."""
    columns = [_points(answers, arm, batch) for arm in NETWORKS]
    return Table(
        f"Time of an answer, {_each(batch)}, ms", ["words", *NETWORKS],
        [[length, *(round(column[k][0], 2) for column in columns)] for k, length in enumerate(LENGTHS)],
        "Medians in turns, mean over the trials; one thread.",
    )  # fmt: skip


def curves(answers: Sequence[Record], batch: int) -> Curves:
    """Draw the time of an answer by length, a line for each network."""
    lines = [
        across(arm, LENGTHS, [record.series[f"{arm}, {batch}"] for record in answers], logarithmic=True)
        for arm in NETWORKS
    ]
    return Curves(
        f"Time of an answer, {_each(batch)}", "words", "milliseconds", lines, log_x=True, log_y=True,
        caption="Medians in turns, geometric means over the trials with 95 % intervals; one thread. A line twice as "
        "steep grows with the square.",
    )  # fmt: skip
