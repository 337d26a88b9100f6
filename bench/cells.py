"""``python -m bench.cells``: Elman's engines against torch.nn, the eager loop and torchrecurrent.

Times are forward and backward together unless stated otherwise, medians of alternating runs. A ratio above 1 means
that Elman is faster. Writes ``bench/results/cells.json`` and ``cells.svg``.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import nn

import elman
from bench.own import MGU, PeepholeLSTM
from bench.timing import geometric_mean, machine, medians, training

RESULTS = Path(__file__).parent / "results"
GRID: list[tuple[int, int, int]] = list(product((1, 16, 32, 64), (64, 128, 256, 512), (50, 200)))
QUICK: list[tuple[int, int, int]] = list(product((1, 32), (64, 256), (50,)))
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}

Rows = list[dict[str, Any]]


def against_torch(grid: list[tuple[int, int, int]], seconds: float) -> Rows:
    """Time the three cells of torch.nn on full batches."""
    rows: Rows = []
    for name, (B, H, T) in product(GATES, grid):
        theirs, ours, x = getattr(nn, name)(H, H), getattr(elman.cells, f"{name}Cell")(H, H), torch.randn(T, B, H)
        took = medians(
            {
                "torch": training(lambda: theirs(x)[0], list(theirs.parameters())),  # noqa: B023
                "elman": training(lambda: elman.unroll(ours, x)[0], list(ours.parameters())),  # noqa: B023
            },
            seconds,
            rounds=3,
        )
        flops = 3 * 2 * GATES[name] * H * 2 * H * B * T
        rows.append({"cell": name, "B": B, "H": H, "T": T, **took, "gflops": flops / took["elman"] / 1e9})
        _say(rows[-1], "torch")
    return rows


def packed(grid: list[tuple[int, int, int]], seconds: float) -> Rows:
    """Time a ragged batch, and a full batch with the same number of real steps."""
    rows: Rows = []
    for B, H, T in grid:
        if B == 1:
            continue
        draw = random.Random(0)
        lengths = [draw.randint(T // 4, T) for _ in range(B)]
        even = max(1, round(sum(lengths) / B))
        theirs, ours, x = nn.LSTM(H, H), elman.cells.LSTMCell(H, H), torch.randn(T, B, H)
        bundle = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        layer = elman.nn.LSTM(H, H)
        took = medians(
            {
                "torch": training(lambda: theirs(bundle)[0].data, list(theirs.parameters())),  # noqa: B023
                "elman": training(lambda: layer(bundle)[0].data, list(layer.parameters())),  # noqa: B023
                "full": training(lambda: elman.unroll(ours, x[:even])[0], list(ours.parameters())),  # noqa: B023
            },
            seconds,
        )
        real = sum(lengths) / (even * B)
        rows.append(
            {"cell": "packed LSTM", "B": B, "H": H, "T": T, **took, "cost": took["elman"] / took["full"] / real}
        )
        _say(rows[-1], "torch")
    return rows


def own_cells(grid: list[tuple[int, int, int]], seconds: float) -> Rows:
    """Time cells that torch.nn does not have."""
    try:
        import torchrecurrent
    except ImportError:
        torchrecurrent = None
    rows: Rows = []
    cells = {"PeepholeLSTM": PeepholeLSTM, "MGU": MGU, "LayerNormRNN": elman.cells.LayerNormRNNCell}
    cells["ResetBeforeGRU"] = elman.cells.ResetBeforeGRUCell
    for name, (B, H, T) in product(cells, grid):
        cell, x = cells[name](H, H), torch.randn(T, B, H)
        weights = list(cell.parameters())
        ways = {
            "elman": training(lambda: elman.unroll(cell, x)[0], weights),  # noqa: B023
            "loop": training(lambda: elman.unroll(cell, x, engine="loop")[0], weights),  # noqa: B023
        }
        if torchrecurrent is not None and hasattr(torchrecurrent, name):
            other = getattr(torchrecurrent, name)(H, H)
            ways["torchrecurrent"] = training(lambda: other(x)[0], list(other.parameters()))  # noqa: B023
        rows.append({"cell": name, "B": B, "H": H, "T": T, **medians(ways, seconds, rounds=3)})
        _say(rows[-1], "loop", "torchrecurrent")
    return rows


def compiled(seconds: float) -> Rows:
    """Time torch.compile of the loop on a short sequence; its compile time grows with T."""
    cell, x = elman.cells.GRUCell(64, 64), torch.randn(8, 16, 64)
    loop = torch.compile(lambda x: elman.unroll(cell, x, engine="loop")[0])
    start = time.perf_counter()
    loop(x).sum().backward()
    built = time.perf_counter() - start
    ways = {
        "elman": training(lambda: elman.unroll(cell, x)[0], list(cell.parameters())),
        "torch.compile": training(lambda: loop(x), list(cell.parameters())),
    }
    rows = [{"cell": "GRU", "B": 16, "H": 64, "T": 8, **medians(ways, seconds), "compile_seconds": built}]
    _say(rows[-1], "torch.compile")
    return rows


def streaming(seconds: float) -> Rows:
    """Time one step of one sequence, without gradients."""
    rows: Rows = []
    for H in (64, 256):
        theirs, ours, x = nn.LSTM(H, H), elman.cells.LSTMCell(H, H), torch.randn(1, 1, H)
        with torch.no_grad():
            ways = {"torch": lambda: theirs(x), "elman": lambda: elman.unroll(ours, x)}  # noqa: B023
            rows.append({"cell": "LSTM, one step", "B": 1, "H": H, "T": 1, **medians(ways, seconds)})
        _say(rows[-1], "torch")
    return rows


ALONE = """
import time, torch, elman

def peak():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0])

torch.set_num_threads({threads})
layer = {layer}
x = torch.randn(200, 64, 256)
start = time.perf_counter()
run = lambda x: (elman.unroll(layer, x) if isinstance(layer, elman.Cell) else layer(x))[0]
run(x[:1, :1]).sum().backward()
first = time.perf_counter() - start
before = peak()
run(x).sum().backward()
print(first, peak() - before)
"""


def alone() -> Rows:
    """Measure the first call (with tracing and compiling) and a step's peak memory, each in a process of its own."""
    rows: Rows = []
    for layer in ("torch.nn.LSTM(256, 256)", "elman.cells.LSTMCell(256, 256)", "elman.cells.GRUCell(256, 256)"):
        script = ALONE.format(layer=layer, threads=torch.get_num_threads())
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        first, kilobytes = map(float, done.stdout.split())
        rows.append({"layer": layer, "first_call_seconds": first, "peak_megabytes": kilobytes / 1024})
        print(f"{layer:34} first call {first:6.2f} s   peak memory {kilobytes / 1024:7.0f} MB", flush=True)
    return rows


def limit(seconds: float) -> float:
    """Return the speed of PyTorch's matrix product on this machine, in GFLOP/s."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return 2 * 1024**3 / medians({"mm": lambda: a @ b}, seconds)["mm"] / 1e9


def _say(row: dict[str, Any], *others: str) -> None:
    text = "".join(f"  {o} {row[o] * 1e3:9.2f} ms = {row[o] / row['elman']:6.2f}x" for o in others if o in row)
    print(
        f"{row['cell']:15} B{row['B']:<3} H{row['H']:<4} T{row['T']:<4} elman {row['elman'] * 1e3:8.2f} ms{text}",
        flush=True,
    )


def summary(found: dict[str, Any]) -> list[tuple[str, float, str]]:
    """Return the rows of the summary: name, measured value, goal."""

    def ratios(part: str, other: str, **only: Any) -> list[float]:
        rows = [r for r in found.get(part, ()) if other in r and all(r[k] == v for k, v in only.items())]
        return [r[other] / r["elman"] for r in rows]

    table: list[tuple[str, float, str]] = []
    lstm = ratios("torch", "torch", cell="LSTM")
    table += [("nn.LSTM", geometric_mean(lstm), ">= 1.2"), ("nn.LSTM, worst shape", min(lstm), ">= 0.9")]
    table += [(f"nn.{n}", geometric_mean(ratios("torch", "torch", cell=n)), ">= 3") for n in ("GRU", "RNN")]
    table.append(("nn.GRU, B=1", geometric_mean(ratios("torch", "torch", cell="GRU", B=1)), ">= 8"))
    table.append(("eager loop", geometric_mean(ratios("own", "loop")), ">= 8"))
    table.append(("torchrecurrent", geometric_mean(ratios("own", "torchrecurrent")), ">= 8"))
    table.append(("packed nn.LSTM", geometric_mean(ratios("packed", "torch")), ">= 5"))
    table.append(("ragged cost of a real step", geometric_mean([r["cost"] for r in found["packed"]]), "<= 1.15"))
    large = [
        r["gflops"] / found["mm_gflops"]
        for r in found["torch"]
        if r["H"] >= 256 and r["B"] >= 32 and r["cell"] == "LSTM"
    ]
    table.append(("share of torch.mm, LSTM, H >= 256, B >= 32", geometric_mean(large), ">= 0.7"))
    return table


def draw(table: list[tuple[str, float, str]], path: Path) -> None:
    """Draw one bar for each row of the summary that is a speed ratio."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    bars = [
        (name, value)
        for name, value, goal in table
        if goal.startswith(">=") and "worst" not in name and "share" not in name
    ]
    figure, axes = pyplot.subplots(figsize=(7, 0.42 * len(bars) + 0.9))
    names, values = zip(*reversed(bars), strict=True)
    axes.barh(names, values, color="#30638e")
    for place, value in enumerate(values):
        axes.text(value * 1.03, place, f"{value:.1f}x", va="center")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(0.8, max(values) * 1.6)
    axes.set_xlabel("times as fast as, forward and backward (geometric mean over shapes)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cells", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="four shapes instead of 32")
    parser.add_argument("--compile", action="store_true", help="also torch.compile the loop (a minute or more)")
    parser.add_argument("--seconds", type=float, default=0.4, help="time for each comparison")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    grid = QUICK if options.quick else GRID
    found: dict[str, Any] = {"machine": machine(), "mm_gflops": limit(options.seconds)}
    print(found, flush=True)
    found["torch"] = against_torch(grid, options.seconds)
    found["packed"] = packed(QUICK if options.quick else [s for s in GRID if s[0] in (16, 64)], options.seconds)
    found["own"] = own_cells(QUICK, options.seconds)
    found["streaming"] = streaming(options.seconds)
    found["alone"] = alone()
    if options.compile:
        found["compiled"] = compiled(options.seconds)
    found["mm_gflops"] = max(found["mm_gflops"], limit(options.seconds))
    table = summary(found)
    found["table"] = [{"against": name, "reached": value, "goal": goal} for name, value, goal in table]
    print()
    for name, value, goal in table:
        print(f"{name:45} {value:7.2f}   {goal}")
    RESULTS.mkdir(exist_ok=True)
    stem = "cells-quick" if options.quick else "cells"
    (RESULTS / f"{stem}.json").write_text(json.dumps(found, indent=1))
    draw(table, RESULTS / f"{stem}.svg")


if __name__ == "__main__":
    main()
