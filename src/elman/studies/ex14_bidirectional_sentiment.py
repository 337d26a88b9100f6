"""Does a sentiment classifier gain from reading in both directions?

**Question.** Is a bidirectional LSTM more accurate than a forward one at deciding whether a sentence is positive or
negative? And what does it take to be more accurate than naive Bayes?

**Method.** Word vectors are learned from scratch. A recurrent layer reads the sentence, and the maximum of each
unit over all steps is classified, so a forward network has no disadvantage for forgetting the beginning. A
bidirectional LSTM has twice the parameters of a forward one. It is therefore compared with a forward LSTM of as
many units, with a forward LSTM widened to as many parameters, and with a bidirectional GRU. The epoch with the
lowest validation loss is kept, and the test sentences are used once.

Naive Bayes on words and pairs of words is the baseline. From so few sentences a network learns little about a word
that occurs twice; counting learns from it at once, but ignores order. One more BiLSTM is therefore given
*evidence*: beside each word's vector it reads two small vectors, for the log-count ratios (Wang & Manning, 2012) of
the word and of the pair that the word ends, rounded to quarters of a nat. The ratios are counted on the training
part alone. For a training sentence the sentence itself is left out: otherwise a word that occurs in no other
sentence would give away the label.

Two networks are compared by seed. A network and naive Bayes, which has no seed, are compared sentence by sentence;
the interval is that of drawing other seeds and other test sentences together. Differences are also tested in pairs
(McNemar), corrected for the number of pairs. The sentences are SST-2 if it is on this machine, otherwise an embedded
grammar of reviews. The grammar is always tested, since it records what makes a sentence hard: negation, contrast, or
the distance between the word and what it judges.

**What to expect.** On SST-2 the forward and bidirectional networks do not differ measurably at this size, and naive
Bayes with 82.5 % is ahead of the networks that read words alone: in a prototype the LSTM reached 81.1 % and the
BiLSTM 80.8 %. With evidence the BiLSTM was two points better on the validation part, where it was chosen: 82 %,
against 80 % with words alone and 80 % for naive Bayes. On the grammar naive Bayes must fail where order decides.
"""

from collections.abc import Sequence
from statistics import median
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Table
from elman.lab.formatting import p_value, percent
from elman.lab.over_seeds import SHARE
from elman.lab.study import Record, Trial
from elman.lab.verdicts import Estimate, crossed
from elman.lab.workspace import Desk
from elman.studies.shared import sentiment

EVIDENCE, EQUAL, BAYES = "BiLSTM with evidence", "LSTM equal parameters", "naive Bayes"
ARMS = {  # cell, and whether it is bidirectional
    "LSTM": ("LSTMCell", False), "BiLSTM": ("LSTMCell", True), EQUAL: ("LSTMCell", False),
    "BiGRU": ("GRUCell", True), EVIDENCE: ("LSTMCell", True),
}  # fmt: skip
KINDS = ("plain", "negation", "contrast", "distance")
CORPUS, GRAMMAR = {"sentences": "corpus"}, {"sentences": "grammar"}


@dataclass(frozen=True)
class Plan:
    """The sentences, the networks and their training."""

    data: str = "auto"  # sst2, rt-polarity or reviews
    sentences: NonNegativeInt = 0  # to train on; 0 for all
    width: PositiveInt = 100
    evidence_width: PositiveInt = 4  # of each vector of evidence
    hidden_size: PositiveInt = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    word_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    epochs: PositiveInt = 8
    patience: PositiveInt = 2
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 2e-3
    seeds: PositiveInt = 5


QUICK = Plan(sentences=1500, width=48, hidden_size=32, epochs=4, learning_rate=5e-3, seeds=2)


def claims(plan: Plan) -> list[Claim]:
    """State what direction, evidence and word order gain; with all sentences, also the accuracy to reach."""
    wang = "Wang & Manning (2012), Baselines and Bigrams"

    def order(arms: Arms) -> list[float]:
        ahead = [_grammar(arms).less("BiLSTM", BAYES, kind) for kind in ("contrast", "distance")]
        return [(a + b) / 2 for a, b in zip(*ahead, strict=True)]

    every = [
        Claim("both", "A BiLSTM is at least one point more accurate than an LSTM of equal parameters.",
              "textbook exercise 15.14", "accuracy, BiLSTM minus LSTM of equal parameters", at_least=0.01,
              role="answer", otherwise="A BiLSTM is less than one point more accurate than an LSTM of equal "
              "parameters.",
              measure=lambda arms: arms.on(**CORPUS).less("BiLSTM", EQUAL, "accuracy")),
        Claim("bayes", "The BiLSTM is more accurate than naive Bayes on words and pairs.",
              wang + ": not easily beaten", "accuracy, difference", at_least=0.0, role="answer",
              otherwise="Naive Bayes on words and pairs is more accurate than the BiLSTM.",
              measure=lambda arms: _ahead(arms.on(**CORPUS), "BiLSTM")),
        Claim("evidence", "A BiLSTM given naive-Bayes log-count ratios is more accurate than naive Bayes.",
              wang + ": log-count ratios help a trained classifier", "accuracy, difference", at_least=0.0,
              measure=lambda arms: _ahead(arms.on(**CORPUS), EVIDENCE)),
        Claim("gain", "A BiLSTM given naive-Bayes log-count ratios is more accurate than one that reads words alone.",
              "a prototype, on the validation part", "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.on(**CORPUS).less(EVIDENCE, "BiLSTM", "accuracy")),
        Claim("order", "In contrasts and at a distance, where order decides, the BiLSTM is better than naive Bayes.",
              "the grammar's design", "accuracy, difference", at_least=0.0, measure=order),
    ]  # fmt: skip
    if not plan.sentences:
        every.append(Claim("goal", "A BiLSTM given naive-Bayes log-count ratios classifies at least 82.5 % of "
                           "SST-2's test sentences correctly.", "naive Bayes, in a prototype of this study",
                           "accuracy", at_least=0.825, needs="sst2",
                           measure=lambda arms: arms.reading("sst2").numbers(EVIDENCE, "accuracy")))  # fmt: skip
    return every


def trials(plan: Plan) -> list[Trial]:
    """Return all arms on the corpus and, if the corpus is another, some on the grammar, with every seed."""
    corpus, grammar = sentiment.inputs(plan.data), sentiment.inputs("reviews")
    every = [(CORPUS, corpus, tuple(ARMS))]
    every += [(GRAMMAR, grammar, ("LSTM", "BiLSTM"))] if corpus != grammar else []
    found = []
    for on, read, arms in every:
        found.append(Trial(BAYES, None, on, read))
        found += [Trial(arm, seed, on, read) for arm in arms for seed in range(plan.seeds)]
    return found


def network(plan: Plan, arm: str, sizes: Sequence[int]) -> dict[str, Any]:
    """Return the settings of an arm's model."""
    cell, both = ARMS[arm]
    settings = {
        "kind": "TextClassifier", "sizes": list(sizes), "classes": 2,
        "widths": [plan.width, *[plan.evidence_width] * (len(sizes) - 1)],
        "cell": cell, "hidden_size": plan.hidden_size,
        "bidirectional": both, "dropout": plan.dropout, "word_dropout": plan.word_dropout,
    }  # fmt: skip
    if arm != EQUAL:
        return settings
    wanted = 2 * _layer(plan.width, plan.hidden_size)
    return settings | {"hidden_size": min(range(8, 600), key=lambda h: abs(_layer(plan.width, h) - wanted))}


def _layer(width: int, hidden: int) -> int:
    return 4 * hidden * (width + hidden + 1)


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network, or count naive Bayes, and test it once."""
    import numpy as np

    from elman.nn.saving import make_text_model, save_made

    arm, grammar = trial.arm, trial.on == GRAMMAR
    corpus = sentiment.load("reviews" if grammar else plan.data, plan.sentences)
    numbers: dict[str, float] = {}
    sure: list[float] = []
    if arm == BAYES:
        right = sentiment.bayes(corpus)
    else:
        read = sentiment.prepared(corpus, evidence=arm == EVIDENCE)
        settings = network(plan, arm, read.sizes)
        model = make_text_model(settings)
        epochs = list(sentiment.trained(plan, model, read, trial.seed or 0, desk, plan.patience))
        chances = sentiment.probabilities(model, read.test)
        right = chances.argmax(1) == read.truth
        sure = chances[range(len(right)), read.truth].tolist()
        layer = sum(p.numel() for p in model.encoder.parameters())
        numbers = {"layer": float(layer), "passes": float(len(epochs))}
        if not grammar:  # a model of the generated grammar is of no use
            save_made(desk.folder / "model", model.eval(), settings, read.notes)
    numbers["accuracy"] = float(np.mean(right))
    for kind in KINDS:
        of = [bool(r) for r, one in zip(right, corpus.test, strict=True) if one.kind == kind]
        if of:
            numbers[f"{kind}"] = sum(of) / len(of)
    words = [float(len(one.words)) for one in corpus.test]
    series = {"right": right.astype(float).tolist(), "sure": sure, "words": words}
    return Record(numbers, series, {"data": corpus.name})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report accuracies, paired tests, and accuracy by what makes a sentence hard."""
    from elman.probe.paired import holm, mcnemar

    arms, grammar = Arms(records).on(**CORPUS), _grammar(Arms(records))
    corpus = next((record.texts["data"] for record in arms.records), "reviews")
    there = [arm for arm in (BAYES, *ARMS) if arm in arms]
    first = {
        arm: [v > 0.5 for v in record.series["right"]]
        for arm in there for seed, record in arms.by_seed(arm).items() if not seed
    }  # fmt: skip
    wanted = [("BiLSTM", other) for other in ("LSTM", EQUAL, "BiGRU", EVIDENCE, BAYES)]
    wanted.append((EVIDENCE, BAYES))
    pairs = {f"{a} and {b}": mcnemar(first[a], first[b]) for a, b in wanted if a in first and b in first}
    corrected = holm(pairs) if pairs else {}
    accuracy = {arm: arms.mean(arm, "accuracy") for arm in there}
    lengths = {arm: [(r.series["right"], r.series["words"]) for r in arms[arm]] for arm in there}
    return Findings(
        summary=f"Test sentences of {corpus} classified correctly: "
        + ", ".join(f"{arm} {percent(a)}" for arm, a in accuracy.items()) + ".",
        figures=[sentiment.by_length(lengths)] if lengths else [],
        tables=[
            Table(f"Test sentences of {corpus} classified correctly",
                  ["", "parameters of the layer", "accuracy", "accuracy of the ensemble", "CPU seconds"],
                  [[arm, next((round(v) for v in arms.numbers(arm, "layer")), None),
                    arms.formatted(arm, "accuracy", SHARE), _together(arms[arm]),
                    round(median(record.seconds for record in arms[arm]), 1)] for arm in there],
                  "Means with 95 % intervals over seeds. The parameters leave out the word vectors. The ensemble "
                  "averages the probabilities of all seeds. CPU seconds are the median of a trial, reading included. "
                  "Drawing other test sentences alone gives a standard "
                  f"error of {_error([record for arm in there for record in arms[arm]]):.3f}."),
            Table("Paired tests on the same sentences (McNemar, seed 0)",
                  ["pair", "p", "p, corrected for the number of pairs (Holm)"],
                  [[pair, p_value(p), p_value(corrected[pair])] for pair, p in pairs.items()]),
            Table("Share classified correctly on the grammar, by what makes a sentence hard", ["", *KINDS],
                  [[arm, *(grammar.formatted(arm, kind, SHARE) for kind in KINDS)]
                   for arm in (BAYES, *ARMS) if arm in grammar]),
        ],
    )  # fmt: skip


def _grammar(arms: Arms) -> Arms:
    """Return the trials on the grammar, which may be the corpus itself."""
    other = arms.on(**GRAMMAR)
    return other if other.records else arms.on(**CORPUS)


def _together(records: Sequence[Record]) -> float | None:
    """Return the accuracy of the mean over seeds of the true class's probability; there are two classes."""
    columns = list(zip(*(record.series["sure"] for record in records), strict=True))
    return sum(sum(column) > len(column) / 2 for column in columns) / len(columns) if columns else None


def _ahead(arms: Arms, arm: str) -> Estimate | list[float]:
    """Return the accuracy minus naive Bayes's, with the interval of drawing other seeds and other sentences."""
    if arm not in arms or BAYES not in arms:
        return []
    bayes = arms[BAYES][0].series["right"]
    seeds = [record.series["right"] for record in arms[arm]]
    return crossed([[a - b for a, b in zip(right, bayes, strict=True)] for right in seeds])


def _error(records: Sequence[Record]) -> float:
    """Return the largest standard error of an accuracy as a share of the test sentences."""
    found = [(record.numbers["accuracy"], len(record.series["right"])) for record in records]
    return max(((share * (1 - share) / count) ** 0.5 for share, count in found), default=float("nan"))
