"""``python -m bench.every_cell``: a training step of every cell against ``torch.nn.LSTM`` and torchrecurrent.

Forward and backward, B = 32, T = 50, H = 128, medians of alternating blocks. Writes
``bench/results/every_cell.json``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

import elman
from bench.timing import geometric_mean, machine, medians, training
from elman.cells.lookup import public_cells
from elman.probe.cell_table import make_cell

RESULTS = Path(__file__).parent / "results"


def theirs(name: str, size: int) -> nn.Module | None:
    """Return torchrecurrent's layer of the same cell, if it has one."""
    try:
        import torchrecurrent
    except ImportError:
        return None
    layer = getattr(torchrecurrent, name.removesuffix("Cell"), None)
    return None if layer is None else layer(size, size)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.every_cell", description=__doc__)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=0.6, help="time for each cell")
    options = parser.parse_args()
    torch.manual_seed(0)
    B, T, H = options.batch_size, options.steps, options.hidden_size
    x = torch.randn(T, B, H)
    x[..., -1].abs_()  # a non-negative time gap for the cells that read one
    lstm = nn.LSTM(H, H)
    rows: list[dict[str, Any]] = []
    for name, kind in public_cells().items():
        cell, other = make_cell(kind, H, H), theirs(name, H)
        ways = {
            "elman": training(lambda: elman.unroll(cell, x)[0], list(cell.parameters())),  # noqa: B023
            "torch.nn.LSTM": training(lambda: lstm(x)[0], list(lstm.parameters())),
        }
        if other is not None:
            ways["torchrecurrent"] = training(lambda o=other: o(x)[0], list(other.parameters()))
        took = medians(ways, options.seconds)
        rows.append({"cell": name, **took})
        against = f"   torchrecurrent {took['torchrecurrent'] / took['elman']:6.1f}x" if other is not None else ""
        share = took["elman"] / took["torch.nn.LSTM"]
        print(f"{name:22} {took['elman'] * 1e3:8.2f} ms   {share:6.2f} of torch.nn.LSTM's{against}", flush=True)
    ratios = [row["torchrecurrent"] / row["elman"] for row in rows if "torchrecurrent" in row]
    print(f"\nfaster than torchrecurrent, geometric mean of {len(ratios)} cells: {geometric_mean(ratios):.1f}x")
    RESULTS.mkdir(exist_ok=True)
    found = {"machine": machine(), "B": B, "T": T, "H": H, "rows": rows}
    (RESULTS / "every_cell.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
