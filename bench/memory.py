"""``python -m bench.memory``: memory over many ragged batches of random shapes, against torch.nn.

GRU(16, 64), forward and backward, T up to 120, B up to 40, each side in a process of its own. Reports resident memory
in MiB after the first fiftieth of the calls and after the last. Writes ``bench/results/memory.json``. Linux only.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

import torch
from torch.nn.utils.rnn import pack_padded_sequence

import elman
from bench.timing import machine

RESULTS = Path(__file__).parent / "results"
PAGE = 4096


def resident() -> float:
    """Return the process's resident memory, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def run(side: str, calls: int) -> list[float]:
    """Return the memory after the first calls and after all calls."""
    draw = random.Random(0)
    torch.manual_seed(0)
    layer = (torch.nn if side == "torch" else elman.nn).GRU(16, 64)
    found: list[float] = []
    for call in range(calls):
        T, B = draw.randint(1, 120), draw.randint(1, 40)
        lengths = [T, *(draw.randint(1, T) for _ in range(B - 1))]
        packed = pack_padded_sequence(torch.randn(T, B, 16), torch.tensor(lengths), enforce_sorted=False)
        layer(packed)[0].data.sum().backward()
        layer.zero_grad()
        if call in (calls // 50, calls - 1):
            found.append(resident())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--calls", type=int, default=6000)
    parser.add_argument("--side", choices=("torch", "elman"), help="one side alone, in this process")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(run(options.side, options.calls)))
        return
    found: dict[str, object] = {"machine": machine(), "calls": options.calls}
    for side in ("torch", "elman"):
        command = [sys.executable, "-m", "bench.memory", "--side", side, "--calls", str(options.calls)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        first, last = found[side] = json.loads(done.stdout)
        print(f"{side:6} {first:6.0f} -> {last:6.0f} MiB, {last - first:+.0f}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
