"""What does not belong: an LSTM autoencoder on series with known anomalies.

**Question.** How well are anomalies in a series found by the error with which an LSTM autoencoder, trained on normal
data, reconstructs them, and is that better than what is simpler?

**Method.** Windows of one day are read by an LSTM into its last state, from which another writes them down in
reverse, never shown the true values. It is trained on the first half of the time before any anomaly; the rest of that
time is held out, and a score that 99.5 % of it does not exceed is the threshold. No anomaly has a part in either. A
value's score is its mean error over the windows that hold it. One arm reconstructs the series as it is, one what is
left of it when the usual course of a week, fitted to the training data, is taken away; one is not trained at all.
Beside them stand a moving z-score, the distance from the usual course of the week itself, and an isolation forest of
the windows. The series are an hourly load with anomalies of five kinds planted in known places, anew for each seed,
and, where the data is there, New York's taxi passengers with the five windows of the Numenta benchmark.

Values count one by one: an event is not counted as found whole because one of its values was. With such "point
adjustment" a random score reaches an F1 of 0.57 on the taxi data, and an untrained network as much as a trained one
(Kim et al., 2022). Events and false alarms are counted apart. The benchmark's windows are days long, so each score
is also told averaged over the last day, all of them alike.

**What to expect.** On the planted anomalies an area under the precision-recall curve of 0.9. On the taxi data the
week itself tells most, and a plain autoencoder knows only the window it sees: the usual course beats it. On what is
left when the week is taken away it should be ahead.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.desk import Desk, TrialFailed
from elman.lab.findings import Claim, Curves, Findings, Series, Table
from elman.lab.judge import judge
from elman.lab.seeds import POSITIVE, SHARE, spread
from elman.lab.study import Record, Trial

if TYPE_CHECKING:
    import numpy as np

    from elman.data.signals import Signal

ARMS = ("autoencoder", "autoencoder, week taken away", "untrained autoencoder, week taken away")
UNITS = {"planted": "value, invented", "taxi": "taxi passengers in half an hour"}
RULES = ("moving z-score", "usual week", "isolation forest", "isolation forest, week taken away")
SERIES = {"planted": (7, 4), "taxi": (10, 4)}  # weeks to train on, weeks held out
QUANTILE = 0.995
SCORES = {
    "auprc": "area under precision-recall", "day auprc": "the same, averaged over a day", "auroc": "area under ROC",
    "precision": "precision", "recall": "recall", "events": "events found", "false": "false alarms a day",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Sizes of the network and its training."""

    hidden_size: PositiveInt = 16
    updates: PositiveInt = 1500
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 1e-2
    seeds: PositiveInt = 5


QUICK = Plan(updates=400, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """That it works, that the week is a strong rival, and that both together are best."""
    kim = "Kim et al. (2022), Towards a Rigorous Evaluation of Time-series Anomaly Detection"
    found = [
        Claim("planted", "On the planted anomalies, with the week taken away, it finds most of them.",
              "a prototype of this study", "area under precision-recall", at_least=0.9),
        Claim("trained", "Training is what does it: an untrained autoencoder is worse.", kim,
              "area under precision-recall, trained less untrained", at_least=0.0),
        Claim("week", "On the planted anomalies it is ahead of the usual week alone.", "this study's design",
              "area under precision-recall, difference", at_least=0.0),
    ]  # fmt: skip
    if _taxi():
        found += [
            Claim("plain", "On the taxi data the usual week beats the autoencoder of the series as it is.",
                  "a prototype of this study: 0.71 to 0.35", "area under precision-recall, difference", at_least=0.0),
            Claim("both", "With the week taken away the autoencoder is ahead of it, both averaged over a day.",
                  "this study's design", "area under precision-recall, difference", at_least=0.0),
        ]  # fmt: skip
    return found


def trials(plan: Plan) -> list[Trial]:
    """Every network with every seed on each series that is there; the rules once a series."""
    found = []
    for name in SERIES if (taxi := _taxi()) else ("planted",):
        inputs = {"data": "nab", "sha256": taxi} if name == "taxi" else {}
        found += [Trial(f"rules, {name}", seed, inputs) for seed in range(plan.seeds if name == "planted" else 1)]
        found += [Trial(f"{arm}, {name}", seed, inputs) for arm in ARMS for seed in range(plan.seeds)]
    return found


def _taxi() -> str:
    """Checksum of the taxi data where it is there, or nothing."""
    from elman.data.errors import NotHere
    from elman.data.signals import nyc_taxi

    try:
        return nyc_taxi().sha256
    except NotHere:
        return ""


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Fit on the beginning, set the threshold on what follows it, score the rest once."""
    import numpy as np

    from elman.data.signals import nyc_taxi, planted
    from elman.nn.autoencoder import SequenceAutoencoder
    from elman.probe import anomaly
    from elman.train.autoencode import fit_autoencoder
    from elman.train.step import LossNotFinite

    arm, _, name = trial.variant.rpartition(", ")
    signal = planted(trial.seed) if name == "planted" else nyc_taxi()
    week, day = 7 * signal.day, signal.day
    training, clean = (week * weeks for weeks in (SERIES[name][0], sum(SERIES[name])))
    unusual = anomaly.Profile.fit(signal.values[:training], week).z(signal.values)
    if arm == "rules":
        plain = anomaly.Profile.fit(signal.values[:training], 1).z(signal.values)
        scores = {
            "moving z-score": anomaly.moving_z(signal.values, day),
            "usual week": np.abs(unusual),
            "isolation forest": anomaly.isolation_score(plain, training, day, trial.seed),
            "isolation forest, week taken away": anomaly.isolation_score(unusual, training, day, trial.seed),
        }
        numbers = {
            f"{rule}, {k}": v for rule, s in scores.items() for k, v in _report(signal, s, training, clean).items()
        }
        return Record(numbers, {"usual week": scores["usual week"][clean:].tolist()})
    values = unusual if "week" in arm else anomaly.Profile.fit(signal.values[:training], 1).z(signal.values)
    try:
        if "untrained" in arm:
            model = SequenceAutoencoder(1, plan.hidden_size).eval()
        else:
            model = fit_autoencoder(
                values[:training], day, hidden_size=plan.hidden_size, updates=plan.updates,
                batch_size=plan.batch_size, learning_rate=plan.learning_rate, seed=trial.seed,
                each=lambda update, loss: desk.progress(update, plan.updates, loss=loss),
            )  # fmt: skip
    except LossNotFinite as error:
        raise TrialFailed(str(error)) from None
    score = anomaly.covering(anomaly.reconstruction_errors(model, values, day))
    first, end = clean, min(len(signal), clean + 4 * week)
    series = {
        "values": signal.values[first:end].tolist(), "score": score[first:end].tolist(),
        "labels": signal.labels[first:end].astype(float).tolist(),
    }  # fmt: skip
    threshold = {"threshold": float(np.quantile(score[training:clean], QUANTILE)), "day": float(day)}
    return Record(_report(signal, score, training, clean) | threshold, series)


def _report(signal: "Signal", score: "np.ndarray", training: int, clean: int) -> dict[str, float]:
    import numpy as np

    from elman.probe.anomaly import alarm_report, trailing

    def told(score: "np.ndarray") -> dict[str, float]:
        threshold = float(np.quantile(score[training:clean], QUANTILE))
        return alarm_report(score[clean:], signal.labels[clean:], threshold, signal.day)

    return told(score) | {f"day {name}": value for name, value in told(trailing(score, signal.day)).items()}


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Every scorer on each series; pictures of four weeks."""
    scored: dict[str, list[dict[str, float]]] = {}
    for record in records:
        assert record.trial is not None
        arm, _, name = record.trial.variant.rpartition(", ")
        if arm != "rules":
            scored.setdefault(f"{arm}, {name}", []).append(record.numbers)
            continue
        for rule in RULES:
            own = {k.removeprefix(f"{rule}, "): v for k, v in record.numbers.items() if k.startswith(f"{rule}, ")}
            own = {k: v for k, v in own.items() if k in (*SCORES, "f1")}
            scored.setdefault(f"{rule}, {name}", []).append(own)

    def values(arm: str, name: str) -> list[float]:
        return [numbers[name] for numbers in scored.get(arm, [])]

    def less(one: Sequence[float], other: Sequence[float]) -> list[float]:
        other = list(other) * (len(one) if len(other) == 1 else 1)  # a rule on the taxi data has no seed
        return [a - b for a, b in zip(one, other, strict=False)]

    plain, away, untrained = ARMS
    measured = {
        "planted": values(f"{away}, planted", "auprc"),
        "trained": less(values(f"{away}, planted", "auprc"), values(f"{untrained}, planted", "auprc")),
        "week": less(values(f"{away}, planted", "auprc"), values("usual week, planted", "auprc")),
        "plain": [-v for v in less(values(f"{plain}, taxi", "auprc"), values("usual week, taxi", "auprc"))],
        "both": less(values(f"{away}, taxi", "day auprc"), values("usual week, taxi", "day auprc")),
    }

    def told(arm: str, name: str) -> str | None:
        return spread(values(arm, name), within=POSITIVE if name == "false" else SHARE)

    there = [name for name in SERIES if any(arm.endswith(f", {name}") for arm in scored)]
    tables = [
        Table(f"Alarms on the {name} series", ["score", *SCORES.values()],
              [[arm, *(told(f"{arm}, {name}", score) for score in SCORES)]
               for arm in (*ARMS, *RULES) if f"{arm}, {name}" in scored],
              "Means with 95 % intervals over seeds. Precision, recall, events and false alarms at the threshold "
              "that 99.5 % of the held-out normal time does not exceed; precision and recall of single values.")
        for name in there
    ]  # fmt: skip
    summary = " ".join(
        f"Area under the precision-recall curve, {name} series: "
        + "; ".join(f"{arm} {_mean(values(f'{arm}, {name}', score)):.3f}" for arm in (*ARMS, RULES[1])) + "."
        for name, score in (("planted", "auprc"), ("taxi", "day auprc")) if name in there
    )  # fmt: skip
    shown_records = [
        next((r for r in records if r.trial and r.trial.variant == f"{away}, {name}"), None) for name in there
    ]
    return Findings(
        summary=summary,
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=tables,
        figures=[figure for record in shown_records if record for figure in _pictures(record)],
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _pictures(record: Record) -> list[Curves]:
    assert record.trial is not None
    s, name = record.series, record.trial.variant.rpartition(", ")[2]
    days = [k / record.numbers["day"] for k in range(len(s["values"]))]
    threshold = record.numbers["threshold"]
    alarm = [v if e > threshold else float("nan") for v, e in zip(s["values"], s["score"], strict=True)]
    known = [v if known else float("nan") for v, known in zip(s["values"], s["labels"], strict=True)]
    return [
        Curves(f"Four weeks of the {name} series", "days", UNITS[name],
               [Series("value", days, s["values"]), Series("known anomaly", days, known),
                Series("alarm", days, alarm, style="points")],
               caption="Alarms of the autoencoder with the week taken away, seed 0."),
        Curves(f"The error it was raised from, {name} series", "days", "mean error, spreads of the usual week",
               [Series("error", days, s["score"]),
                Series("threshold", days, [threshold] * len(days), style="dashed")],
               caption="The threshold comes from held-out weeks without anomalies."),
    ]  # fmt: skip
