"""Up or down tomorrow: an LSTM on daily prices, and the checks that make its result credible.

**Question.** Can an LSTM that sees the open, high, low, close and volume of the last 20 days predict whether the next
day's close will be higher?

**Method.** An LSTM of 16 units reads 20 days of seven features; each feature depends only on its day and earlier
days. The days are split by date: the first 70 % for training, 15 % for early stopping, the last 15 % for one test.
Before each boundary 20 days are dropped, and features are scaled by the training part alone. A model trained only on
1999 to 2012 might be out of date, so a second arm walks forward: the test is cut into folds, and for each fold the
scaling and the network are refitted on all earlier days. The baselines are always predicting a rise, repeating
today's direction, and a logistic regression on the last day's features. Accuracy is compared with always predicting a
rise, by a binomial test and, day by day, by McNemar's test.

Three checks show that the experiment could find an effect. A *planted* memory: in a random walk whose returns carry
over 0.3 of the previous day's return, the sign can be predicted on at most 59.7 % of days, and the same network must
find this. A *leak*: with tomorrow's return among the features, the network must rank the days almost perfectly. And
no feature may change when it is computed with all later days altered.

**What to expect.** No effect. If prices reflect what is known (Fama, 1970), the direction is a biased coin: the index
rises on about 54 % of days, and a network learns that bias, with a recall near one. On 750 days, p < 0.05 needs an
accuracy 3 points above it. Published accuracies far above usually come from a random split, from scaling with the
whole series, or from choosing among many attempts.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table
from elman.lab.formatting import p_value, percent
from elman.lab.over_seeds import SHARE
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed

if TYPE_CHECKING:
    import numpy as np

    from elman.data.prices import Prices

LSTM, WALKS, PLANTED, LEAKED = "LSTM", "LSTM, walk-forward", "LSTM, planted memory", "LSTM, tomorrow leaked"
ARMS = (LSTM, WALKS, PLANTED, LEAKED)
WITHOUT = "rules"  # the trial without a network
RULES = ("always up", "today's direction again", "logistic regression")
SCORES = ("accuracy", "precision", "recall", "mcc", "auc")
MEMORY = 0.3
SMOOTH = 120  # days, in the figure


@dataclass(frozen=True)
class Plan:
    """The prices, and the sizes of the network and its training."""

    data: str = "auto"  # sp500, walk, or a CSV file
    window: PositiveInt = 20
    hidden_size: PositiveInt = 16
    epochs: PositiveInt = 30
    patience: PositiveInt = 5
    folds: PositiveInt = 6
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 3e-3
    seeds: PositiveInt = 5


QUICK = Plan(epochs=6, patience=2, folds=3, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """Return the claims of no effect, and the checks that an effect would be found."""
    fama = "Fama (1970), Efficient Capital Markets"
    return [
        Claim("past", "No feature of a day changes when all later days are changed.", "the split by time",
              "features that changed", at_most=0.0, measure=lambda arms: arms.exact(WITHOUT, "changed")),
        Claim("leak", "With tomorrow's return among its features, the network ranks the days almost perfectly.",
              "a check of the network", "area under the curve", at_least=0.95, role="control",
              otherwise="Even with tomorrow's return among its features, the network does not rank the days.",
              measure=lambda arms: arms.numbers(LEAKED, "auc")),
        Claim("planted", f"If daily returns carry over {MEMORY} of the previous day's, the LSTM is 3 points more "
              "accurate than always predicting a rise.", "a check that an effect would be found",
              "accuracy minus always up", at_least=0.03, role="control",
              otherwise="An effect that was planted is not found either.",
              measure=lambda arms: arms.numbers(PLANTED, "above")),
        Claim("null", "On real prices, the LSTM is not 3 points more accurate than always predicting a rise.", fama,
              "accuracy minus always up", at_most=0.03, role="answer",
              otherwise="On real prices, the LSTM is 3 points more accurate than always predicting a rise.",
              measure=lambda arms: arms.numbers(LSTM, "above")),
        Claim("ranks", "The LSTM's probabilities do not rank days with a rise above the other days.", fama,
              "area under the curve", at_least=0.45,
              at_most=0.55, measure=lambda arms: arms.numbers(LSTM, "auc")),
        Claim("walks", "Retrained walk-forward, the LSTM is not 3 points more accurate than always predicting a "
              "rise.", fama, "accuracy minus always up", at_most=0.03,
              measure=lambda arms: arms.numbers(WALKS, "above")),
        Claim("majority", "The LSTM learns the majority class: it predicts a rise on most days that rise.",
              "a prototype of this study: 0.96 to 0.98", "recall", at_least=0.8,
              measure=lambda arms: arms.numbers(LSTM, "recall")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per arm and seed, and one for the rules."""
    from elman.data.prices import load_prices

    prices = load_prices(plan.data)
    read = {prices.name: prices.sha256}
    return [Trial(WITHOUT, inputs=read)] + [
        Trial(arm, seed, inputs={} if arm == PLANTED else read) for arm in ARMS for seed in range(plan.seeds)
    ]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Fit on the past and predict the test once."""
    import numpy as np

    from elman.data.prices import features, load_prices, random_walk, went_up

    seed = trial.seed or 0
    prices = random_walk(6000, seed, MEMORY) if trial.arm == PLANTED else load_prices(plan.data)
    table, up = features(prices)[:-1], went_up(prices)
    if trial.arm == LEAKED:
        table = np.concatenate([table, np.append(table[1:, :1], np.nan).reshape(-1, 1)], 1)
        table, up = table[:-1], up[:-1]
    days = np.flatnonzero(np.isfinite(table).all(1))
    days = days[days >= days[0] + plan.window - 1]
    test = days[int(0.85 * len(days)) :]
    if len(test) < plan.folds:
        raise TrialFailed(
            f"got {len(days)} days with a full window of {plan.window} days, too few to test on; set a smaller "
            "window or give more days"
        )
    if trial.arm == WITHOUT:
        return _rules(plan, prices, table, up, days, test)
    folds = np.array_split(test, plan.folds) if trial.arm == WALKS else [test]
    chances = []
    for number, fold in enumerate(folds):
        before = days[days < fold[0] - plan.window]
        cut = int(len(before) * 14 / 17)  # 70 and 15 of 85 when there is one fold
        parts = before[: max(0, cut - plan.window)], before[cut:], fold
        if not all(len(part) for part in parts):
            raise TrialFailed(
                f"{len(before)} days before the test are too few for windows of {plan.window} days; set a "
                "smaller window, or give a longer series"
            )
        chances.append(_fit(plan, seed, table, up, parts, desk, number, len(folds)))
    chance = np.concatenate(chances)
    return Record(_score(chance, up[test]), {"chance": chance.tolist(), "up": up[test].astype(float).tolist()})


def _fit(plan: Plan, seed: int, table: "np.ndarray", up: "np.ndarray", parts, desk: Desk, number: int, folds: int):
    """Train one network and return its probability of a rise on each day of the last part."""
    import torch

    from elman.cells import LSTMCell
    from elman.nn.classifier import SequenceClassifier
    from elman.train.epochs import Labelled, fit, logits_of

    training, validation, test = parts
    first = training[0] - plan.window + 1
    mean, spread = table[first : training[-1] + 1].mean(0), table[first : training[-1] + 1].std(0)
    scaled = torch.tensor((table - mean) / (spread + 1e-12), dtype=torch.float32).clamp(-8, 8)

    def windows(days: "np.ndarray") -> Labelled:
        return Labelled([scaled[d - plan.window + 1 : d + 1] for d in days], up[days].astype(int).tolist())

    model = SequenceClassifier(LSTMCell(table.shape[1], plan.hidden_size), 2)
    for _ in fit(
        model, windows(training), windows(validation), plan.epochs, learning_rate=plan.learning_rate,
        batch_size=plan.batch_size, seed=seed, patience=plan.patience,
        each=lambda done, total, loss: desk.progress(number * total + done, folds * total, loss=loss),
    ):  # fmt: skip
        pass
    return torch.stack(list(logits_of(model, windows(test)))).softmax(-1)[:, 1].numpy()


def _rules(plan: Plan, prices: "Prices", table: "np.ndarray", up: "np.ndarray", days, test) -> Record:
    """Score the rules that need no network, and check that no feature depends on later days."""
    import dataclasses

    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from elman.data.prices import features

    training = days[: max(0, int(0.7 * len(days)) - plan.window)]
    if not len(training):
        raise TrialFailed(f"{len(days)} days are too few for windows of {plan.window} days; set a smaller window")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(table[training], up[training])
    chances = {
        "always up": np.full(len(test), 0.5 + 1e-9),
        "today's direction again": np.where(table[test, 0] > 0, 0.75, 0.25),
        "logistic regression": model.predict_proba(table[test])[:, 1],
    }
    numbers = {f"{rule}, {k}": v for rule, chance in chances.items() for k, v in _score(chance, up[test]).items()}
    changed, rng = 0, np.random.default_rng(0)
    for day in rng.choice(test, min(20, len(test)), replace=False):
        other = prices.table.copy()
        other[day + 1 :] *= np.exp(rng.normal(size=(len(other) - day - 1, 1)))
        again = features(dataclasses.replace(prices, table=other))[: day + 1]
        changed += int((~np.isclose(again, table[: day + 1], rtol=0, atol=0, equal_nan=True)).sum())
    numbers |= {"changed": float(changed), "test days": float(len(test)), "training days": float(len(training))}
    series = {rule: chance.tolist() for rule, chance in chances.items()}
    texts = {"prices": prices.name, "from": str(prices.days[test[0]]), "to": str(prices.days[test[-1]]),
             "first": str(prices.days[0]), "notes": "; ".join(prices.notes)}  # fmt: skip
    return Record(numbers, series | {"up": up[test].astype(float).tolist()}, texts)


def _score(chance: "np.ndarray", up: "np.ndarray") -> dict[str, float]:
    """Return the scores of the class "up", and the p-values against always predicting it."""
    from scipy.stats import binomtest
    from sklearn.metrics import matthews_corrcoef, roc_auc_score

    from elman.probe.paired import mcnemar

    said = chance > 0.5
    right, base = said == up, float(up.mean())
    both = 0 < base < 1
    return {
        "accuracy": float(right.mean()),
        "precision": float(up[said].mean()) if said.any() else 0.0,
        "recall": float(said[up].mean()) if up.any() else 0.0,
        "mcc": float(matthews_corrcoef(up, said)),
        "auc": float(roc_auc_score(up, chance)) if both else 0.5,
        "above": float(right.mean()) - base,
        "binomial": float(binomtest(int(right.sum()), len(up), base, alternative="greater").pvalue) if both else 1.0,
        "mcnemar": mcnemar(right, up),
    }


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return the scores of networks and rules, p-values, and the accuracy over the test period."""
    from scipy.stats import binom

    from elman.probe.paired import holm

    arms = Arms(records)
    rules = next(iter(arms[WITHOUT]), None)

    def shown(arm: str, name: str) -> str | None:
        return arms.formatted(arm, name, (-1.0, 1.0) if name == "mcc" else SHARE)

    networks = [arm for arm in ARMS if arm in arms]
    rows = [[arm, *(shown(arm, name) for name in SCORES)] for arm in networks]
    passages, summary = [], "No rule was computed."
    if rules:
        rows = [[rule, *(f"{rules.numbers[f'{rule}, {name}']:.3f}" for name in SCORES)] for rule in RULES] + rows
        base, n = rules.numbers["always up, accuracy"], round(rules.numbers["test days"])
        needed = float(binom.isf(0.05, n, base) + 1) / n
        reached = arms.mean(LSTM, "accuracy")
        summary = (
            f"On {n} test days of the {rules.texts['prices']}, the LSTM predicts the direction with an accuracy of "
            f"{percent(reached)}; always predicting a rise reaches {percent(base)}. A significantly better accuracy "
            f"(p < 0.05) is at least {percent(needed)}."
        )
        notes = f" {rules.texts['notes']}." if rules.texts["notes"] else ""
        passages.append(
            Passage("The data", f"{rules.texts['prices']}: days from {rules.texts['first']}, tested from "
                    f"{rules.texts['from']} to {rules.texts['to']}, {n} days, on which the close rose "
                    f"{percent(base)} of the time.{notes}")
        )  # fmt: skip
    tests = {
        f"{arm}, {test}": sorted(arms.numbers(arm, test))[len(arms[arm]) // 2]
        for arm in networks[:2] for test in ("binomial", "mcnemar")
    }  # fmt: skip
    corrected = holm(tests)
    return Findings(
        summary=summary,
        passages=passages,
        tables=[
            Table("Scores on the test days", ["", "accuracy", "precision", "recall", "Matthews' correlation",
                  "area under the curve"], rows,
                  "Scores of the class \"up\"; networks with 95 % intervals over seeds. The planted memory uses a "
                  "random walk of its own, whose base rate differs."),
            Table("Is it better than always predicting a rise?", ["test", "p", "p, corrected as one of four (Holm)"],
                  [[name, p_value(p), p_value(corrected[name])] for name, p in tests.items()],
                  "Medians over seeds. binomial: one-sided, against the share of days that rose; mcnemar: two-sided, "
                  "day by day."),
        ],
        figures=[_through(arms, rules)] if rules else [],
    )  # fmt: skip


def _through(arms: Arms, rules: Record) -> Curves:
    """Draw the accuracy in a moving window over the test period."""
    import numpy as np

    up = np.array(rules.series["up"]) > 0.5
    said = {
        "always up": np.ones(len(up), bool),
        "logistic regression": np.array(rules.series["logistic regression"]) > 0.5,
    }
    said |= {arm: np.array(arms[arm][0].series["chance"]) > 0.5 for arm in ARMS[:2] if arm in arms}
    width = min(SMOOTH, len(up))
    lines = []
    for name, rises in said.items():
        share = np.convolve(rises == up, np.ones(width) / width, "valid")
        lines.append(Series(name, list(range(width, len(up) + 1)), [float(v) for v in share]))
    return Curves(
        "Accuracy over the test period", "day of the test", f"accuracy on the last {width} days", lines,
        caption="First seed. Where a network's line coincides with always predicting a rise, the network predicted "
        "only rises.",
    )  # fmt: skip
