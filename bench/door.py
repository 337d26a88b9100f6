"""``python -m bench.door``: CPU time of the checks at the native engine's door, in microseconds for each call."""

import time
from collections.abc import Callable

import torch

import elman
from elman.engine.backend import Rows
from elman.engine.compiled import kernels_of
from elman.engine.door import surroundings
from elman.engine.tracing.cell_key import structure
from elman.engine.unsupported import Unsupported


def microseconds(run: Callable[[], object], rounds: int = 25, calls: int = 200) -> float:
    """Return the least mean CPU time of a round, which other processes disturb least."""
    found: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            run()
        found.append((time.process_time() - start) / calls * 1e6)
    return min(found)


def main() -> None:
    torch.set_num_threads(1)
    x = torch.randn(16, 32)
    for kind in (elman.cells.GRUCell, elman.cells.LSTMCell):
        cell = kind(32, 32)
        compiled = kernels_of(cell, torch.float32)
        if isinstance(compiled, Unsupported):
            raise compiled
        door, rows, state = compiled.door, Rows([4] * 4, 4, False), cell.initial_state(4)
        drive = cell.drive(x)
        parts: dict[str, Callable[[], object]] = {
            "surroundings": lambda: surroundings("cpu"),
            "state": lambda: door.state(state, rows),  # noqa: B023
            "drive": lambda: door.drive(drive, 16),  # noqa: B023
            "parameters": lambda: door.parameters(cell),  # noqa: B023
            "the cell's structure": lambda: structure(cell),  # noqa: B023
        }
        took = {name: microseconds(run) for name, run in parts.items()}
        print(f"{kind.__name__:9}" + "".join(f"   {name} {one:.1f}" for name, one in took.items()))
    print("torch.add of two numbers", round(microseconds(lambda: torch.add(x[0, 0], 1)), 1))


if __name__ == "__main__":
    main()
