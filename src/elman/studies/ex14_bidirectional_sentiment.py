"""Reading both ways: does a sentiment classifier gain from it?

**Question.** Is a bidirectional LSTM better than one that reads forwards only, when it decides whether a sentence is
positive or negative? And what does it take to be better than naive Bayes?

**Method.** Word vectors are learned from scratch. A layer reads the sentence, the largest output of each unit decides
(so a network that reads forwards is at no disadvantage for forgetting the beginning). A bidirectional LSTM has twice
the layer's parameters, so beside the LSTM of as many units stands one widened to as many parameters; and a
bidirectional GRU. The pass with the lowest loss on the validation part is kept, and the test is read once.

Naive Bayes on words and pairs of words stands beside them all. From so few sentences a network learns poorly what a
word seen twice says; counting learns that at once, but knows nothing of order. So one more BiLSTM is given the
*evidence*: beside each word's vector two small ones, for the weight that naive Bayes gives to the word and to the
pair that it ends, rounded to quarters of a nat (the log-count ratios of Wang & Manning, 2012). They are counted on
the training part alone, and for a training sentence without itself: otherwise a word that is in no other sentence
would betray the label.

Two networks are compared by seed. A network and naive Bayes, which has no seed, are compared sentence by sentence,
the seeds' mean against it, so that the interval is that of drawing other test sentences. Differences are also tested
in pairs (McNemar), corrected for their number. The sentences are SST-2 where it is there; the embedded grammar of
reviews otherwise, and always in a second set of trials, since in it is known what makes a sentence hard: negation,
contrast, or the distance between the word and what it judges.

**What to expect.** On SST-2 no difference between ways of reading that can be told apart at this size, and naive
Bayes with 82.5 % ahead of those that read words alone: a prototype had 81.1 % for the LSTM, 80.8 % both ways. With
evidence the BiLSTM was two points better on the validation part, where it was chosen: 82 %, words alone 80 %, naive
Bayes 80 %. On the grammar naive Bayes must fail where order decides.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Table
from elman.lab.formatting import p_value, percent
from elman.lab.over_seeds import SHARE
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared import sentiment

EVIDENCE, EQUAL, BAYES = "BiLSTM with evidence", "LSTM equal parameters", "naive Bayes"
ARMS = {  # cell, and whether it reads both ways
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
    evidence_width: PositiveInt = 4  # of the vectors of evidence, beside the word's
    hidden_size: PositiveInt = 64
    dropout: float = 0.5
    word_dropout: float = 0.1
    epochs: PositiveInt = 8
    patience: PositiveInt = 2
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 2e-3
    seeds: PositiveInt = 5


QUICK = Plan(sentences=1500, width=48, hidden_size=32, epochs=4, learning_rate=5e-3, seeds=2)


def claims(plan: Plan) -> list[Claim]:
    """Reading both ways, naive Bayes, evidence, and order; with all sentences, the accuracy to reach."""
    wang = "Wang & Manning (2012), Baselines and Bigrams"

    def order(arms: Arms) -> list[float]:
        ahead = [_grammar(arms).less("BiLSTM", BAYES, kind) for kind in ("contrast", "distance")]
        return [(a + b) / 2 for a, b in zip(*ahead, strict=True)]

    every = [
        Claim("both", "Reading both ways gains at least a point over an LSTM of as many parameters.",
              "textbook exercise 15.14", "accuracy, BiLSTM less LSTM of equal parameters", at_least=0.01,
              measure=lambda arms: arms.on(**CORPUS).less("BiLSTM", EQUAL, "accuracy")),
        Claim("bayes", "The BiLSTM is better than naive Bayes on words and pairs.", wang + ": not easily beaten",
              "accuracy, difference", at_least=0.0, measure=lambda arms: _ahead(arms.on(**CORPUS), "BiLSTM")),
        Claim("evidence", "Given the weights of naive Bayes, the BiLSTM is better than it.",
              wang + ": such weights help a classifier that learns", "accuracy, difference", at_least=0.0,
              measure=lambda arms: _ahead(arms.on(**CORPUS), EVIDENCE)),
        Claim("gain", "It is better than the BiLSTM that reads words alone.", "the validation part",
              "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.on(**CORPUS).less(EVIDENCE, "BiLSTM", "accuracy")),
        Claim("order", "Where order decides, in contrasts and at a distance, the BiLSTM is better than naive Bayes.",
              "the grammar's design", "accuracy, difference", at_least=0.0, measure=order),
    ]  # fmt: skip
    if not plan.sentences:
        every.append(Claim("goal", "Given them, it decides at least 82.5 % of SST-2's test sentences rightly.",
                           "naive Bayes, in a prototype of this study", "accuracy", at_least=0.825,
                           needs="sst2",
                           measure=lambda arms: arms.reading("sst2").numbers(EVIDENCE, "accuracy")))  # fmt: skip
    return every


def trials(plan: Plan) -> list[Trial]:
    """Every network with every seed on the corpus, and on the grammar if that is another."""
    corpus, grammar = sentiment.inputs(plan.data), sentiment.inputs("reviews")
    every = [(CORPUS, corpus, tuple(ARMS))]
    every += [(GRAMMAR, grammar, ("LSTM", "BiLSTM"))] if corpus != grammar else []
    found = []
    for on, read, arms in every:
        found.append(Trial(BAYES, None, on, read))
        found += [Trial(arm, seed, on, read) for arm in arms for seed in range(plan.seeds)]
    return found


def network(plan: Plan, arm: str, sizes: Sequence[int]) -> dict[str, Any]:
    """The settings of an arm's model."""
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
    """Train one network, and read the test once."""
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
        passes = list(sentiment.trained(plan, model, read, trial.seed or 0, desk, plan.patience))
        chances = sentiment.probabilities(model, read.test)
        right = chances.argmax(1) == read.truth
        sure = chances[range(len(right)), read.truth].tolist()
        layer = sum(p.numel() for p in model.encoder.parameters())
        numbers = {"layer": float(layer), "passes": float(len(passes))}
        if not grammar:  # nobody else writes as it does
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
    """Accuracies, tests in pairs, and accuracy by what makes a sentence hard."""
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
        summary=f"Test sentences of {corpus} decided rightly: "
        + ", ".join(f"{arm} {percent(a)}" for arm, a in accuracy.items()) + ".",
        figures=[sentiment.by_length(lengths)] if lengths else [],
        tables=[
            Table(f"Test sentences of {corpus} decided rightly",
                  ["", "parameters of the layer", "accuracy", "all seeds together"],
                  [[arm, next((round(v) for v in arms.numbers(arm, "layer")), None),
                    arms.formatted(arm, "accuracy", SHARE), _together(arms[arm])] for arm in there],
                  "Means with 95 % intervals over seeds; vectors of words come on top, the same for all. Together: "
                  "by the mean of the probabilities. Drawing other test sentences alone, the standard error is "
                  f"{_error([record for arm in there for record in arms[arm]]):.3f}."),
            Table("Whether two differ on the same sentences (McNemar, seed 0)",
                  ["pair", "p", "p, corrected for their number (Holm)"],
                  [[pair, p_value(p), p_value(corrected[pair])] for pair, p in pairs.items()]),
            Table("Share decided rightly on the grammar, by what makes a sentence hard", ["", *KINDS],
                  [[arm, *(grammar.formatted(arm, kind, SHARE) for kind in KINDS)]
                   for arm in (BAYES, *ARMS) if arm in grammar]),
        ],
    )  # fmt: skip


def _grammar(arms: Arms) -> Arms:
    """The trials on the grammar, which may be the corpus itself."""
    other = arms.on(**GRAMMAR)
    return other if other.records else arms.on(**CORPUS)


def _together(records: Sequence[Record]) -> float | None:
    """Accuracy by the mean over seeds of the probability of the true class, of two."""
    columns = list(zip(*(record.series["sure"] for record in records), strict=True))
    return sum(sum(column) > len(column) / 2 for column in columns) / len(columns) if columns else None


def _ahead(arms: Arms, arm: str) -> list[float]:
    """For every test sentence, the share of seeds that are right, less 1 if naive Bayes is."""
    if arm not in arms or BAYES not in arms:
        return []
    seeds = [record.series["right"] for record in arms[arm]]
    bayes = arms[BAYES][0].series["right"]
    return [sum(some) / len(some) - one for *some, one in zip(*seeds, bayes, strict=True)]


def _error(records: Sequence[Record]) -> float:
    """Standard error of an accuracy as a share of the test sentences; the largest of all."""
    found = [(record.numbers["accuracy"], len(record.series["right"])) for record in records]
    return max(((share * (1 - share) / count) ** 0.5 for share, count in found), default=float("nan"))
