"""``python -m bench.streaming``: a single step, as in streaming, against torch.nn and the cell's own ``step``.

Forward alone and forward with backward, on one thread and on two. A ratio above 1 means that Elman is faster.
Writes ``bench/results/streaming.json``.
"""

import argparse
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import nn

import elman
from bench.own import MGU, PeepholeLSTM
from bench.timing import geometric_mean, in_turns, machine, training

RESULTS = Path(__file__).parent / "results"
SIZES = list(product((32, 64, 128, 256), (1, 4, 16)))
OWN: dict[str, Any] = {"PeepholeLSTM": PeepholeLSTM, "MGU": MGU, "GRUCell": elman.cells.GRUCell}


def faster(theirs: Callable[[], Any], ours: Callable[[], Any], rounds: int) -> float:
    """Return the speed of ours relative to theirs."""
    return 1 / in_turns({"theirs": theirs, "ours": ours}, rounds)["ours"]


def both(
    theirs: Callable[[], Any], ours: Callable[[], Any], weights: list[Any], rounds: int, row: dict[str, Any]
) -> dict[str, Any]:
    """Return a row with the two ratios."""
    with torch.no_grad():
        row["forward"] = faster(theirs, ours, rounds)
    row["with_backward"] = faster(
        training(lambda: theirs()[0], weights), training(lambda: ours()[0], weights), rounds
    )
    print("  ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
    return row


def layers(threads: int, rounds: int) -> list[dict[str, Any]]:
    """Time the layers against those of torch.nn, with a given state as in a stream."""
    rows: list[dict[str, Any]] = []
    for name, (H, B) in product(("LSTM", "GRU", "RNN"), SIZES):
        theirs, ours, x = getattr(nn, name)(H, H), getattr(elman.nn, name)(H, H), torch.randn(1, B, H)
        ours.load_state_dict(theirs.state_dict())
        state: Any = torch.zeros(1, B, H)
        state = (state, state) if name == "LSTM" else state
        weights = [*theirs.parameters(), *ours.parameters()]
        row = {"threads": threads, "layer": name, "H": H, "B": B}
        rows.append(both(lambda: theirs(x, state), lambda: ours(x, state), weights, rounds, row))  # noqa: B023
    return rows


def cells(threads: int, rounds: int) -> list[dict[str, Any]]:
    """Time custom cells against calling their ``step``."""
    rows: list[dict[str, Any]] = []
    for name, (H, B) in product(OWN, SIZES):
        cell, x = OWN[name](H, H), torch.randn(1, B, H)
        row = {"threads": threads, "cell": name, "H": H, "B": B}
        weights = list(cell.parameters())
        rows.append(both(lambda: cell(x[0]), lambda: elman.unroll(cell, x), weights, rounds, row))  # noqa: B023
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streaming", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    torch.manual_seed(0)
    found: dict[str, Any] = {"machine": machine(), "layers": [], "cells": []}
    for threads in options.threads:
        torch.set_num_threads(threads)
        found["layers"] += layers(threads, options.rounds)
        found["cells"] += cells(threads, options.rounds)
    print()
    for kind, part in (("layer", "layers"), ("cell", "cells")):
        for threads, name in sorted({(row["threads"], row[kind]) for row in found[part]}):
            rows = [row for row in found[part] if row["threads"] == threads and row[kind] == name]
            for what in ("forward", "with_backward"):
                ratios = [row[what] for row in rows]
                mean, worst = geometric_mean(ratios), min(ratios)
                print(f"{threads} threads  {name:13} {what:14} mean {mean:5.2f}  worst {worst:5.2f}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "streaming.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
