"""``python -m bench.beam``: batched beam search against hand-written searches and Transformers.

Every search uses the same step, a table lookup per token, whose cost is negligible, so that the search itself is
measured. All searches generate ``LENGTH`` tokens. A ratio above 1 means that Elman is faster. Writes
``bench/results/beam.json``.
"""

import argparse
import importlib.util
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.timing import machine, medians
from elman.decode import beam_search, power

RESULTS = Path(__file__).parent / "results"
BATCH, WIDTH, VOCABULARY, LENGTH = 32, 5, 8000, 20
START, END, ROWS = 1, 0, 512  # the table has a row for each token modulo ROWS

Hypothesis = tuple[float, list[int]]


def table() -> Tensor:
    """Return log-probabilities of the token after each token; the end is never likely, so that searches run on."""
    logits = 3 * torch.randn(ROWS, VOCABULARY, generator=torch.Generator().manual_seed(0))
    logits[:, END] = -30
    return logits.log_softmax(-1)


def plain(rows: Tensor, start: int, continuations: Callable[[Tensor], Iterable[tuple[int, float]]]) -> list[int]:
    """Search one sentence as in tutorials: hypotheses in a list, their continuations in a longer list, sorted."""
    live: list[Hypothesis] = [(0.0, [start])]
    done: list[Hypothesis] = []
    for _ in range(LENGTH):
        candidates: list[Hypothesis] = []
        for score, tokens in live:
            log_probs = rows[torch.tensor([tokens[-1] % ROWS])][0]
            for token, log_prob in continuations(log_probs):
                candidates.append((score + log_prob, [*tokens, token]))
        candidates.sort(key=lambda one: one[0], reverse=True)
        live = []
        for score, tokens in candidates[: 2 * WIDTH]:
            if tokens[-1] == END:
                done.append((score / (len(tokens) - 1), tokens))
            elif len(live) < WIDTH:
                live.append((score, tokens))
    done += [(score / LENGTH, tokens) for score, tokens in live]
    return max(done)[1][1:]


def every(log_probs: Tensor) -> Iterable[tuple[int, float]]:
    """Return all tokens as continuations, as in most tutorials."""
    return enumerate(log_probs.tolist())


def best(log_probs: Tensor) -> Iterable[tuple[int, float]]:
    """Return only the continuations that can win, as in better tutorials."""
    values, tokens = log_probs.topk(WIDTH + 1)
    return zip(tokens.tolist(), values.tolist(), strict=True)


def elman(rows: Tensor, prompt: Tensor) -> Tensor:
    found = beam_search(
        lambda tokens, state: (rows[tokens % ROWS], state),
        prompt,
        eos=END,
        beam_width=WIDTH,
        max_length=LENGTH,
        length_penalty=power(1.0),
    )
    return found.tokens[:, 0]


def transformers(rows: Tensor, prompt: Tensor) -> Callable[[], Tensor]:
    """Return Transformers' search over a model with the same table."""
    from transformers import (  # pyright: ignore[reportMissingImports]
        GenerationMixin,
        PretrainedConfig,
        PreTrainedModel,
    )
    from transformers.modeling_outputs import CausalLMOutput  # pyright: ignore[reportMissingImports]

    class Table(PreTrainedModel, GenerationMixin):
        config_class = PretrainedConfig
        main_input_name = "input_ids"

        def __init__(self, config: PretrainedConfig):
            super().__init__(config)
            self.unused = torch.nn.Parameter(torch.zeros(1))  # its device and dtype are read

        def forward(self, input_ids: Tensor, **_: Any) -> CausalLMOutput:
            return CausalLMOutput(logits=rows[input_ids[:, -1] % ROWS][:, None])  # type: ignore[arg-type]

    config: Any = PretrainedConfig
    model: Any = Table(config(vocab_size=VOCABULARY, eos_token_id=END, pad_token_id=END)).eval()
    options = {
        "num_beams": WIDTH,
        "max_new_tokens": LENGTH,
        "length_penalty": 1.0,
        "early_stopping": "never",
        "do_sample": False,
        "use_cache": False,
    }
    ones = torch.ones_like(prompt)[:, None]
    return lambda: model.generate(prompt[:, None], attention_mask=ones, **options)[:, 1:]


def measure(seconds: float, plain_sentences: int) -> dict[str, Any]:
    """Time every search; the unbatched ones on the first few sentences only."""
    rows = table()
    prompt = START + torch.arange(BATCH)
    ours = elman(rows, prompt)
    few = prompt[:plain_sentences].tolist()
    ways: dict[str, Callable[[], Any]] = {
        "elman": lambda: elman(rows, prompt),
        "lists of topk": lambda: [plain(rows, start, best) for start in prompt.tolist()],
        "step alone": lambda: [rows[prompt.repeat(WIDTH) % ROWS] for _ in range(LENGTH)],
    }
    if importlib.util.find_spec("transformers"):
        ways["transformers"] = transformers(rows, prompt)
        if not torch.equal(ways["transformers"](), ours):
            raise RuntimeError("transformers found other sequences; a comparison would mean nothing")
    if (
        ways["lists of topk"]() != ours.tolist()
        or [plain(rows, start, every) for start in few] != ours[: len(few)].tolist()
    ):
        raise RuntimeError("the searches found different sequences; a comparison would mean nothing")
    taken = medians(ways, seconds)
    taken |= medians({"lists": lambda: [plain(rows, start, every) for start in few]}, 0.0, rounds=3)
    sentences = {name: len(few) if name == "lists" else BATCH for name in taken}
    speed = {name: sentences[name] * LENGTH / took for name, took in taken.items()}
    ratios = {name: speed["elman"] / speed[name] for name in speed if name not in ("elman", "step alone")}
    return {
        "batch": BATCH,
        "width": WIDTH,
        "vocabulary": VOCABULARY,
        "length": LENGTH,
        "tokens_per_second": speed,
        "elman_is_faster_by": ratios,
        "machine": machine(),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.beam", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds; prints, but writes no file")
    quick = parser.parse_args(arguments).quick
    found = measure(seconds=2.0 if quick else 15.0, plain_sentences=1 if quick else 4)
    for name, speed in found["tokens_per_second"].items():
        ratio = found["elman_is_faster_by"].get(name)
        print(f"{name:15} {speed:12,.0f} tokens/s" + ("" if ratio is None else f"   elman is faster by {ratio:.1f}"))
    if "transformers" not in found["tokens_per_second"]:
        print("transformers    not installed")
    if not quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "beam.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
