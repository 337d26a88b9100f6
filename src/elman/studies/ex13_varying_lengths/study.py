"""GRU and LSTM on sequences of varying length.

**Question.** How does one classify sequences of unequal length in batches, what does it cost to read the padding as
data, and is a GRU faster or more accurate than an LSTM?

**Method.** The data are Japanese Vowels if they are on this machine (270 training and 370 test utterances of 7 to 29
frames, nine speakers), otherwise generated utterances of the same sizes. A model is one recurrent layer, dropout and
a linear head. An arm *by lengths* passes the length of each row to the layer and classifies from the row's own steps
alone. A *padded* arm is the usual mistake: every sequence is padded with zeros to the longest of all, and the state
is read after the last zero. Both see the same batches, drawn with the same seed. The settings were chosen by
cross-validation on the training utterances; the test utterances are used once, after the last epoch. Such short
sequences need hardly any memory, so three arms also *recall*: they name the first of 10 to 60 symbols, of which all
others are distractors. Speed is the median CPU time of a forward and backward pass over one batch, with the layers
timed in turns, each of them first in its turn, after a warm-up; the training times leave a warm-up out too. CPU time
leaves out what other programs do, but it still depends on the machine.

**What to expect.** If lengths are given, the content of the padding must change nothing, not even the last bit.
Answers should differ if a padded arm meets longer padding than in training. GRU and LSTM should be level (Chung et
al., 2014; Greff et al., 2017). In a prototype a GRU of 64 units reached 97.1 ± 0.6 %, an LSTM 96.3 ± 0.7 % and both
padded arms 95 %; a vanilla network reached 97.0 %, so the vowels cannot rank cells. A GRU has three quarters of the
LSTM's products and should be faster.
"""

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.ex13_varying_lengths.utterances import MORE, exactness, filled, recall, steps_read, utterances_of

if TYPE_CHECKING:
    from torch import nn

    from elman.nn.text import TextClassifier
    from elman.train.epochs import Labelled

EQUAL = "LSTM of equal parameters"
ARMS = {  # the cell, and whether it reads zeros after each sequence
    "GRU": ("GRU", False), "LSTM": ("LSTM", False), EQUAL: ("LSTM", False), "RNN": ("RNN", False),
    "BiGRU": ("GRU", False), "GRU padded": ("GRU", True), "LSTM padded": ("LSTM", True),
}  # fmt: skip
RECALL = ("GRU", "LSTM", "RNN")
TIMING, WARM = "timing", 3  # the arm; rounds before the first that counts
CONTESTANTS = {
    f"{kind} {how}": (kind, how) for how in ("by lengths", "padded", "torch packed") for kind in ("GRU", "LSTM")
}
UTTERANCES, REMEMBERING = {"task": "utterances"}, {"task": "recall"}
VOWELS = "japanese_vowels"
CHUNG = "Chung, Gulcehre, Cho & Bengio (2014), Empirical Evaluation of Gated Recurrent Neural Networks"


@dataclass(frozen=True)
class Plan:
    """The network and its training."""

    data: Literal["auto", "japanese_vowels", "generated"] = "auto"
    hidden_size: PositiveInt = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    epochs: PositiveInt = 80
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 3e-3
    recall_lengths: tuple[PositiveInt, PositiveInt] = (10, 60)
    recall_size: PositiveInt = 4000
    recall_epochs: PositiveInt = 15
    repeats: PositiveInt = 30  # of each timing
    seeds: PositiveInt = 10

    def __post_init__(self) -> None:
        shortest, longest = self.recall_lengths
        if shortest > longest:
            raise ValueError(f"recall_lengths must be the shortest and the longest, got {shortest} and {longest}")


QUICK = Plan(epochs=25, recall_lengths=(10, 30), recall_size=1200, recall_epochs=12, repeats=10, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State what the arms should reach; the first target is for the vowels."""

    def reaches(arms: Arms, arm: str) -> list[float]:
        return arms.reading(VOWELS).on(**UTTERANCES).numbers(arm, "accuracy")

    def exact(arms: Arms) -> float | list[float]:
        changes = [r.numbers["content"] for r in arms.records if "content" in r.numbers]
        return max(changes, default=[])

    def time_taken(arms: Arms) -> list[float]:
        return [gru / lstm for gru, lstm in arms.together((TIMING, "GRU by lengths"), (TIMING, "LSTM by lengths"))]

    return [
        Claim("vowels", "The bidirectional GRU identifies the speaker of at least 97.5 % of the test utterances.",
              "target of this project, set before the first run", "accuracy", at_least=0.975, needs=VOWELS,
              measure=lambda arms: reaches(arms, "BiGRU")),
        Claim("equal", "A GRU and an LSTM of equal parameters differ by at most 1.5 points of accuracy.", CHUNG,
              "accuracy, GRU minus LSTM", at_least=-0.015, at_most=0.015, role="answer",
              otherwise="A GRU and an LSTM of equal parameters differ by more than 1.5 points of accuracy.",
              measure=lambda arms: arms.on(**UTTERANCES).less("GRU", EQUAL, "accuracy")),
        Claim("padding", "A GRU that reads only each row's own steps is more accurate than one that reads padding.",
              "prototype of this project: 97.1 against 95.1 %", "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.on(**UTTERANCES).less("GRU", "GRU padded", "accuracy")),
        Claim("padding LSTM", "An LSTM that reads only each row's own steps is more accurate than one that reads "
              "padding.", "prototype of this project: 96.3 against 94.7 %", "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.on(**UTTERANCES).less("LSTM", "LSTM padded", "accuracy")),
        Claim("exact", "If lengths are given, the content of the padding changes no bit of a logit or gradient.",
              "the contract of elman.nn (lengths)", "largest change", at_least=0.0, at_most=0.0,
              measure=exact),
        Claim("speed", "A GRU takes less time than an LSTM of the same width.",
              "Cho et al. (2014): three products where the LSTM has four", "of the LSTM's time", at_most=1.0,
              role="answer",
              otherwise="A GRU takes more time than an LSTM of the same width.",
              measure=time_taken),
        Claim("memory", f"Over up to {plan.recall_lengths[1]} steps a GRU recalls more symbols than an RNN.",
              CHUNG, "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.on(**REMEMBERING).less("GRU", "RNN", "accuracy")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return every arm on the utterances, three on recall, and the timing, with every seed."""
    from elman import data
    from elman.data.files import find

    read = {} if plan.data == "generated" else data.checksums(VOWELS)
    if plan.data == VOWELS and not read:
        find(data.find_set(VOWELS))  # raises an error that says how to get the data
    every = [(arm, UTTERANCES, read) for arm in ARMS]
    every += [(arm, REMEMBERING, {}) for arm in RECALL]
    every.append((TIMING, {}, read))
    return [Trial(arm, seed, on, inputs) for arm, on, inputs in every for seed in range(plan.seeds)]


def make_model(plan: Plan, arm: str, inputs: int, classes: int) -> "TextClassifier":
    """Return one recurrent layer with a head on its last state; frames replace word vectors."""
    from elman.apps.frames import make_frame_classifier
    from elman.cells import GRUCell, LSTMCell

    size = plan.hidden_size
    if arm == EQUAL:
        wanted = parameters(GRUCell(inputs, size))
        size = min(range(1, size + 1), key=lambda h: abs(parameters(LSTMCell(inputs, h)) - wanted))
    return make_frame_classifier(
        {"cell": f"{ARMS[arm][0]}Cell", "channels": inputs, "hidden_size": size, "classes": classes,
         "bidirectional": arm == "BiGRU", "pooling": "last", "dropout": plan.dropout}
    )  # fmt: skip


def parameters(module: "nn.Module") -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model and test it once, or time the layers."""
    import time

    import torch

    from elman.train.epochs import fit, logits_of

    seed = trial.seed or 0
    if trial.arm == TIMING:
        return _timing(plan, trial)
    remembers = trial.on == REMEMBERING
    if remembers:
        training, test = (
            recall(count, plan.recall_lengths, 2 * seed + k) for k, count in enumerate((plan.recall_size, 1000))
        )
    else:
        training, test = utterances_of(VOWELS in trial.inputs, seed)
    padded = ARMS[trial.arm][1]
    longest = max(*training.lengths, *test.lengths)
    learned = filled(training, longest) if padded else training
    model = make_model(plan, trial.arm, training.inputs[0].shape[1], 1 + int(max(training.targets)))
    epochs = plan.recall_epochs if remembers else plan.epochs
    _warm(plan, model, learned)
    begun = time.process_time()
    history = list(
        fit(
            model, learned, None, epochs, learning_rate=plan.learning_rate, batch_size=plan.batch_size,
            seed=seed, each=lambda update, updates, loss: desk.progress(update, updates, loss=loss),
        )
    )  # fmt: skip
    seconds = time.process_time() - begun
    answers = torch.stack(logits_of(model, filled(test, longest) if padded else test)).argmax(-1)
    numbers = {
        "accuracy": (answers == torch.tensor(test.targets)).float().mean().item(), "seconds": seconds,
        "parameters": float(parameters(model.encoder)), "answers": float(len(test)),
        "real": float(sum(training.lengths)), "read": float(steps_read(learned.lengths, plan.batch_size, seed)),
    }  # fmt: skip
    if padded:
        later = torch.stack(logits_of(model, filled(test, longest + MORE))).argmax(-1)
        numbers["changed"] = (answers != later).float().mean().item()
    elif not remembers:
        numbers |= exactness(model, test)
    return Record(numbers=numbers, series={"loss": [epoch.loss for epoch in history]})


def _warm(plan: Plan, model: "nn.Module", learned: "Labelled") -> None:
    """Train a copy on two batches, so that compiling and lazy loading are not timed as the first arm's."""
    import copy

    import torch

    from elman.train.epochs import Labelled, fit

    rows = 2 * plan.batch_size
    few = Labelled(learned.inputs[:rows], learned.targets[:rows])
    with torch.random.fork_rng(devices=[]):
        list(fit(copy.deepcopy(model), few, None, 1, learning_rate=plan.learning_rate, batch_size=plan.batch_size))


def _timing(plan: Plan, trial: Trial) -> Record:
    """Return the median milliseconds of a forward and backward pass over all training sequences, by layer."""
    import statistics
    import time

    import numpy as np
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence

    import elman.nn

    training, _ = utterances_of(VOWELS in trial.inputs, trial.seed or 0)
    x, lengths, _ = training[np.arange(len(training))]
    layers = {}
    for name, (kind, how) in CONTESTANTS.items():
        layers[name] = getattr(torch.nn if how == "torch packed" else elman.nn, kind)(x.shape[-1], plan.hidden_size)

    def once(name: str) -> float:
        begun = time.process_time()
        layer, how = layers[name], CONTESTANTS[name][1]
        if how == "torch packed":
            _, state = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        else:
            _, state = layer(x, lengths=lengths if how == "by lengths" else None)
        (state[0] if isinstance(state, tuple) else state).sum().backward()
        return 1e3 * (time.process_time() - begun)

    names = list(CONTESTANTS)
    rounds = [names[k % len(names) :] + names[: k % len(names)] for k in range(WARM + plan.repeats)]  # each is first
    taken = [{name: once(name) for name in order} for order in rounds][WARM:]
    return Record(numbers={name: statistics.median(one[name] for one in taken) for name in CONTESTANTS})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report accuracy and cost by arm, the effect of padding, and the times."""
    arms = Arms(records)
    utterances = arms.on(**UTTERANCES)
    source = "Japanese Vowels" if arms.reading(VOWELS).records else "generated"
    every = [(on["task"], arms.on(**on)) for on in (UTTERANCES, REMEMBERING)]
    accuracy = [
        [arm, task, round(there.mean(arm, "parameters")), there.formatted(arm, "accuracy", SHARE),
         round(median(there.numbers(arm, "seconds")), 2), round(there.mean(arm, "read") / there.mean(arm, "real"), 2),
         len(there[arm])]
        for task, there in every for arm in there
    ]  # fmt: skip
    sensitive = [
        [arm, round(utterances.mean(arm, "changed"), 4),
         *(max(utterances.numbers(arm, what), default=None) for what in ("content", "packed", "alone"))]
        for arm in utterances if utterances.numbers(arm, "changed")
    ]  # fmt: skip
    speed = [[name, round(arms.mean(TIMING, name), 2)] for name in CONTESTANTS if TIMING in arms]
    answers = next((record.numbers["answers"] for record in records if "answers" in record.numbers), 0.0)
    curves = []
    for arm in utterances:
        losses = [record.series["loss"] for record in utterances[arm]]
        curves.append(across(arm, range(1, len(losses[0]) + 1), losses, logarithmic=True))
    shown = ("BiGRU", "GRU", "LSTM", "GRU padded")
    known = {arm: utterances.mean(arm, "accuracy") for arm in shown}
    return Findings(
        summary=(
            f"Of {source} utterances of varying length a GRU classifies {percent(known['GRU'])} correctly, an "
            f"LSTM {percent(known['LSTM'])} and a bidirectional GRU {percent(known['BiGRU'])}; a GRU that reads "
            f"the padding as data classifies {percent(known['GRU padded'])} correctly."
        ) if all(arm in utterances for arm in shown) else "Some arms are missing.",
        tables=[
            Table(f"Accuracy and cost, {source}",
                  ["arm", "task", "parameters", "test accuracy", "CPU seconds (median)", "steps read / real",
                  "seeds"],
                  accuracy,
                  "Means over seeds with 95 % intervals. The intervals leave out the sampling error of the test set: "
                  f"about {(0.97 * 0.03 / answers) ** 0.5 if answers else 0:.3f} at 97 % of {answers:.0f} answers. "
                  "Parameters are those of the recurrent layer, with one bias per gate."),
            Table("What padding changes", ["arm", f"share of answers changed by {MORE} more steps of padding",
                  "largest change by NaN in the padding", "packed against lengths", "single against batch"],
                  sensitive, "The share is a mean over seeds. The three changes are the largest over seeds: of "
                  "logits and gradients, of states, and of logits. The padded arms read the padding as data. A "
                  "single sequence is summed in another order than a batch, so rounding differs."),
            Table("One forward and backward pass over all training utterances", ["layer", "CPU ms"], speed,
                  f"{plan.hidden_size} units. The layers are timed in turn: medians of {plan.repeats} runs, means "
                  "over trials. Padded layers read every step of the batch's longest row."),
        ],
        figures=[
            Curves("Learning the utterances", "epoch", "training loss, nats", curves, log_y=True,
                   caption="With dropout on; means are geometric."),
        ],
    )  # fmt: skip
