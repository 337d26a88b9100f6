"""A custom vanilla cell: activation, layer normalisation, initial weights.

**Question.** How do the choices of exercise 15.11 (tanh or relu, with or without layer normalisation,
Xavier-uniform weights) affect what a vanilla recurrent cell can learn?

**Method.** The cells are `RNNCell` and `LayerNormRNNCell`; the tests compare them with a NumPy implementation and
with `torch.nn.RNNCell`. They learn to recall: the first of T inputs is one of eight symbols, the others are
distractors, and the answer at the end is the first symbol. Chance is 1/8. A relu cell is known to need a recurrent
matrix that starts at the identity (Le, Jaitly & Hinton, 2015), so a control arm has one. All arms have the same
size, data, learning rate and number of updates; test sequences are drawn apart from training. A trial whose loss
becomes NaN or infinite is reported as failed. If the data set is on this machine, the tanh cell also learns
Japanese Vowels: 270 training and 370 test utterances of 7 to 29 frames, nine speakers.

**What to expect.** With T = 20 most tanh cells recall the symbol, though not from every start. A relu cell with
Xavier weights does not even then: each unit passes a gradient only while it is positive, and half of them are not,
so the gradient shrinks faster than a tanh cell's; layer normalisation keeps units near their threshold. With T = 100
a tanh cell with Xavier weights has lost the first symbol, since its gradient vanishes (study 15.18). Layer
normalisation fixes the scale of the pre-activations but not that of the product of Jacobians. On the vowels a
vanilla network reaches about 97 %: 29 frames need little memory."""

from collections.abc import Sequence
from typing import Literal

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across, middles, stretches
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import further_cells, trials_on

ARMS: dict[str, tuple[Literal["tanh", "relu"], bool, bool]] = {
    # activation, layer normalisation, and whether the recurrent matrix starts at the identity
    "tanh": ("tanh", False, False), "tanh LN": ("tanh", True, False), "relu": ("relu", False, False),
    "relu LN": ("relu", True, False), "relu identity": ("relu", False, True),
}  # fmt: skip
SMALLEST = 1e-4  # nats; smaller losses are drawn as this
VOWELS = "japanese_vowels"
BOOK = "textbook exercise 15.11; bounds from this project's prototype"


@dataclass(frozen=True)
class Plan:
    """Sizes of the task and the training."""

    lags: tuple[PositiveInt, ...] = (20, 50, 100)
    hidden_size: PositiveInt = 64
    updates: PositiveInt = 3000
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 1e-3
    test_size: PositiveInt = 2000
    vowel_epochs: PositiveInt = 60
    cells: tuple[str, ...] = ()  # further cells for the recall task, by name or file.py:Class
    seeds: PositiveInt = 5


QUICK = Plan(lags=(10, 30), updates=300, learning_rate=2e-3, test_size=1000, vowel_epochs=30, seeds=4)


def claims(plan: Plan) -> list[Claim]:
    """State what the arms should reach in recall and on the vowels."""
    short, long = min(plan.lags), max(plan.lags)
    return [
        Claim("short", f"A tanh cell recalls at least 99 % of the symbols over {short} steps.", BOOK, "accuracy",
              at_least=0.99, role="answer", otherwise=f"A tanh cell recalls less than 99 % over {short} steps.",
              measure=lambda arms: arms.on(lag=short).numbers("tanh", "accuracy")),
        Claim("normalised", f"Over {short} steps layer normalisation lets a relu cell recall more symbols.",
              "Ba, Kiros & Hinton (2016), Layer Normalization", "accuracy gained", at_least=0.0, role="answer",
              otherwise=f"Over {short} steps a relu cell recalls fewer symbols with layer normalisation.",
              measure=lambda arms: arms.on(lag=short).less("relu LN", "relu", "accuracy")),
        Claim("long", f"Without an identity start a relu cell recalls at most 50 % of the symbols over {long} steps.",
              "Le, Jaitly & Hinton (2015)", "accuracy", at_most=0.5,
              measure=lambda arms: arms.on(lag=long).numbers("relu", "accuracy")),
        Claim("start", f"A relu cell recalls more symbols over {long} steps with an identity start than without.",
              "Le, Jaitly & Hinton (2015)", "accuracy gained over Xavier", at_least=0.0,
              measure=lambda arms: arms.on(lag=long).less("relu identity", "relu", "accuracy")),
        Claim("vowels", "The tanh cell identifies the speaker of at least 95 % of the test utterances.",
              "prototype: 97.0 ± 0.7 %; Kudo et al. (1999): 94.1 %", "accuracy", at_least=0.95, needs=VOWELS,
              measure=lambda arms: arms.on(task="vowels").numbers("tanh", "accuracy")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return every arm at every lag with every seed, and the vowels if they are on this machine."""
    from elman import data

    found = trials_on([{"lag": lag} for lag in plan.lags], ARMS, plan.cells, plan.seeds)
    if vowels := data.checksums(VOWELS):
        found += [Trial("tanh", seed, {"task": "vowels"}, vowels) for seed in range(plan.seeds)]
    return found


def make_cell(arm: str, input_size: int, hidden_size: int):
    """Return the cell of an arm."""
    import torch

    from elman.cells import LayerNormRNNCell, RNNCell

    nonlinearity, normalised, identity = ARMS[arm]
    cell = (LayerNormRNNCell if normalised else RNNCell)(input_size, hidden_size, nonlinearity)
    if identity:
        torch.nn.init.eye_(cell.weight_hh)
    return cell


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one cell on one task and test it once."""

    return _recall(plan, trial, desk) if "lag" in trial.on else _vowels(plan, trial, desk)


def _recall(plan: Plan, trial: Trial, desk: Desk) -> Record:
    import torch

    from elman.cells.lookup import cell_named
    from elman.data.tasks import Recall
    from elman.nn.classifier import SequenceClassifier
    from elman.train.classify import accuracy, class_loss
    from elman.train.loop import losses, train

    task, seed = Recall(int(trial.on["lag"])), trial.seed or 0
    if trial.arm in ARMS:
        cell = make_cell(trial.arm, task.input_size, plan.hidden_size)
    else:
        cell = cell_named(further_cells(plan.cells)[trial.arm])(task.input_size, plan.hidden_size)
    model = SequenceClassifier(cell, task.symbols)
    training, test = (torch.Generator().manual_seed(2 * seed + part) for part in (0, 1))

    def draw(update: int):
        x, y = task.draw(plan.batch_size, training)
        return x, None, y

    updates = train(
        model, lambda update: class_loss(model, draw(update)), plan.updates, learning_rate=plan.learning_rate
    )
    found = losses(updates, lambda update, loss: desk.progress(update, plan.updates, loss=loss))
    x, y = task.draw(plan.test_size, test)
    return Record(numbers={"accuracy": accuracy(model, (x, None, y))}, series={"loss": stretches(found)})


def _vowels(plan: Plan, trial: Trial, desk: Desk) -> Record:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from elman.data.sets import japanese_vowels
    from elman.nn.classifier import SequenceClassifier
    from elman.train.classify import accuracy, class_loss
    from elman.train.loop import losses, train

    parts = {}
    mean = deviation = torch.zeros(12)
    for split in ("TRAIN", "TEST"):
        records = japanese_vowels.load(split)
        rows = [torch.from_numpy(record.values) for record in records]
        if split == "TRAIN":  # the training part sets the scale
            frames = torch.cat(rows)
            mean, deviation = frames.mean(0), frames.std(0)
        x = pad_sequence([(row - mean) / deviation for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        parts[split] = (x, lengths, torch.tensor([int(record.label) - 1 for record in records]))
    x, lengths, y = parts["TRAIN"]
    batches = -(-len(y) // 32)
    updates = plan.vowel_epochs * batches
    order = torch.empty(0, dtype=torch.int64)

    def draw(update: int):
        nonlocal order
        if update % batches == 0:
            order = torch.randperm(len(y))
        rows = order[update % batches * 32 :][:32]
        return x[:, rows], lengths[rows], y[rows]

    model = SequenceClassifier(make_cell("tanh", 12, plan.hidden_size), 9)
    training = train(model, lambda update: class_loss(model, draw(update)), updates, learning_rate=plan.learning_rate)
    losses(training, lambda update, loss: desk.progress(update, updates, loss=loss))
    return Record(numbers={"accuracy": accuracy(model, parts["TEST"])})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report accuracy by arm and lag, and learning curves at the longest lag."""
    arms = Arms(records)
    by_lag = {lag: arms.on(lag=lag) for lag in plan.lags}
    parts = [(f"{arm}, T={lag}", arm, by_lag[lag]) for arm in arms for lag in plan.lags if arm in by_lag[lag]]
    parts += [("vowels", arm, there) for there in [arms.on(task="vowels")] for arm in there]
    rows = [[name, part.formatted(arm, "accuracy", SHARE), len(part[arm])] for name, arm, part in parts]
    longest, shortest = max(plan.lags), min(plan.lags)
    last = by_lag[longest]
    short = by_lag[shortest].numbers("tanh", "accuracy")

    def curve(there: Arms, arm: str) -> Series:
        seeds = [[max(loss, SMALLEST) for loss in r.series["loss"]] for r in there[arm]]
        return across(arm, middles(plan.updates), seeds, logarithmic=True)

    further = list(further_cells(plan.cells))
    there = [arm for arm in (*ARMS, *further) if arm in last]
    reached = {arm: last.mean(arm, "accuracy") for arm in there}
    best = max(there, key=reached.__getitem__, default="")
    return Findings(
        summary=(
            f"Over {shortest} steps a tanh cell recalls {percent(sum(short) / len(short))} of the symbols "
            f"({percent(min(short), 0)} to {percent(max(short), 0)} by seed); over "
            f"{longest} steps the best cell is {best} with {percent(reached[best])}"
            + "".join(f"; {arm} reaches {percent(reached[arm])}" for arm in there if arm in further and arm != best)
            + "."
        ) if short and there else "Some arms are missing.",
        tables=[
            Table("Test accuracy", ["cell and task", "share recalled", "seeds"], rows,
                  "Means with 95 % intervals over seeds. T is the number of steps; LN is layer normalisation; "
                  "identity means that the recurrent matrix starts at the identity. Chance is 0.125 in recall, 0.111 "
                  "on the vowels."),
        ],
        figures=[
            Curves(f"Learning to recall over {lag} steps", "update", "training loss, nats",
                   [curve(on, arm) for arm in there if arm in on], log_y=True,
                   caption=f"Means are geometric; guessing scores ln 8 = 2.08 nats. Losses below {SMALLEST} are "
                   "drawn there.")
            for lag, on in by_lag.items()
        ],
    )  # fmt: skip
