"""``elman data list | show | fetch``."""

import json
import sys
from typing import Annotated

import typer

app = typer.Typer(help="List, show and download data sets.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A data set's name; see `elman data list`.")]


@app.command("list")
def list_sets(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List every data set, its size, and where this machine has it."""
    from elman.data import all_sets, where

    if as_json:
        plain = [
            {"name": name, "title": s.title, "bytes": s.bytes, "where": where(s), "licence": s.licence}
            for name, s in all_sets().items()
        ]
        print(json.dumps(plain, indent=2))
        return
    print(f"{'name':<18} {'size':>9}  {'found in':<11} title")
    for name, s in all_sets().items():
        print(f"{name:<18} {_size(s.bytes):>9}  {where(s):<11} {s.title}")
    print("\nBuilt in: pydoc, the help topics of this Python (text for language models).")


@app.command("show")
def show(name: Name) -> None:
    """Show a data set: description, licence, source, and files with their checksums."""
    from elman.data import find_set, where
    from elman.data.catalogue import about

    s = find_set(name)
    print(f"{name}: {s.title}\n\n{about(name)}\n")
    for label, value in (
        ("licence", s.licence), ("cite", s.citation), ("serves", s.serves), ("source", ", ".join(s.sources)),
        ("size", _size(s.bytes)), ("found in", where(s)),
    ):  # fmt: skip
        print(f"{label + ':':<10} {value}")
    print()
    for file in s:
        print(f"{file.sha256}  {file.bytes:>10,}  {file.path}")


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A data set's name, or `all`.")],
) -> None:
    """Find or download a data set, and verify all its files."""
    from elman.data import DataError, all_sets, find_set
    from elman.data.files import fetch as get

    wanted = list(all_sets()) if name == "all" else [name]
    failed = False
    for each in wanted:
        try:
            paths = get(find_set(each), progress=sys.stderr.isatty())
            print(f"{each}: {len(paths)} file{'s' * (len(paths) > 1)} verified")
        except DataError as error:
            failed = True
            print(f"elman: {each}: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
