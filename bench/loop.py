"""``python -m bench.loop``: time and peak memory of the loop engine against hand-written loops, for every cell.

Values are shares of a careful hand-written loop, which splits the drive into steps once; ``by index`` is the time as
a share of a loop that reads ``drive[t]``.

Forward and backward of a full batch. Writes ``bench/results/loop.json``.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import elman
from bench.timing import geometric_mean, in_turns, machine, training
from elman.cell import part_of
from elman.cells.lookup import public_cells
from elman.probe.cell_table import make_cell

RESULTS = Path(__file__).parent / "results"
WHAT = ("time", "by index", "memory")


def by_hand(cell: elman.Cell, x: Tensor) -> Tensor:
    """Run the loop that a careful user writes: compute the drive of all steps at once, then the steps."""
    drive, state, outputs = cell.drive(x), cell.initial_state(x.shape[1]), []
    drives = zip(*(one.unbind() for one in drive), strict=True) if isinstance(drive, tuple) else drive.unbind()
    for now in drives:
        state = cell.step(now, state)
        outputs.append(state[0])
    return torch.stack(outputs)


def by_index(cell: elman.Cell, x: Tensor) -> Tensor:
    """Run the usual loop, in which the gradient of each ``drive[t]`` is as large as the whole drive."""
    drive, state, outputs = cell.drive(x), cell.initial_state(x.shape[1]), []
    for t in range(len(x)):
        state = cell.step(part_of(drive, t), state)
        outputs.append(state[0])
    return torch.stack(outputs)


class Peak(TorchDispatchMode):
    """Measures the peak bytes of tensors created inside the block, independently of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[int, tuple[StorageWeakRef, int]] = {}
        self.bytes = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        self.live = {key: entry for key, entry in self.live.items() if not entry[0].expired()}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self.live[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.bytes = max(self.bytes, sum(size for _, size in self.live.values()))
        return result


def peak(run: Callable[[], Tensor]) -> int:
    """Return the peak bytes of a forward and backward."""
    with Peak() as found:
        run().sum().backward()
    return found.bytes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--hidden-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    B, T, H = options.batch_size, options.steps, options.hidden_size
    x = torch.randn(T, B, H)
    x[..., -1].abs_()  # a non-negative time gap for the cells that read one
    rows: list[dict[str, Any]] = []
    for name, kind in public_cells().items():
        cell = make_cell(kind, H, H)
        weights: list[Tensor] = list(cell.parameters())
        ways: dict[str, Callable[[], Tensor]] = {
            "by hand": lambda: by_hand(cell, x),  # noqa: B023
            "by index": lambda: by_index(cell, x),  # noqa: B023
            "loop": lambda: elman.unroll(cell, x, engine="loop")[0],  # noqa: B023
        }
        took = in_turns({way: training(run, weights) for way, run in ways.items()}, options.rounds)
        memory = peak(ways["loop"]) / peak(ways["by hand"])
        rows.append(
            {"cell": name, "time": took["loop"], "by index": took["loop"] / took["by index"], "memory": memory}
        )
        print(f"{name:22}" + "".join(f"   {what} {rows[-1][what]:5.2f}" for what in WHAT), flush=True)
    for what in WHAT:
        shares = [row[what] for row in rows]
        print(f"{what}: mean {geometric_mean(shares):.2f}, worst {max(shares):.2f} of {len(shares)} cells")
    RESULTS.mkdir(exist_ok=True)
    found = {"machine": machine(), "B": B, "T": T, "H": H, "rows": rows}
    (RESULTS / "loop.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
