"""``elman cells``: the available cells and their cost."""

import json
import shutil
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from elman.terminal import marked

Size = typer.Option(min=2, max=2048)  # all cells of this size still fit in memory


def cells(
    input_size: Annotated[int, Size] = 128,
    hidden_size: Annotated[int, Size] = 128,
    own: Annotated[
        list[str] | None, typer.Option("--cell", metavar="FILE.py:CLASS", help="Also list your own cell.")
    ] = None,
    speed: Annotated[
        bool, typer.Option("--speed", help="Also time a training step (B = 32, T = 50) beside torch.nn.LSTM's.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List the cells by family: year, paper, parameters, matrix products per step, the engine that runs them."""
    import torch

    from elman.cells.lookup import FAMILIES, cell_named, public_cells
    from elman.probe.cell_table import describe, make_cell, relative_times

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the matrices are so small that threads would only wait for one another
    kinds = public_cells() | {name: cell_named(name) for name in own or []}
    built = {name: make_cell(kind, input_size, hidden_size) for name, kind in kinds.items()}
    described = [describe(name, cell) for name, cell in built.items()]
    rows = sorted(described, key=lambda row: (row.year or 9999, row.name))
    torch.set_num_threads(threads)
    times = {}
    if speed:
        times = relative_times(built, each=lambda name: print(f"timing {name} ...", file=sys.stderr, flush=True))
    if as_json:
        timed = [{"time": times[row.name]} if speed else {} for row in rows]
        print(json.dumps([asdict(row) | extra for row, extra in zip(rows, timed, strict=True)], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    sizes = f"input_size {input_size}, hidden_size {hidden_size}"
    caption = f"{sizes}; time of a training step relative to torch.nn.LSTM" if speed else sizes
    table = Table(box=None, pad_edge=False, caption_justify="left", caption=caption)
    table.add_column("cell", no_wrap=True)
    table.add_column("year")
    for name in ("parameters", "products", *(["time"] if speed else [])):
        table.add_column(name, justify="right")
    table.add_column("engine")
    table.add_column("paper", no_wrap=True)
    mine = set(own or [])
    groups = {name: [row for row in rows if row.family == name and row.name not in mine] for name in FAMILIES}
    groups["your own"] = [row for row in rows if row.name in mine]
    for name, row in [(name, row) for name, group in groups.items() if group for row in (None, *group)]:
        if row is None:
            table.add_row(f"[bold]{name}[/bold]")
            continue
        products = "?" if row.products is None else str(row.products)
        shown = [row.name, str(row.year or ""), f"{row.parameters:,}", products]
        shown += [f"{times[row.name]:.2f}"] if speed else []
        table.add_row(*map(marked, shown), marked(row.engine), marked(row.paper))
    console = Console(width=shutil.get_terminal_size((200, 24)).columns)
    console.print(table)
    for row in rows:
        if row.why:
            console.print(marked(f"{row.name} runs on the loop: {row.why}"), highlight=False, soft_wrap=True)
