"""``elman list``, ``study``, ``lab`` and ``report``."""

import json
import os
import shlex
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from elman.errors import UnknownName
from elman.terminal import marked

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rich.console import Console

    from elman.lab.findings import Findings
    from elman.lab.runner import Run
    from elman.lab.study import Study

Quick = Annotated[bool, typer.Option("--quick", help="Run the short plan: minutes instead of hours.")]
Seeds = Annotated[int | None, typer.Option(min=1, help="Random seeds to run per arm; default: the plan's.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Parallel processes; default: one per core.")]
Out = Annotated[Path, typer.Option(help="Folder for records, models, findings and the book.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of real data sets; the same as ELMAN_DATA.")]
Cluster = Annotated[str | None, typer.Option(help="Run the trials on this kind of cluster: ray.")]
MARK = {
    "holds": "[green]✓ holds[/]",
    "does not hold": "[red]✗ does not hold[/]",
    "undecided": "[yellow]? undecided[/]",
}


def list_studies(as_json: Json = False) -> None:
    """List the 35 studies, each one exercise of a textbook chapter on recurrent networks."""
    from elman.studies import all_studies

    studies = all_studies()
    if as_json:
        print(json.dumps([{"exercise": s.exercise, "name": s.name, "title": s.title} for s in studies], indent=2))
        return
    for s in studies:
        print(f"{s.exercise:<6} {s.name:<24} {s.title}")


def study(
    name: Annotated[str, typer.Argument(help="Exercise number or name, such as 15.12 or char-lm.")],
    quick: Quick = False,
    seeds: Seeds = None,
    jobs: Jobs = None,
    out: Out = Path("results"),
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the plan (see --fields); repeatable."),
    ] = None,
    cells: Annotated[
        list[str] | None,
        typer.Option("--cell", metavar="NAME", help="Also run a cell: JANETCell, or mycell.py:MyCell; repeatable."),
    ] = None,
    data: Data = None,
    cluster: Cluster = None,
    fields: Annotated[bool, typer.Option("--fields", help="List the fields of the plan, and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Run or resume one study, and show its findings."""
    from elman.studies import find_study

    _use_data(data)
    changed = read_settings(settings or [])
    if seeds is not None:
        changed["seeds"] = str(seeds)
    wanted = find_study(name)
    if fields:
        _show_fields(wanted, quick, as_json)
        return
    if cells:
        changed["cells"] = _with_cells(wanted, quick, changed, cells)
    run = _make_run(wanted, quick, changed, out)
    ((_, findings),) = _execute([run], jobs, cluster)
    if findings is None:
        _all_failed(run)
        raise typer.Exit(1)
    if as_json:
        print(findings.to_json())
    else:
        _show(findings, run.folder)
    if run.failed:
        raise typer.Exit(1)


class StudyHelp(TyperCommand):
    """The help of ``elman study NAME`` also lists the fields of that study's plan, and gives an example."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the words for the help, which is shown while they are parsed."""
        ctx.meta["words"] = list(args)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the options, then the fields."""
        super().format_help(ctx, formatter)
        from elman.studies import find_study

        words = [word for word in ctx.meta.get("words", []) if not word.startswith("-")]
        if words:
            wanted = find_study(words[0])
            _show_fields(wanted, "--quick" in ctx.meta["words"], as_json=False)
            first = wanted.fields()[0]
            print(f"For example: elman study {wanted.exercise} --quick --set {first.name}={first.default}")


def lab(
    quick: Quick = False,
    jobs: Jobs = None,
    out: Out = Path("results"),
    data: Data = None,
    cluster: Cluster = None,
) -> None:
    """Run all studies, then write the book."""
    from elman.studies import all_studies

    _use_data(data)
    runs = [_make_run(study, quick, {}, out) for study in all_studies()]
    with closing(_execute(runs, jobs, cluster)) as ended:  # closed: an error here ends the trials at work
        for run, findings in ended:
            if findings is None:
                _all_failed(run)
            else:
                print(f"{run.study.exercise:<6} {run.study.name:<24} {findings.summary}", flush=True)
    _write_book(out)
    if any(run.failed for run in runs):
        raise typer.Exit(1)


def report(
    folder: Annotated[Path, typer.Argument(help="A results folder.")] = Path("results"),
    out: Annotated[Path | None, typer.Option(help="File to write; default: book.html in the results folder.")] = None,
) -> None:
    """Write the book from saved findings, without running anything."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; give the --out of an earlier run")
    _write_book(folder, out)


def _show_fields(study: "Study", quick: bool, as_json: bool) -> None:
    from dataclasses import asdict

    fields = study.fields(quick)
    if as_json:
        print(json.dumps([asdict(one) for one in fields], indent=2))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=f"Fields of {study.exercise} {study.name}: --set FIELD=VALUE", title_justify="left")
    for column in ("field", "takes", "default", ""):
        shown.add_column(column)
    for one in fields:
        shown.add_row(one.name, escape(one.takes), escape(one.default), escape(one.about))
    Console().print(shown)


def _make_run(study: "Study", quick: bool, settings: dict[str, str], out: Path) -> "Run":
    import hashlib

    from elman.lab.runner import Run

    label = "quick" if quick else "full"
    if settings:
        label += "-" + hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:6]
    words = ["elman", "study", study.exercise, *(["--quick"] if quick else [])]
    for name, value in settings.items():
        words += ["--set", f"{name}={value}"]
    return Run(study, study.plan(quick, settings), out / study.folder_name / label, shlex.join(words))


def _execute(runs: "list[Run]", jobs: int | None, cluster: str | None) -> "Generator[tuple[Run, Findings | None]]":
    from elman.lab.progress import Progress
    from elman.lab.runner import execute

    if cluster not in (None, "ray"):
        raise UnknownName(f"no cluster {cluster!r}; expected ray")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        yield from _together(runs)
    elif cluster:
        from elman.lab.executors import OnRay

        with OnRay() as executor:
            yield from execute(runs, jobs, executor, Progress())
    else:
        yield from execute(runs, jobs, show=Progress())


def _together(runs: "list[Run]") -> "Iterator[tuple[Run, Findings | None]]":
    """Run the trials in several processes; the first saves and shows the results, the others follow it."""
    from elman.lab.executors import Together, follow
    from elman.lab.progress import Progress
    from elman.lab.runner import execute
    from elman.train import parallel

    with parallel.start():
        first = parallel.rank() == 0
        if first:
            with Together() as executor:
                yield from execute(runs, 1, executor, Progress())
        else:
            follow()
    if not first:
        raise typer.Exit


def read_settings(pairs: list[str]) -> dict[str, str]:
    """Parse ``--set FIELD=VALUE`` options."""
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UnknownName(f"--set takes FIELD=VALUE, got {pair!r}")
        settings[name.replace("-", "_")] = value
    return settings


def _with_cells(study: "Study", quick: bool, settings: dict[str, str], names: list[str]) -> str:
    """Return the plan's field ``cells`` with further cells, whose file paths are made absolute."""
    from elman.cells.lookup import cell_label, cell_named
    from elman.lab.study import listed
    from elman.studies import all_studies

    there = getattr(study.plan(quick, settings), "cells", None)
    if there is None:
        taking = [s.exercise for s in all_studies() if hasattr(s.plan(), "cells")]
        raise UnknownName(f"{study.name} does not take --cell; these studies do: {', '.join(taking)}")
    for name in names:
        cell_named(name)
    labels = [cell_label(name) for name in (*there, *names)]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise UnknownName(f"{twice} is named twice; give cells distinct names of file and class")
    places = [name.rpartition(":") for name in names]
    return listed([*there, *(f"{Path(path).resolve()}:{cell}" if path else cell for path, _, cell in places)])


def _use_data(folder: Path | None) -> None:
    if folder is not None:
        if not folder.is_dir():
            raise UnknownName(f"--data: {folder} is not a folder")
        os.environ["ELMAN_DATA"] = str(folder.resolve())


def _write_book(results: Path, out: Path | None = None) -> None:
    from elman.lab.book import collect, write_book
    from elman.studies import lessons

    notes: list[str] = []
    findings = collect(results, notes.append)
    try:
        path = write_book(findings, out or results / "book.html", notes=notes, lessons=lessons())
    except OSError as error:
        if out is None:
            error.strerror = f"{error.strerror}; `elman report {results} --out FILE` writes the book elsewhere"
        raise
    for note in notes:
        print(note, file=sys.stderr)
    print(path.resolve())


def _all_failed(run: "Run") -> None:
    print(f"{run.study.exercise} {run.study.name}: no findings", file=sys.stderr)
    for line in list(dict.fromkeys(run.failed))[:5]:
        print(f"  {line}", file=sys.stderr)


def _show(findings: "Findings", folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{marked(f'{findings.exercise}  {findings.title}')}[/]\n{marked(findings.summary)}\n")
    show_tables(console, findings)
    claims = Table(title="Claims, stated before the run", title_justify="left")
    for column in ("claim", "measured", "95 % interval", "verdict"):
        claims.add_column(column)
    for v in findings.claims:
        span = "exact" if v.exact else f"{v.low:.4g} to {v.high:.4g} (n={v.n})"
        claims.add_row(f"{marked(v.claim.statement)} [dim]{marked(v.claim.source)}[/]", _number(v.measured), span,
                       MARK[v.verdict])  # fmt: skip
    console.print(claims)
    for passage in findings.passages:
        console.print(f"\n[bold]{marked(passage.title)}[/]")
        console.print(marked(passage.text), highlight=False)
    for line in findings.failed:
        console.print(f"[red]failed:[/] {marked(line)}")
    console.print(
        f"\nSaved in {marked(str(folder))}; `elman report {marked(str(folder.parent.parent))}` writes the book."
    )


def show_tables(console: "Console", findings: "Findings") -> None:
    """Print every table of some findings."""
    from rich.table import Table

    for table in findings.tables:
        shown = Table(title=marked(table.title), title_justify="left", caption=marked(table.note) or None)
        for column in table.columns:
            shown.add_column(marked(column))
        for row in table.rows:
            shown.add_row(*("" if value is None else marked(_number(value)) for value in row))
        console.print(shown)


def _number(value: str | float | bool | None) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
