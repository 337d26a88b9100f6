"""Tables and figures of study 15.30: accuracy and latency of each network."""

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
    """Say which network answers first at which lengths."""
    paragraphs = []
    for batch in BATCHES:
        means = {arm: [mean for mean, _, _ in _points(answers, arm, batch)] for arm in NETWORKS}
        firsts = [min(NETWORKS, key=lambda arm, k=k: means[arm][k]) for k in range(len(LENGTHS))]
        lengths = {
            arm: [str(n) for n, first in zip(LENGTHS, firsts, strict=True) if first == arm] for arm in NETWORKS
        }
        lists = [f"the {arm} is fastest at {', '.join(won)} words" for arm, won in lengths.items() if won]
        ratio = means["Transformer"][-1] / means["LSTM"][-1]
        paragraphs.append(
            f"With {_each(batch)}, {'; '.join(lists)}. At {LENGTHS[-1]} words, the Transformer "
            f"takes {ratio:.1f} times as long as the LSTM."
        )
    paragraphs.append(
        "The recurrent networks compute one step after another and keep a single state in memory. The Transformer "
        "compares every word with every other in parallel, which is fast on many processors and expensive on one. "
        "When a word is added, a forward LSTM continues from its state; the other two must read the whole sentence "
        "again."
    )
    return Passage("Trade-offs", "\n\n".join(paragraphs))


def accuracies(corpus: str, arms: Arms) -> list[Table]:
    """Return a table of sizes, accuracy and epoch time by arm, and one of the paired tests."""
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
        Table(f"Accuracy on the test sentences of {corpus}",
              ["", "hidden size", "parameters", "accuracy", "CPU s per epoch", "learning rates kept"], rows,
              "Means with 95 % intervals over seeds; parameters exclude the word vectors."),
        Table("Paired tests on the same sentences (McNemar, seed 0)",
              ["pair", "p", "p, corrected for the number of tests (Holm)"],
              [[pair, p_value(p), p_value(corrected[pair])] for pair, p in pairs.items()]),
    ]  # fmt: skip


def _each(batch: int) -> str:
    return "one sentence" if batch == 1 else f"{batch} sentences together"


def _points(answers: Sequence[Record], arm: str, batch: int) -> list[tuple[float, float, float]]:
    columns = zip(*(record.series[f"{arm}, {batch}"] for record in answers), strict=True)
    return [interval(list(column)) for column in columns]


def times(answers: Sequence[Record], batch: int) -> Table:
    """Return a table of the latency by network and length."""
    columns = [_points(answers, arm, batch) for arm in NETWORKS]
    return Table(
        f"Latency, {_each(batch)}, ms", ["words", *NETWORKS],
        [[length, *(round(column[k][0], 2) for column in columns)] for k, length in enumerate(LENGTHS)],
        "Medians of interleaved runs, mean over the trials; one thread.",
    )  # fmt: skip


def curves(answers: Sequence[Record], batch: int) -> Curves:
    """Draw the latency by length, one line per network."""
    lines = [
        across(arm, LENGTHS, [record.series[f"{arm}, {batch}"] for record in answers], logarithmic=True)
        for arm in NETWORKS
    ]
    return Curves(
        f"Latency, {_each(batch)}", "words", "milliseconds", lines, log_x=True, log_y=True,
        caption="Medians of interleaved runs on one thread; means are geometric. A "
        "slope of 2 means quadratic growth.",
    )  # fmt: skip
