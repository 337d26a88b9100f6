"""``elman fit``, ``score`` and ``use``: models of the user's own data."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli.lines import Answer, Files, Json, Lines, answer_lines, given_lines
from elman.cli.models import LARGEST_SEED
from elman.terminal import marked, printable

if TYPE_CHECKING:
    from elman.apps.fitting.contract import Fitted, Request
    from elman.apps.fitting.report import Report

QUIET_SECONDS = 10  # between lines of progress where there is no terminal

Text = Annotated[str, typer.Option("--text", help="Column of the text.")]
Label = Annotated[str, typer.Option("--label", help="Column of the class or target.")]
Time = Annotated[str, typer.Option("--time", help="Column of the times.")]
Group = Annotated[str, typer.Option("--group", help="Column that names the sequence, person or document of a row.")]
Values = Annotated[list[str] | None, typer.Option("--column", help="Column of numbers; may be repeated.")]
Resample = Annotated[str, typer.Option(help="Resample a series to this step, such as 1h.")]
Fill = Annotated[str, typer.Option(help="How missing values are filled: linear, last, mean or drop.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting.")]
Printed = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def fit(
    task: Annotated[str, typer.Argument(help="What to fit; `elman fit list` shows every task and what it reads.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Files or folders to learn from.")] = None,
    text: Text = "",
    label: Label = "",
    time: Time = "",
    group: Group = "",
    column: Values = None,
    resample: Resample = "",
    fill: Fill = "",
    valid: Annotated[list[Path] | None, typer.Option(help="File of validation data.")] = None,
    test: Annotated[list[Path] | None, typer.Option(help="File of test data.")] = None,
    minutes: Annotated[float, typer.Option(help="Minutes of training.")] = 5.0,
    updates: Annotated[int | None, typer.Option(min=1, help="Number of updates, instead of --minutes.")] = None,
    cell: Annotated[str, typer.Option(help="Recurrent cell, a name of `elman cells`; default: the task's.")] = "",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of split and training.")] = 0,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the model; default: models/TASK-FILE.")] = None,
    as_json: Printed = False,
) -> None:
    """Train a model on your own files, score it on held-out data beside a baseline, and save it."""
    if task == "list":
        _list()
        return
    from elman.apps.fitting.run import fit as fitted

    given = files or []
    folder = out or Path("models") / f"{task}-{given[0].stem if given else ''}"
    request = _request(text, label, time, group, column, resample, fill, cell, seed, settings)
    with _Shown() as watch:
        report = fitted(
            task, given, folder, valid=valid or [], test=test or [], request=request, minutes=minutes,
            updates=updates, watch=watch,
        )  # fmt: skip
    if as_json:
        print(report.to_json())
        return
    _show(report)
    _write_page(folder, report)
    print(f"\nSaved in {folder}; `elman use {folder}` uses it, `elman score {folder} FILE` scores it on a file.")


def score(
    model: Annotated[Path, typer.Argument(help="Folder of a model that `elman fit` made.")],
    files: Annotated[list[Path], typer.Argument(help="Files in the format that the model was trained on.")],
    text: Text = "",
    label: Label = "",
    time: Time = "",
    group: Group = "",
    column: Values = None,
    resample: Resample = "",
    fill: Fill = "",
    as_json: Printed = False,
) -> None:
    """Score a model on further files."""
    from elman.apps.fitting.run import score as scored

    report = scored(model, files, _request(text, label, time, group, column, resample, fill, "", 0, None))
    if as_json:
        print(report.to_json())
    else:
        for sentence in report.said:
            print(printable(sentence), file=sys.stderr)
        _show(report)


def use(
    model: Annotated[Path, typer.Argument(help="Folder of a model that `elman fit` made.")],
    text: Lines = None,
    file: Files = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="How to answer; each task has its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a model's answer to each line of the arguments, of files or of standard input."""
    from elman.apps.fitting.saving import load
    from elman.cli.lab import read_settings

    fitted, how = load(model), read_settings(options or [])
    exact = fitted.answers_empty or not fitted.by_line
    lines = given_lines(text, file, exact)
    if not fitted.by_line:
        _use_whole(fitted, (line.text for line in lines), how, as_json)
        return
    next(fitted.use([], how), None)  # options that do not exist end it before the first line
    asked: list[str] = []
    answers = fitted.use(iter(asked.pop, None), how)

    def answer(line: str) -> Answer:
        asked.append(line)
        found = next(answers)
        if found.error:
            raise ValueError(found.error)
        return Answer(found.text, dict(found.fields))

    answer_lines(lines, answer, as_json, exact)


def _use_whole(fitted: "Fitted[Any]", lines: Iterable[str], how: dict[str, str], as_json: bool) -> None:
    """Print the answers of a model that reads all lines before it answers."""
    bad = False
    for number, answer in enumerate(fitted.use(lines, how), start=1):
        if answer.error:
            bad = True
            print(printable(f"line {number}: {answer.error}"), file=sys.stderr, flush=True)
        if as_json:
            fields = {"error": answer.error} if answer.error else answer.fields
            print(json.dumps(fields, ensure_ascii=False), flush=True)
        else:
            print(answer.text, flush=True)
    if bad:
        raise typer.Exit(1)


def _request(
    text: str, label: str, time: str, group: str, column: list[str] | None, resample: str, fill: str, cell: str,
    seed: int, settings: list[str] | None,
) -> "Request":  # fmt: skip
    from elman.apps.fitting.contract import Columns, Request
    from elman.cli.lab import read_settings

    columns = Columns(text, label, time, group, tuple(column or ()))
    return Request(columns, cell, seed, resample, fill, read_settings(settings or []))


def _list() -> None:
    from elman.apps.tasks import find_task, task_names

    for name in task_names():
        task = find_task(name)
        print(f"{name:<10} {task.summary}\n{'':<10} reads {task.takes}")


class _Shown:
    """Shows a fit on standard error: a bar on a terminal, else a line every ten seconds."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._begun = self._last = 0.0
        self._first = 0

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def said(self, sentence: str) -> None:
        """Print a sentence."""
        print(printable(sentence), file=sys.stderr, flush=True)

    def progress(self, done: int, total: int, loss: float, validation: float) -> None:
        """Show the updates done, the rate, the time left and the losses."""
        now = time.monotonic()
        if not self._begun:
            self._begun, self._first, self._last = now, done - 1, now
        rate = (done - self._first) / max(now - self._begun, 1e-9)
        note = f"{rate:.3g} updates/s  loss {loss:.4g}" + (
            "" if validation != validation else f"  held out {validation:.4g}"
        )
        if sys.stderr.isatty():
            self._draw(done, total, note)
        elif now - self._last > QUIET_SECONDS or done == total:
            self._last = now
            left = (total - done) / rate
            print(f"{done:,} of {total:,} updates, {note}, {left:.0f} s left", file=sys.stderr, flush=True)

    def _draw(self, done: int, total: int, note: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("training"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(),
                TextColumn("{task.fields[note]}", markup=False), console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("training", total=total, note="")
        self._bar.update(self._task, completed=done, note=note)


def _show(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    scores, verdict = report.scores
    console = Console()
    shown = Table()
    for column in ("", scores[0].measure, "95 % interval", "records"):
        shown.add_column(column)
    for one in scores:
        shown.add_row(marked(one.of), f"{one.value:.4g}", f"{one.low:.4g} to {one.high:.4g}", f"{one.records:,}")
    console.print(shown)
    if verdict:
        console.print(marked(f"{verdict[0].upper()}{verdict[1:]}."))
    for sentence in report.more:
        console.print(marked(f"{sentence[0].upper()}{sentence[1:]}."))
    if report.mistakes:
        console.print("\nThe worst mistakes on the held-out records:")
        for mistake in report.mistakes:
            got, right = _short(mistake.got), _short(mistake.expected)
            console.print(marked(f"  {_short(mistake.given)}: got {got}, right is {right}"), highlight=False)


def _short(text: str, most: int = 70) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 3]}..."


def _write_page(folder: Path, report: "Report") -> None:
    from elman.apps.fitting.page import findings_of
    from elman.lab.book import write_book

    write_book([findings_of(report, folder.name)], folder / "report.html", f"elman fit {report.task}")
