"""An LSTM, a bidirectional LSTM and a small Transformer with equal numbers of parameters.

**Question.** How do a one-layer LSTM, a two-layer bidirectional LSTM and a two-layer Transformer encoder with four
heads compare in accuracy, training time and latency?

**Method.** All networks read word vectors of the same width and classify from the maximum of each output feature over
the sentence. Their hidden sizes are chosen so that, without the word vectors, the numbers of parameters agree within
2 %. Each network is trained with every learning rate of a short list for its kind, with warm-up and decay; the rate
and epoch with the lowest validation loss are kept, and the test is used once. There are two controls: naive Bayes on
words and pairs of words, and the Transformer without positions, which sees a sentence as a bag of words. Padding is
masked. Differences on the test sentences are tested in pairs (McNemar) and corrected for the number of tests (Holm).

Times are measured on one machine. Epoch times are CPU times and include validation. Latency is measured in separate
trials, with all networks interleaved in one process on one thread, for one sentence and for 32 together, from 8 to
512 words. The LSTMs run on Elman's engine, attention on PyTorch's.

**What to expect.** On SST-2, trained from scratch, a tie with naive Bayes. An LSTM computes one step after another,
so the Transformer is faster on a single long sentence; attention grows with the square of the length, so the
Transformer is slower on a batch of long sentences. A prototype with torch.nn took 3.1 ms (LSTM) and 1.6 ms
(Transformer) for one sentence of 128 words, and 155 ms and 710 ms for 32 sentences of 512 words.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.ex30_transformer.results import (
    ARMS,
    BATCHES,
    BAYES,
    LATENCY,
    LENGTHS,
    NETWORKS,
    UNPLACED,
    accuracies,
    curves,
    times,
    trade_offs,
)
from elman.studies.shared import sentiment

HEADS, LAYERS = 4, 2


@dataclass(frozen=True)
class Plan:
    """The sentences, the networks, their training, and the measurement of latency."""

    data: str = "auto"  # sst2, rt-polarity or reviews
    sentences: NonNegativeInt = 0  # to train on; 0 for all
    width: Annotated[int, Field(gt=0, multiple_of=HEADS)] = 128  # of the word vectors
    parameters: PositiveInt = 245_000  # of a network without its word vectors
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    epochs: PositiveInt = 6
    patience: PositiveInt = 2
    batch_size: PositiveInt = 32
    rates: tuple[PositiveFloat, ...] = (7e-4, 2e-3)  # learning rates tried for the LSTMs
    attention_rates: tuple[PositiveFloat, ...] = (5e-4, 1.5e-3)  # and for the Transformers
    repeats: PositiveInt = 9  # latency runs for 32 sentences; five times as many for one
    seeds: PositiveInt = 3


QUICK = Plan(sentences=1500, width=32, parameters=20_000, epochs=4, rates=(4e-3,), attention_rates=(4e-3,), repeats=3)


def claims(plan: Plan) -> list[Claim]:
    """State the claims on sizes, accuracy, and latency by length."""
    prototype = "a prototype of this study with torch.nn"

    def equal(arms: Arms) -> float | list[float]:
        counts = [arms.numbers(arm, "parameters")[0] for arm in NETWORKS if arm in arms]
        return max(counts) / min(counts) - 1 if len(counts) == len(NETWORKS) else []

    def ratios(wanted: Callable[[Callable[[str, int, int], float]], float]) -> Callable[[Arms], list[float]]:
        def each(record: Record) -> float:
            return wanted(lambda arm, n, t: record.series[f"{arm}, {n}"][LENGTHS.index(t)])

        return lambda arms: [each(record) for record in arms[LATENCY]]

    return [
        Claim("equal", "Without word vectors, the networks differ by at most 2 % in parameters.", "textbook exercise "
              "15.30: control for parameter count", "largest over smallest, minus 1", at_most=0.02,
              measure=equal),
        Claim("tie", "The LSTM and naive Bayes on words and pairs are within three points in accuracy.",
              "Wang & Manning (2012), Baselines and Bigrams: not easily beaten", "accuracy, difference",
              at_least=-0.03, at_most=0.03, measure=lambda arms: arms.less("LSTM", BAYES, "accuracy")),
        Claim("order", "Trained from scratch, the BiLSTM is more accurate than the Transformer.",
              "the design of this study: recurrence assumes the order that attention has to learn",
              "accuracy, difference", at_least=0.0,
              measure=lambda arms: arms.less("BiLSTM", "Transformer", "accuracy")),
        Claim("positions", "Without positions, the Transformer loses at least one point of accuracy.",
              "Vaswani et al. (2017), section 3.5", "accuracy, difference", at_least=0.01,
              measure=lambda arms: arms.less("Transformer", UNPLACED, "accuracy")),
        Claim("long", "On one sentence of 128 words, the Transformer is faster than the LSTM.", prototype,
              "time, LSTM over Transformer", at_least=1.0,
              measure=ratios(lambda ms: ms("LSTM", 1, 128) / ms("Transformer", 1, 128))),
        Claim("many", "On 32 sentences of 512 words, the LSTM is faster than the Transformer.", prototype,
              "time, Transformer over LSTM", at_least=1.0,
              measure=ratios(lambda ms: ms("Transformer", 32, 512) / ms("LSTM", 32, 512))),
        Claim("growth", "On 32 sentences, from 64 to 512 words, the Transformer's time grows faster than the LSTM's.",
              "Vaswani et al. (2017), table 1: n^2 d against n d^2", "growth, Transformer over LSTM", at_least=1.0,
              measure=ratios(lambda ms: ms("Transformer", 32, 512) / ms("Transformer", 32, 64)
                             / (ms("LSTM", 32, 512) / ms("LSTM", 32, 64)))),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per network and seed, one of naive Bayes, and one of latency per seed."""
    found, seeds = sentiment.inputs(plan.data), range(plan.seeds)
    trained = [Trial(arm, seed, inputs=found) for arm in ARMS for seed in seeds]
    return [Trial(BAYES, inputs=found), *trained, *(Trial(LATENCY, seed) for seed in seeds)]


def encoder(plan: Plan, arm: str, hidden_size: int) -> Any:
    """Build the encoder of an arm."""
    from elman.cells import LSTMCell
    from elman.nn import Recurrent
    from elman.nn.transformer import Transformer

    if arm == "LSTM":
        return Recurrent(LSTMCell, plan.width, hidden_size)
    if arm == "BiLSTM":
        return Recurrent(LSTMCell, plan.width, hidden_size, LAYERS, bidirectional=True, dropout=plan.dropout)
    return Transformer(plan.width, hidden_size, LAYERS, heads=HEADS, dropout=0.1, positions=arm != UNPLACED)


def solved(plan: Plan, arm: str) -> int:
    """Return the hidden size with which an arm comes nearest to the plan's number of parameters.

    Raises:
        TrialFailed: if no hidden size comes within 1 %.

    Example:
        >>> [solved(Plan(), arm) for arm in NETWORKS]
        [191, 73, 216]
    """
    from bisect import bisect_left

    def count(hidden_size: int) -> int:
        return counted(plan, arm, hidden_size)

    above = bisect_left(range(1, 1 << 14), plan.parameters, key=count) + 1
    best = min((h for h in (above - 1, above) if h), key=lambda h: abs(count(h) - plan.parameters))
    if abs(count(best) / plan.parameters - 1) > 0.01:
        raise TrialFailed(
            f"no {arm} on vectors of width {plan.width} has about {plan.parameters} parameters: the nearest has "
            f"{count(best)}; set more parameters or a smaller width"
        )
    return best


def counted(plan: Plan, arm: str, hidden_size: int) -> int:
    """Return the number of parameters of the encoder and the classifier, without the word vectors."""
    import torch
    from torch import nn

    from elman.nn.text import TextClassifier

    with torch.device("meta"):  # shapes without memory
        model = TextClassifier(nn.Identity(), encoder(plan, arm, hidden_size), 2)
    return sum(parameter.numel() for parameter in model.parameters())


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network with every learning rate and read the test once, or measure latency."""
    if trial.arm == LATENCY:
        return _answers(plan, desk)
    corpus = sentiment.load(plan.data, plan.sentences)
    words = [float(len(one.words)) for one in corpus.test]
    if trial.arm == BAYES:
        right, numbers = sentiment.bayes(corpus), {}
    else:
        right, numbers = _trained(plan, trial, desk, sentiment.prepared(corpus))
    numbers |= {"accuracy": float(right.mean()), "training": float(len(corpus.training))}
    return Record(numbers, {"right": right.astype(float).tolist(), "words": words}, {"data": corpus.name})


def _trained(plan: Plan, trial: Trial, desk: Desk, read: sentiment.Read) -> tuple[Any, dict[str, float]]:
    import statistics
    import time

    import torch

    from elman.nn.text import TextClassifier, TokenEmbedding
    from elman.train.epochs import fit
    from elman.train.schedules import linear

    arm, seed = trial.arm, trial.seed or 0
    size = solved(plan, arm)
    rates = plan.rates if arm in ("LSTM", "BiLSTM") else plan.attention_rates
    kept: tuple[float, float, Any] | None = None
    epochs: list[float] = []
    for place, rate in enumerate(rates):
        torch.manual_seed(seed)
        embedding = TokenEmbedding(read.lexicon.sizes, [plan.width])
        model = TextClassifier(embedding, encoder(plan, arm, size), 2, dropout=plan.dropout)
        updates = -(-len(read.training) // plan.batch_size)

        def report(done: int, total: int, loss: float, place: int = place) -> None:
            desk.progress(place * total + done, len(rates) * total, loss=loss)

        best = float("inf")
        began = time.process_time()
        for epoch in fit(
            model, read.training, read.validation, plan.epochs, learning_rate=rate, batch_size=plan.batch_size,
            seed=seed, patience=plan.patience, schedule=linear(warmup=updates // 2), each=report,
        ):  # fmt: skip
            best = min(best, epoch.validation)
            ended = time.process_time()
            epochs.append(ended - began)
            began = ended
        if kept is None or best < kept[0]:
            kept = best, rate, model
    assert kept is not None
    right = sentiment.probabilities(kept[2], read.test).argmax(1) == read.truth
    numbers = {
        "parameters": float(counted(plan, arm, size)), "hidden size": float(size), "rate": kept[1],
        "validation": kept[0], "a pass": statistics.median(epochs),
    }  # fmt: skip
    return right, numbers


def _answers(plan: Plan, desk: Desk) -> Record:
    """Return the median latency in milliseconds by network, batch and length, with interleaved runs."""
    import statistics
    import time

    import torch

    from elman.nn.text import TextClassifier, TokenEmbedding

    models = {
        arm: TextClassifier(TokenEmbedding([1000], [plan.width]), encoder(plan, arm, solved(plan, arm)), 2).eval()
        for arm in NETWORKS
    }
    series: dict[str, list[float]] = {f"{arm}, {batch}": [] for arm in NETWORKS for batch in BATCHES}
    done = 0
    with torch.inference_mode():
        for batch in BATCHES:
            for length in LENGTHS:
                tokens, lengths = torch.randint(1000, (length, batch, 1)), [length] * batch
                taken: dict[str, list[float]] = {arm: [] for arm in NETWORKS}
                for turn in range(plan.repeats * (5 if batch == 1 else 1) + 1):
                    for arm, model in models.items():
                        began = time.perf_counter()
                        model(tokens, lengths)
                        if turn:  # the first one compiles and fills caches
                            taken[arm].append(1000 * (time.perf_counter() - began))
                for arm in NETWORKS:
                    series[f"{arm}, {batch}"].append(statistics.median(taken[arm]))
                done += 1
                desk.progress(done, len(BATCHES) * len(LENGTHS))
    return Record({}, series)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return accuracy and times, and both by length."""
    arms = Arms(records)
    answers, there = arms[LATENCY], [arm for arm in (BAYES, *ARMS) if arm in arms]
    corpus = next((r.texts["data"] for arm in there for r in arms[arm]), "no sentences")
    shares = {arm: [(r.series["right"], r.series["words"]) for r in arms[arm]] for arm in there}
    trained_on = max((size for arm in there for size in arms.numbers(arm, "training")), default=0)
    return Findings(
        summary=f"Accuracy on the test sentences of {corpus}, trained on {trained_on:.0f} sentences: "
        + ", ".join(f"{arm} {percent(arms.mean(arm, 'accuracy'))}" for arm in there) + ".",
        passages=[trade_offs(answers)] if answers else [],
        tables=[*accuracies(corpus, arms), *(times(answers, batch) for batch in BATCHES if answers)],
        figures=[
            *(curves(answers, batch) for batch in BATCHES if answers),
            *([sentiment.by_length(shares)] if shares else []),
        ],
    )  # fmt: skip
