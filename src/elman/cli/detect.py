"""``elman detect``: anomalies in the user's own series, from a file or a stream."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.models import LARGEST_SEED
from elman.errors import UnknownName

File = Annotated[Path | None, typer.Argument(help="Table of times and numbers, or of numbers; default: stdin.")]
Column = Annotated[list[str] | None, typer.Option(help="The values' column, for a file with several.")]
Resample = Annotated[str, typer.Option(help="Average the rows at even steps: 30s, 5min, 1h, 1D, 1M.")]
Fill = Annotated[
    str, typer.Option(help="Missing values: linear, last, mean or drop; default: linear, up to 5 in a row.")
]
Zone = Annotated[str, typer.Option(help="Zone of times written without one, such as Europe/Berlin.")]
DayFirst = Annotated[
    bool | None, typer.Option("--day-first/--month-first", help="Order of 01/02/2020, if no line decides it.")
]
Normal = Annotated[
    str, typer.Option(help="Train on this share of the file (0.5), or on this number of values (1000).")
]
Period = Annotated[int, typer.Option(min=0, help="Steps per period; 1: no period; 0: a week or a day, if it fits.")]
Quantile = Annotated[float, typer.Option(help="Share of normal values below the alarm threshold.")]


def detect(
    file: File = None,
    column: Column = None,
    time: Annotated[str, typer.Option(help="The times' column, or none; default: found.")] = "",
    resample: Resample = "",
    fill: Fill = "",
    zone: Zone = "",
    day_first: DayFirst = None,
    normal: Normal = "",
    period: Period = 0,
    window: Annotated[int, typer.Option(min=2, help="Steps per window.")] = 24,
    quantile: Quantile = 0.995,
    updates: Annotated[int, typer.Option(min=1, help="Training updates.")] = 400,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the training.")] = 0,
    figure: Annotated[Path | None, typer.Option(help="Write a picture of the series and its alarms (SVG).")] = None,
    all_scores: Annotated[bool, typer.Option("--scores", help="Print every value's score, not only alarms.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Train on the beginning of a series, and report the anomalies in the rest.

    Values from standard input are scored one at a time as they arrive.
    """
    if file is None:
        if figure:
            raise ValueError("--figure needs a file; a stream of values has no end")
        if column:
            raise ValueError("--column needs a file; from standard input the last column is read")
        if options := [
            name for name, given in (("time", time), ("resample", resample), ("fill", fill), ("zone", zone)) if given
        ]:
            raise ValueError(f"--{options[0]} needs a file; from standard input values are read one at a time")
        _stream(_count(normal or "1000", None), period or 1, window, quantile, updates, seed, as_json, all_scores)
        return
    if column and len(column) > 1:
        raise ValueError(f"detect reads one column, got {', '.join(column)}; run it once for each")
    from elman.apps.anomalies import usual_period
    from elman.apps.detector import Detector
    from elman.data.signals import read_signal
    from elman.probe.anomaly import runs

    signal = read_signal(
        file, column=column[0] if column else "", time=time, resample=resample, fill=fill, zone=zone,
        day_first=day_first,
    )  # fmt: skip
    for note in signal.notes:
        print(f"note: {note}", file=sys.stderr)
    learned = _count(normal or "0.5", len(signal))
    period = period or usual_period(learned * 7 // 10, signal.day)
    detector = Detector.fit(
        signal.values[:learned], period=period, window=window, quantile=quantile, updates=updates, seed=seed
    )
    scores = detector.scores(signal.values[learned:])
    alarms = runs(scores > detector.threshold)
    course = "no period" if period == 1 else f"a period of {period} steps"
    print(
        f"learned from {learned} values, {course}; {len(alarms)} alarms in the {len(scores)} after", file=sys.stderr
    )
    if all_scores:
        _print_scores(signal, learned, scores / detector.threshold, as_json)
    for first, end in [] if all_scores else alarms:
        worst = float(scores[first:end].max() / detector.threshold)
        where = [signal.where(learned + k) for k in (first, end - 1)]
        if as_json:
            print(json.dumps({"first": where[0], "last": where[1], "values": end - first, "score": worst}))
        else:
            print(where[0] + (f"  to  {where[1]}" if end - first > 1 else "") + f"  {worst:.1f} times the threshold")
    if figure:
        _draw(figure, signal, learned, scores > detector.threshold)


def _print_scores(signal, learned: int, scores, as_json: bool) -> None:
    """Print each value, and its score in units of the threshold: an alarm is a score above 1."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if not as_json:
        writer.writerow(["time" if signal.start else "value number", "value", "score"])
    for k, score in enumerate(scores.tolist()):
        where, value = signal.where(learned + k), float(signal.values[learned + k])
        if as_json:
            print(json.dumps({"at": where, "value": value, "score": score, "alarm": score > 1}))
        else:
            writer.writerow([where.removeprefix("value "), value, f"{score:.4g}"])


def _count(text: str, there: int | None) -> int:

    try:
        number = float(text)
        count = int(number * there) if there and number < 1 else int(number)
    except (ValueError, OverflowError):
        count = 0
    if count < 1 or (there is None and count != float(text)):
        raise UnknownName(f"--normal must be a share of the file or a number of values, got {text!r}")
    if there is not None and count >= there:
        raise ValueError(f"--normal {text} leaves no values to score: the file has {there} values")
    return count


def _stream(normal: int, period: int, window: int, quantile: float, updates: int, seed: int, as_json: bool,
            all_scores: bool) -> None:  # fmt: skip
    import numpy as np

    from elman.apps.detector import Detector

    given = _values()
    first = [value for _, value in zip(range(normal), given, strict=False)]
    detector = Detector.fit(
        np.array(first), period=period, window=window, quantile=quantile, updates=updates, seed=seed
    )
    print(f"learned from {len(first)} values", file=sys.stderr, flush=True)
    for place, value in enumerate(given, start=len(first) + 1):
        score = detector.feed(value) / detector.threshold
        if score <= 1 and not all_scores:
            continue
        print(json.dumps({"value": place, "is": value, "score": score}) if as_json else
              f"value {place}: {value:g}, {score:.1f} times the threshold", flush=True)  # fmt: skip


def _values() -> Iterator[float]:
    for number, line in enumerate(sys.stdin, start=1):
        text = line.strip().rpartition(",")[2]
        if not line.strip():
            continue
        try:
            value = float(text)
            if value - value != 0:
                raise ValueError
        except ValueError:
            if number == 1:
                continue  # a header
            raise ValueError(f"line {number}: expected a finite number, got {text[:40]!r}") from None
        yield value


def _draw(path: Path, signal, learned: int, alarm) -> None:
    from elman.files import write_text
    from elman.lab.figures import draw
    from elman.lab.findings import Curves, Series

    days = [k / signal.day for k in range(len(signal))]
    values = signal.values.tolist()
    raised = [v if odd else float("nan") for v, odd in zip(values[learned:], alarm.tolist(), strict=True)]
    series = [
        Series("learned from", days[:learned], values[:learned]), Series("value", days[learned:], values[learned:]),
        Series("alarm", days[learned:], raised, style="points"),
    ]  # fmt: skip
    write_text(path, draw(Curves(f"Alarms in {signal.name}", "days", "value", series)))
    print(f"wrote {path}", file=sys.stderr)
