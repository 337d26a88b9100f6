"""Truncated backpropagation through time.

**Question.** How does cutting the gradient after k characters change what a language model learns, the time and
memory of its training, and what it is able to learn?

**Method.** A character model with one recurrent layer is trained by Adam with linear decay for one epoch, on parallel
streams cut into segments of 100 characters. Gradients never cross segments; "full" means a gradient through a whole
segment. The state is carried over, detached. The usual truncation cuts a segment into pieces of k characters with an
update after each, which changes two things: the gradient is shorter, and there are more updates. Three arms separate
the two. *One update per piece* is the usual way. *Equal updates* cuts the gradient every k characters but updates
once per segment, so the number of updates does not depend on k. *Equal time* updates once per piece for the same CPU
time at every k, over as many epochs as that takes; the learning rate decays with time. A fourth arm, *reset*, updates
once per piece and starts every piece from the zero state. Validation reads the last tenth of the text as one stream
with carried state (the reset arm also as trained, from a zero state every k characters). Plain text needs little
memory beyond a word, so a generated text tests memory directly: an *echo* depends only on one letter a fixed number
of steps earlier. The loss counts only the echoes, and updates are equal.

**What to expect.** In a prototype (one epoch of tiny Shakespeare, one seed), one update per piece gave a perplexity
of 5.70 for k = 5, 6.34 for k = 20 and 7.97 for the full gradient; equal updates gave 7.74, 7.89 and 7.97. The gain
therefore comes from the larger number of updates. With the state reset, k = 5 gave 6.02. Echoes farther away than k
cannot be learned: the state may carry the letter, but no gradient rewards keeping it (Williams & Peng, 1990; Tallec &
Ollivier, 2017).
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings
from elman.lab.over_seeds import stretches
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.ex19_truncated_bptt.results import ECHO, EQUAL, PIECE, RESET, TIME, Cuts, results

PROTOTYPE = "prototype of this project: one epoch of tiny Shakespeare, one seed"
WILLIAMS = "Williams & Peng (1990), An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Networks"
TALLEC = "Tallec & Ollivier (2017), Unbiasing Truncated Backpropagation Through Time"


@dataclass(frozen=True)
class Plan:
    """The network, its training, and where the gradient is cut."""

    text: str = "auto"  # a data set's name, a file, or auto: the best one on this machine
    characters: PositiveInt = 1_000_000  # of the training text, at most
    held_out: PositiveInt = 100_000  # of the validation text, at most
    cell: str = "LSTMCell"  # by name or file.py:Class
    embedding_size: PositiveInt = 64
    hidden_size: PositiveInt = 128
    batch_size: PositiveInt = 32
    window: PositiveInt = 100  # characters per segment
    lengths: tuple[PositiveInt, ...] = (5, 10, 20, 50)  # k; the full segment is always added
    learning_rate: PositiveFloat = 4e-3
    seconds: PositiveFloat = 15.0  # CPU time of a trial with equal time
    lag: PositiveInt = 12  # steps from a letter to its echo
    symbols: PositiveInt = 8
    echo_length: PositiveInt = 1_000_000
    echo_rate: PositiveFloat = 1e-2  # learning rate
    seeds: PositiveInt = 3

    def __post_init__(self) -> None:
        wrong = [k for k in self.lengths if k >= self.window or self.window % k]
        if wrong:
            raise ValueError(f"lengths must divide the window of {self.window} and be shorter, got {wrong[0]}")
        if not 2 <= self.lag < min(self.window, self.echo_length, self.held_out):
            raise ValueError(f"lag must be at least 2 and less than the window and the texts, got {self.lag}")


QUICK = Plan(
    characters=80_000,
    held_out=20_000,
    embedding_size=32,
    hidden_size=64,
    batch_size=16,
    lengths=(5, 20),
    learning_rate=1e-2,
    seconds=1.0,
    lag=8,
    symbols=4,
    echo_length=150_000,
)


def claims(plan: Plan) -> list[Claim]:
    """State what truncation gains and costs, for the shortest piece and the whole segment."""
    k, full = min(plan.lengths), plan.window

    def above(one: tuple[str, int], other: tuple[str, int]) -> Callable[[Arms], list[float]]:
        return lambda arms: Cuts(arms, full).paired(one, other)

    def memory(arms: Arms) -> float | list[float]:
        piece, whole = (Cuts(arms, full).kept(length) for length in (k, full))
        return piece / whole if piece and whole else []

    stated = [
        Claim("naive", f"With one update per piece, pieces of {k} characters end at a lower loss than full segments.",
              PROTOTYPE, "nats per character below full", at_least=0.0, role="answer",
              otherwise=f"With one update per piece, full segments end at a lower loss than pieces of {k} "
              f"characters.",
              measure=above((PIECE, full), (PIECE, k))),
        Claim("equal-updates", f"With equal updates, pieces of {k} characters end within 0.05 nats of full segments.",
              PROTOTYPE, "nats per character below full", at_least=-0.05, at_most=0.05, role="answer",
              otherwise=f"With equal updates, pieces of {k} characters end more than 0.05 nats from full segments.",
              measure=above((EQUAL, full), (EQUAL, k))),
        Claim("equal-time", f"In the same CPU time, pieces of {k} characters end at a lower loss than full segments.",
              WILLIAMS, "nats per character below full", at_least=0.0, measure=above((TIME, full), (TIME, k))),
        Claim("carry", f"With pieces of {k} characters, resetting the state between pieces raises the loss.",
              PROTOTYPE, "nats per character lost by the reset", at_least=0.0, measure=above((RESET, k), (PIECE, k))),
        Claim("memory", f"For the backward pass, a piece of {k} keeps at most {2 * k / full:.0%} of the bytes that a "
              "full segment keeps.", "arithmetic: activations are kept step by step; twice their share",
              "share of the bytes", at_most=2 * k / full, measure=memory),
        Claim("echo-full", f"With the full gradient, the model learns echoes over {plan.lag} steps: the loss is at "
              "most a tenth of guessing.", TALLEC, "share of ln K", at_most=0.1,
              measure=lambda arms: Cuts(arms, full).values(ECHO, full)),
    ]  # fmt: skip
    if k <= plan.lag:
        stated.append(Claim("echo-cut", f"With the gradient cut after {k} steps, the model does not learn echoes "
                            f"over {plan.lag} steps: the loss is at least nine tenths of guessing.", TALLEC,
                            "share of ln K", at_least=0.9,
                            measure=lambda arms: Cuts(arms, full).values(ECHO, k)))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per arm, k and seed; the full segment appears once where two arms coincide."""
    from elman import data
    from elman.cells.lookup import cell_inputs

    text = data.text(plan.text)
    cell = cell_inputs(plan.cell)
    read = {text.name: text.sha256} | cell
    every = (*plan.lengths, plan.window)
    arms = {
        EQUAL: (every, read), PIECE: (plan.lengths, read), RESET: (plan.lengths, read),
        TIME: ((min(plan.lengths), plan.window), read), ECHO: (every, cell),
    }  # fmt: skip
    return [
        Trial(arm, seed, {"k": k}, inputs)
        for arm, (lengths, inputs) in arms.items() for k in lengths for seed in range(plan.seeds)
    ]  # fmt: skip


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model and score it once."""
    import math
    import time

    import torch
    from torch.nn.functional import cross_entropy

    from elman.cells.lookup import cell_named
    from elman.data.echo_text import echoes
    from elman.nn.language_model import LanguageModel
    from elman.nn.recurrent import Recurrent
    from elman.train.evaluate import evaluate
    from elman.train.loop import train
    from elman.train.schedules import linear
    from elman.train.streams import Streams
    from elman.train.truncated import Truncated

    arm, k, seed = trial.arm, int(trial.on["k"]), trial.seed or 0
    if arm == ECHO:
        tokens, wanted = echoes(plan.echo_length, plan.lag, plan.symbols, seed=2 * seed)
        held_out, asked = echoes(plan.held_out, plan.lag, plan.symbols, seed=2 * seed + 1)
        size = plan.symbols + 2
    else:
        tokens, held_out, size = _read(plan)
        wanted = asked = None
    segment = plan.batch_size * plan.window
    if len(tokens) <= segment:
        raise TrialFailed(
            f"{len(tokens):,} characters are too few for one segment of {plan.window} in {plan.batch_size} streams, "
            f"which needs {segment + 1:,}; set a smaller batch_size or window, or give a longer text"
        )
    # every arm reads the same text, for any k
    length = (len(tokens) - 1) // segment * segment + 1
    steps = plan.window if arm in (EQUAL, ECHO) else k
    streams = Streams(tokens[:length], plan.batch_size, steps, None if wanted is None else wanted[:length])
    recurrent = Recurrent(cell_named(plan.cell), plan.embedding_size, plan.hidden_size)
    model = LanguageModel(size, plan.embedding_size, recurrent=recurrent)
    numbers = {"kept": float(kept_bytes(model, streams))}

    begun = time.process_time()
    decay = linear()

    def by_time(update: int, updates: int) -> float:
        return decay(round(1000 * min(1.0, (time.process_time() - begun) / plan.seconds)), 1000)

    timed = arm == TIME
    updates = 10**9 if timed else len(streams)
    losses: list[float] = []
    norms: list[float] = []
    for update in train(
        model, Truncated(model, streams, k, carry=arm != RESET), updates,
        learning_rate=plan.echo_rate if arm == ECHO else plan.learning_rate,
        schedule=by_time if timed else decay,
    ):  # fmt: skip
        losses.append(update.loss)
        norms.append(update.norm)
        spent = time.process_time() - begun
        done, of = (min(spent, plan.seconds), plan.seconds) if timed else (update.number, updates)
        desk.progress(done, of, loss=update.loss)
        if timed and spent >= plan.seconds:
            break
    seconds = time.process_time() - begun
    with torch.no_grad():
        model.eval()
        read = len(losses) * plan.batch_size * streams.steps
        numbers |= {
            "updates": len(losses), "seconds": seconds, "characters": read, "norm": sum(norms) / len(norms),
            "milliseconds": 1e3 * seconds / len(losses), "rate": read / seconds,
        }  # fmt: skip
        if asked is not None:
            logits, _ = model(held_out[:-1, None])
            where = asked[1:]
            loss = cross_entropy(logits[where, 0], held_out[1:][where]).item()
            numbers["validation"] = loss / math.log(plan.symbols)
        else:
            numbers["validation"] = evaluate(model, held_out)
        if arm == RESET:
            rows = (len(held_out) - 1) // k
            logits, _ = model(held_out[: rows * k].view(rows, k).T)
            wanted = held_out[1 : rows * k + 1].view(rows, k).T
            numbers["as trained"] = cross_entropy(logits.flatten(0, 1), wanted.flatten()).item()
    return Record(numbers=numbers, series={"loss": stretches(losses), "norm": stretches(norms)})


def kept_bytes(model: Any, streams: Any) -> int:
    """Return the bytes that the forward pass of one window keeps for the backward pass, without parameters."""
    import torch
    from torch.autograd.graph import saved_tensors_hooks
    from torch.nn.functional import cross_entropy

    kept: dict[int, int] = {}
    held: list[Any] = []  # kept alive, so that no address is used twice
    fixed = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in fixed:
            kept[storage.data_ptr()] = storage.nbytes()
            held.append(tensor)
        return tensor

    inputs, targets = streams.window(0)
    with saved_tensors_hooks(note, lambda tensor: tensor):
        logits, _ = model(inputs, None)
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
    del loss
    return sum(kept.values())


def _read(plan: Plan) -> tuple[Any, Any, int]:
    """Return training and validation tokens, and the size of the vocabulary."""
    import torch

    from elman import data
    from elman.data.vocabulary import Vocabulary

    training, validation = data.split(data.text(plan.text).text)
    vocabulary = Vocabulary.from_text(training)
    tokens = torch.from_numpy(vocabulary.encode(training[: plan.characters]))
    held_out = torch.from_numpy(vocabulary.encode(validation[: plan.held_out], unknown="skip"))
    return tokens, held_out, len(vocabulary)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return perplexity by k in every arm, time, memory and gradient norms, and the echo losses."""
    return results(plan, records)
