"""``python -m bench.training``: the overhead of the training loop, and character models in tokens per second.

Loop: updates of a small LSTM by :func:`elman.train.loop.train` against a hand-written loop (forward, backward,
optimiser). Character models: Elman's loop with its LSTM and GRU against the same model written with torch.nn
(``bench/plain_char_lm.py``), and with custom cells on the native engine against the eager loop. Medians of
alternating runs; a ratio above 1 means that Elman is faster. Writes ``bench/results/training.json``.
"""

import argparse
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import elman
from bench import plain_char_lm
from bench.own import MGU, PeepholeLSTM
from bench.timing import geometric_mean, machine, medians
from elman import use_engine
from elman.nn import Recurrent
from elman.nn.language_model import LanguageModel
from elman.train import Streams, Truncated, losses, train
from elman.train.schedules import cosine

RESULTS = Path(__file__).parent / "results"
VOCABULARY, UPDATES, RATE = 65, 20, 1e-3  # UPDATES per run of a character model
SHAPES = (
    (32, 64, 64, 128),
    (32, 100, 128, 256),
    (16, 64, 128, 512),
)  # streams, steps, embedding size, hidden size

Rows = list[dict[str, Any]]


def loop(seconds: float) -> Rows:
    """Time one update of a small LSTM: by hand, by hand with clipping, and by the loop, which clips and checks."""
    B, T, H = 32, 50, 64
    tokens, targets = torch.randint(VOCABULARY, (2, T, B))
    first = LanguageModel(VOCABULARY, H, H)

    def loss(model: nn.Module) -> Tensor:
        return cross_entropy(model(tokens)[0].flatten(0, 1), targets.flatten())

    def by_hand(clip: bool) -> Callable[[], Any]:
        model = deepcopy(first)
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

        def update() -> None:
            optimizer.zero_grad()
            loss(model).backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        return update

    model = deepcopy(first)
    updates = train(model, lambda _: loss(model), 1_000_000, learning_rate=RATE)
    ways = {"by hand": by_hand(False), "by hand, clipped": by_hand(True), "elman": lambda: next(updates)}
    row = {"B": B, "T": T, "H": H, **medians(ways, seconds)}
    row["adds"] = row["elman"] / row["by hand"] - 1
    row["adds to clipped"] = row["elman"] / row["by hand, clipped"] - 1
    print(
        f"loop            B{B} H{H} T{T}  by hand {row['by hand'] * 1e3:.2f} ms  clipped "
        f"{row['by hand, clipped'] * 1e3:.2f} ms  elman {row['elman'] * 1e3:.2f} ms  "
        f"adds {row['adds']:+.1%}, to clipped {row['adds to clipped']:+.1%}",
        flush=True,
    )
    return [row]


def fit(model: nn.Module, streams: Streams) -> list[float]:
    """Train a language model by truncated backpropagation."""
    loss = Truncated(model, streams)
    return losses(train(model, loss, UPDATES, learning_rate=RATE, schedule=cosine(warmup=0)))


def char_lms(shapes: tuple[tuple[int, int, int, int], ...], seconds: float) -> Rows:
    """Measure character models in tokens per second."""
    rows: Rows = []
    for B, T, E, H in shapes:
        text = torch.randint(VOCABULARY, (B * T * (UPDATES + 1) + 1,))
        streams = Streams(text, B, T)
        for name in ("LSTM", "GRU"):
            ours = LanguageModel(VOCABULARY, E, H)
            ours.recurrent = getattr(elman.nn, name)(E, H)
            plain = plain_char_lm.CharLM(VOCABULARY, E, H, getattr(nn, name))
            plain.load_state_dict(ours.state_dict())
            ways: dict[str, Callable[[], list[float]]] = {
                "elman": lambda: fit(ours, streams),  # noqa: B023
                "torch": lambda: plain_char_lm.fit(plain, text, B, T, UPDATES, RATE),  # noqa: B023
            }
            rows.append(_compared(name, (B, T, E, H), ways, "torch", seconds))
        for cell in (MGU, PeepholeLSTM):
            native = LanguageModel(VOCABULARY, E, recurrent=Recurrent(cell, E, H))
            eager = deepcopy(native)
            ways = {
                "elman": lambda: fit(native, streams),  # noqa: B023
                "loop": use_engine("loop")(lambda: fit(eager, streams)),  # noqa: B023
            }
            rows.append(_compared(cell.__name__, (B, T, E, H), ways, "loop", seconds))
    return rows


def _compared(
    name: str, shape: tuple[int, ...], ways: dict[str, Callable[[], list[float]]], other: str, seconds: float
) -> dict[str, Any]:
    """Check that both lower the loss equally from the same weights; otherwise the comparison is meaningless."""
    torch.testing.assert_close(*(torch.tensor(way()) for way in ways.values()), rtol=1e-3, atol=1e-3)
    B, T, E, H = shape
    taken = medians(ways, seconds, rounds=3)
    speed = {way: B * T * UPDATES / took for way, took in taken.items()}
    row = {"cell": name, "B": B, "T": T, "E": E, "H": H, "tokens_per_second": speed, "other": other}
    row["ratio"] = speed["elman"] / speed[other]
    print(
        f"{name:15} B{B:<3} T{T:<4} H{H:<4} elman {speed['elman']:10,.0f} tokens/s   {other:6} "
        f"{speed[other]:10,.0f} tokens/s   {row['ratio']:6.2f}x",
        flush=True,
    )
    return row


def summary(found: dict[str, Any]) -> list[tuple[str, float, str]]:
    """Return the rows of the summary: name, measured value, goal."""

    def ratio(*cells: str) -> float:
        return geometric_mean([row["ratio"] for row in found["char_lms"] if row["cell"] in cells])

    return [
        ("the loop adds to an update, %", 100 * found["loop"][0]["adds"], "< 5"),
        ("the loop adds to an update that clips, %", 100 * found["loop"][0]["adds to clipped"], "< 5"),
        ("char-LM, LSTM, against torch.nn", ratio("LSTM"), ">= 1.5"),
        ("char-LM, GRU, against torch.nn", ratio("GRU"), ">= 1.5"),
        ("char-LM, own cells, against the eager loop", ratio("MGU", "PeepholeLSTM"), ">= 1.5"),
    ]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one shape, a few seconds; prints, but writes no file")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    found: dict[str, Any] = {"machine": machine()}
    found["loop"] = loop(3.0 if options.quick else 15.0)
    found["char_lms"] = char_lms(SHAPES[:1] if options.quick else SHAPES, 2.0 if options.quick else 10.0)
    table = summary(found)
    found["table"] = [{"what": what, "reached": value, "goal": goal} for what, value, goal in table]
    print()
    for what, value, goal in table:
        print(f"{what:45} {value:7.2f}   {goal}")
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "training.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
