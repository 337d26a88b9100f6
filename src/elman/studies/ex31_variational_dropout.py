"""Variational dropout, one mask for all steps: its accuracy and its calibration.

**Question.** Is dropout with one mask for a whole sequence, on inputs and recurrent state, better in accuracy and in
calibration than a new mask at every step?

**Method.** An LSTM reads sentences, and the maximum of each unit's outputs decides their sentiment. It is trained in
four ways: without dropout; with *standard* dropout, a new mask at every step, on inputs and outputs; with
*variational* dropout (Gal & Ghahramani, 2016), one mask per sequence on inputs, recurrent state and outputs; and
variational with *words* dropped whole, everywhere in the sentence. (``dropout=`` has no effect in a ``torch.nn.LSTM``
of a single layer.) Each network is tested at the epoch with the lowest validation loss and after all epochs; the
variational networks also with the mean prediction over 20 draws of their masks. Calibration is measured by the
expected calibration error over 15 bins, the negative log-likelihood and Brier's score; a temperature is fitted on the
validation part. On a finite test even a perfectly calibrated model has an error above zero; this floor is reported
too.

**What to expect.** Without dropout, each epoch makes the network more confident but not more accurate. Gal and
Ghahramani found variational dropout ahead in language modelling. On one-layer sentiment, a prototype (none, standard,
variational) had accuracies of 0.78, 0.81 and 0.80 and calibration errors of 0.18, 0.11 and 0.11 after seven epochs.
Early stopping hides most of the difference.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Series, Table
from elman.lab.formatting import decimal, percent
from elman.lab.over_seeds import POSITIVE, SHARE, across
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared import sentiment

NONE, STANDARD, VARIATIONAL, WORDS = ARMS = ("none", "standard", "variational", "variational, words too")
DRAWS = 20
Share = Annotated[float, Field(ge=0, lt=1)]
SCORES = {"accuracy": "accuracy", "ece": "calibration error", "adaptive": "with bins of equal count", "nll": "nats",
          "brier": "Brier's score", "floor": "floor of the calibration error"}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The sentences, the network and its training."""

    data: str = "auto"
    sentences: NonNegativeInt = 0  # to train on; 0 for all
    width: PositiveInt = 100
    hidden_size: PositiveInt = 64
    probability: Share = 0.4
    words: Share = 0.1
    epochs: PositiveInt = 8
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 2e-3
    seeds: PositiveInt = 5


QUICK = Plan(sentences=1500, width=48, hidden_size=32, epochs=6, learning_rate=5e-3, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State gains over no dropout and over standard dropout, and what early stopping hides."""
    gal = "Gal & Ghahramani (2016), A Theoretically Grounded Application of Dropout in RNNs"

    def stopped(arms: Arms) -> list[float]:
        return [best / end for best, end in arms.together((NONE, "best ece"), (NONE, "end ece")) if end]

    return [
        Claim("accuracy", "At the best epoch, variational dropout is more accurate than no dropout.", gal,
              "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.less(VARIATIONAL, NONE, "best accuracy")),
        Claim("standard", "At the best epoch, variational dropout is more accurate than standard dropout.", gal,
              "accuracy gained", at_least=0.0, role="answer",
              otherwise="At the best epoch, standard dropout is more accurate than variational dropout.",
              measure=lambda arms: arms.less(VARIATIONAL, STANDARD, "best accuracy")),
        Claim("calibrated", "At the best epoch, variational dropout is better calibrated than standard dropout.", gal,
              "calibration error reduced", at_least=0.0, role="answer",
              otherwise="At the best epoch, standard dropout is better calibrated than variational dropout.",
              measure=lambda arms: arms.less(STANDARD, VARIATIONAL, "best ece")),
        Claim("calibrated end", "After all epochs, variational dropout is better calibrated than standard dropout.",
              gal, "calibration error reduced", at_least=0.0,
              measure=lambda arms: arms.less(STANDARD, VARIATIONAL, "end ece")),
        Claim("calibration best", "At the best epoch, variational dropout is better calibrated than no dropout.",
              gal, "calibration error reduced", at_least=0.0,
              measure=lambda arms: arms.less(NONE, VARIATIONAL, "best ece")),
        Claim("calibration", "After all epochs, variational dropout is better calibrated than no dropout.",
              "a prototype of this study: 0.111 to 0.179", "calibration error reduced", at_least=0.0,
              measure=lambda arms: arms.less(NONE, VARIATIONAL, "end ece")),
        Claim("draws", "After all epochs, the mean over 20 draws of masks is better calibrated than one run without.",
              gal, "calibration error reduced", at_least=0.0,
              measure=lambda arms: arms.less(VARIATIONAL, VARIATIONAL, "end ece", "end draws ece")),
        Claim("stopping", "Without dropout, stopping at the best epoch halves the calibration error.",
              "a prototype of this study: 0.073 to 0.179", "ratio", at_most=0.5, measure=stopped),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per kind of dropout and seed."""
    read = sentiment.inputs(plan.data)
    return [Trial(arm, seed, inputs=read) for arm in ARMS for seed in range(plan.seeds)]


def network(plan: Plan, arm: str, sizes: Sequence[int]) -> Any:
    """Build the classifier of an arm."""
    from elman.cells import LSTMCell
    from elman.cells.wrappers import VariationalDropout
    from elman.nn import Recurrent
    from elman.nn.text import TextClassifier, TokenEmbedding

    p = plan.probability
    cell = LSTMCell(plan.width, plan.hidden_size)
    if arm in (VARIATIONAL, WORDS):
        cell = VariationalDropout(cell, inputs=p, states=p, outputs=p)
    embedding = TokenEmbedding(sizes, [plan.width], dropout=plan.words if arm == WORDS else 0.0)
    return TextClassifier(embedding, Recurrent.of([cell]), 2, dropout=p if arm == STANDARD else 0.0)


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network; test it at the best epoch and after the last."""
    import numpy as np
    import torch

    from elman.train.epochs import logits_of

    read = sentiment.prepared(sentiment.load(plan.data, plan.sentences))
    seed = trial.seed or 0
    model = network(plan, trial.arm, read.lexicon.sizes)
    last: dict[str, Any] = {}
    losses: list[float] = []
    for one in sentiment.trained(plan, model, read, seed, desk, float("inf")):
        losses.append(one.validation)
        last = {name: value.clone() for name, value in model.state_dict().items()}
    numbers: dict[str, float] = {}
    series = {"validation": losses}
    best = {name: value.clone() for name, value in model.state_dict().items()}
    for when, weights in (("best", best), ("end", last)):
        model.load_state_dict(weights)
        logits = torch.stack(logits_of(model, read.test)).double()
        held = torch.stack(logits_of(model, read.validation)).double().numpy()
        chances = {"": logits.softmax(-1).numpy()}
        if trial.arm in (VARIATIONAL, WORDS):
            chances[" draws"] = _draws(model, read, seed)
        for how, chance in chances.items():
            numbers |= {f"{when}{how} {name}": value for name, value in _scores(chance, read.truth).items()}
        numbers |= {
            f"{when} scaled {name}": value
            for name, value in _scores(_scaled(logits, held, np.array(read.validation.targets)), read.truth).items()
        }
        series |= {f"{when} {axis}": values for axis, values in _diagram(chances[""], read.truth).items()}
    return Record(numbers, series)


def _draws(model: Any, read: sentiment.Read, seed: int):
    """Return the mean probabilities over draws of the masks."""
    import numpy as np
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model.train()
        order = sorted(range(len(read.test)), key=read.test.lengths.__getitem__)
        total = torch.zeros(len(order), 2, dtype=torch.float64)
        for start in range(0, len(order), 128):
            some = np.array(order[start : start + 128])
            x, lengths, _ = read.test[some]
            for _ in range(DRAWS):
                total[some] += model(x, lengths).double().softmax(-1) / DRAWS
        model.eval()
    return total.numpy()


def _scaled(logits: Any, held: Any, answers: Any):
    from elman.probe.calibration import temperature

    return (logits / temperature(held, answers)).softmax(-1).numpy()


def _scores(chance: Any, truth: Any) -> dict[str, float]:
    from elman.probe import calibration

    return {
        "accuracy": float((chance.argmax(1) == truth).mean()),
        "ece": calibration.calibration_error(chance, truth),
        "adaptive": calibration.calibration_error(chance, truth, adaptive=True),
        "nll": calibration.nll(chance, truth),
        "brier": calibration.brier(chance, truth),
        "floor": calibration.perfect_error(chance, draws=50),
    }


def _diagram(chance: Any, truth: Any) -> dict[str, list[float]]:
    from elman.probe.calibration import reliability

    bins = reliability(chance, truth)
    return {"confidence": bins.confidence.tolist(), "right": bins.accuracy.tolist()}


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return scores at both epochs, loss by epoch, and reliability after the last."""
    arms = Arms(records)

    def shown(arm: str, name: str) -> str | None:
        return arms.formatted(arm, name, POSITIVE if name.endswith("nll") else SHARE)

    there = [arm for arm in ARMS if arm in arms]
    rows = []
    for arm in there:
        for how, words in (("", ""), (" draws", f", mean of {DRAWS} draws"), (" scaled", ", temperature fitted")):
            if arms.numbers(arm, f"end{how} ece"):
                rows.append((arm, how, arm + words))
    tables = [
        Table(words, ["dropout", *SCORES.values()],
              [[name, *(shown(arm, f"{when}{how} {score}") for score in SCORES)] for arm, how, name in rows],
              "Means with 95 % intervals over seeds. The floor is the expected calibration error of a perfectly "
              "calibrated model with these probabilities.")
        for when, words in (("best", "At the epoch of lowest validation loss"),
                            ("end", f"After all {plan.epochs} epochs"))
    ]  # fmt: skip
    curves, bins = [], []
    for arm in there:
        losses = [r.series["validation"] for r in arms[arm]]
        curves.append(across(arm, range(1, len(losses[0]) + 1), losses, POSITIVE))
        first = arms[arm][0].series
        bins.append(Series(arm, first["end confidence"], first["end right"], style="points"))
    return Findings(
        summary="Accuracy and calibration error at the epoch of lowest validation loss, by dropout: "
        + "; ".join(
            f"{arm} {percent(arms.mean(arm, 'best accuracy'))}, {decimal(arms.mean(arm, 'best ece'), 3)}"
            for arm in there
        ) + ".",
        tables=tables,
        figures=[
            Curves("Loss on the validation part", "epoch", "nats per sentence", curves),
            Curves("Reliability after all epochs", "probability of the predicted class", "accuracy",
                   [*bins, Series("perfect", [0.5, 1.0], [0.5, 1.0], style="dashed")],
                   caption="15 bins, first seed. Below the line, a network is overconfident."),
        ],
    )  # fmt: skip
