"""GRU and LSTM on sequences of varying length.

**Question.** How does one classify sequences of unequal length in batches, what does the padding cost if it is
read as if it were data, and is a GRU faster than an LSTM, or better?

**Method.** Japanese Vowels where it is on this machine (270 training and 370 test utterances of 7 to 29 frames,
nine speakers), else generated utterances of the same sizes. One recurrent layer, dropout, a linear
head. An arm *by lengths* hands the layer the length of each row; the answer is read from its own steps
alone. A *padded* arm is the usual mistake: every sequence is filled up with zeros to the longest of all, and the
state is read after the last zero. Both see the same batches, drawn by the same seed. The settings were chosen by
cross-validation on the training utterances; the test utterances are read once, after the last pass. As such short
sequences need hardly any memory, the arms also *recall*: name the first of 10 to 60 symbols, of which all others
are distractors. Speed is processor time of forward and backward passes over one batch, the contestants taking
turns, each one's median; so it is free of what else the machine does, but still a figure of this machine.

**What to expect.** What stands in the padding must change nothing at all, not even the last bit, where lengths are
given; and answers should differ when a padded arm meets a longer padding than it learned with. GRU and LSTM should
be level (Chung et al., 2014; Greff et al., 2017); a prototype had 97.1 ± 0.6 % for a GRU of 64 units, 96.3 ± 0.7 %
for an LSTM, and 95 % for both padded; a plain network had 97.0 %, so the vowels cannot rank cells.
A GRU has three quarters of the LSTM's products and should be faster.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across
from elman.lab.study import Record, Trial
from elman.lab.verdicts import judge
from elman.lab.workspace import Desk
from elman.studies.ex13_varying_lengths.utterances import MORE, exactness, filled, recall, steps_read, utterances_of

if TYPE_CHECKING:
    from torch import nn

    from elman.nn.text import TextClassifier

ARMS = ("GRU", "LSTM", "LSTM of equal parameters", "RNN", "BiGRU", "GRU padded", "LSTM padded")
RECALL = ("GRU", "LSTM", "RNN")
CONTESTANTS = tuple(f"{kind} {how}" for how in ("by lengths", "padded", "torch packed") for kind in ("GRU", "LSTM"))
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
    """What the arms should reach; the target for the vowels only where they are."""
    stated = [
        Claim("equal", "GRU and LSTM of equal parameters are level: within 1.5 points of each other.", CHUNG,
              "accuracy, GRU less LSTM", at_least=-0.015, at_most=0.015),
        Claim("padding", "A GRU that reads each row's own steps alone is better than one that reads on.",
              "prototype of this project: 97.1 against 95.1 %", "accuracy gained", at_least=0.0),
        Claim("exact", "By lengths, what stands in the padding changes no bit of an answer or of a gradient.",
              "the contract of elman.nn (lengths)", "largest change", at_least=0.0, at_most=0.0),
        Claim("speed", "A GRU takes less time than an LSTM of the same width.",
              "Cho et al. (2014): three products where the LSTM has four", "GRU's time / LSTM's", at_most=1.0),
        Claim("memory", f"Over up to {plan.recall_lengths[1]} steps a GRU recalls more than a plain network.", CHUNG,
              "accuracy gained", at_least=0.0),
    ]  # fmt: skip
    if _source(plan)["data"] == "japanese_vowels":
        stated.insert(0, Claim("vowels", "The bidirectional GRU names the speaker of at least 97.5 % of the vowels.",
                               "target of this project, set before the first run", "accuracy",
                               at_least=0.975))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Every arm on the utterances, three on recall, and the timing, with every seed."""
    source = _source(plan)
    every = [(f"{arm} | utterances", source) for arm in ARMS]
    every += [(f"{arm} | recall", {}) for arm in RECALL]
    return [Trial(name, seed, inputs) for name, inputs in [*every, ("timing", source)] for seed in range(plan.seeds)]


def _source(plan: Plan) -> dict[str, str]:
    """Name the utterances, and say by which checksum they are known."""
    from elman import data
    from elman.data.files import find

    vowels = data.find_set("japanese_vowels")
    here = data.where(vowels) != "not here"
    if plan.data == "generated" or (plan.data == "auto" and not here):
        return {"data": "generated"}
    if not here:
        find(vowels)  # which says how to get them
    return {"data": "japanese_vowels", "sha256": " ".join(file.sha256 for file in vowels)}


def make_model(plan: Plan, arm: str, inputs: int, classes: int) -> "TextClassifier":
    """One layer and a head that reads its last state; frames stand where a text's vectors do."""
    from torch import nn

    from elman.cells import GRUCell, LSTMCell, RNNCell
    from elman.nn import Recurrent
    from elman.nn.text import TextClassifier

    kind = arm.partition(" ")[0]
    cell = {"LSTM": LSTMCell, "RNN": RNNCell}.get(kind, GRUCell)
    size = plan.hidden_size
    if arm == "LSTM of equal parameters":
        wanted = parameters(GRUCell(inputs, size))
        size = min(range(1, size + 1), key=lambda h: abs(parameters(LSTMCell(inputs, h)) - wanted))
    layer = Recurrent(cell, inputs, size, bidirectional=kind == "BiGRU")
    return TextClassifier(nn.Identity(), layer, classes, "last", plan.dropout)


def parameters(module: "nn.Module") -> int:
    """Numbers that are learned."""
    return sum(parameter.numel() for parameter in module.parameters())


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model and test it once; or take the times."""
    import time

    import torch

    from elman.train.epochs import fit, logits_of

    if trial.variant == "timing":
        return _timing(plan, trial)
    arm, _, task = trial.variant.partition(" | ")
    if task == "recall":
        training, test = (
            recall(count, plan.recall_lengths, 2 * trial.seed + k) for k, count in enumerate((plan.recall_size, 1000))
        )
    else:
        training, test = utterances_of(trial.inputs["data"], trial.seed)
    padded = arm.endswith("padded")
    longest = max(*training.lengths, *test.lengths)
    learned = filled(training, longest) if padded else training
    model = make_model(plan, arm, training.inputs[0].shape[1], 1 + int(max(training.targets)))
    epochs = plan.recall_epochs if task == "recall" else plan.epochs
    model(learned.inputs[0][:, None], learned.lengths[:1]).sum().backward()  # what is loaded first is not timed
    begun = time.process_time()
    made = list(
        fit(
            model, learned, None, epochs, learning_rate=plan.learning_rate, batch_size=plan.batch_size,
            seed=trial.seed, each=lambda update, updates, loss: desk.progress(update, updates, loss=loss),
        )
    )  # fmt: skip
    seconds = time.process_time() - begun
    answers = torch.stack(logits_of(model, filled(test, longest) if padded else test)).argmax(-1)
    numbers = {
        "accuracy": (answers == torch.tensor(test.targets)).float().mean().item(), "seconds": seconds,
        "parameters": float(parameters(model.encoder)), "answers": float(len(test)),
        "real": float(sum(training.lengths)), "read": float(steps_read(learned.lengths, plan.batch_size, trial.seed)),
    }  # fmt: skip
    if padded:
        later = torch.stack(logits_of(model, filled(test, longest + MORE))).argmax(-1)
        numbers["changed"] = (answers != later).float().mean().item()
    elif task == "utterances":
        numbers |= exactness(model, test)
    return Record(numbers=numbers, series={"loss": [epoch.loss for epoch in made]})


def _timing(plan: Plan, trial: Trial) -> Record:
    """Median milliseconds of a forward and backward pass over all training sequences, contestants in turn."""
    import statistics
    import time

    import numpy as np
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence

    import elman.nn

    training, _ = utterances_of(trial.inputs["data"], trial.seed)
    x, lengths, _ = training[np.arange(len(training))]
    layers = {}
    for name in CONTESTANTS:
        kind, _, how = name.partition(" ")
        layers[name] = getattr(torch.nn if how == "torch packed" else elman.nn, kind)(x.shape[-1], plan.hidden_size)

    def once(name: str) -> float:
        begun = time.process_time()
        layer = layers[name]
        if name.endswith("packed"):
            _, state = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        else:
            _, state = layer(x, lengths=lengths if name.endswith("lengths") else None)
        (state[0] if isinstance(state, tuple) else state).sum().backward()
        return 1e3 * (time.process_time() - begun)

    taken = [{name: once(name) for name in CONTESTANTS} for _ in range(plan.repeats + 1)][1:]  # the first warms up
    return Record(numbers={name: statistics.median(one[name] for one in taken) for name in CONTESTANTS})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Accuracy and cost by arm, what padding changes, and the times."""
    arms = Arms(records)

    here = [name for name in arms if name != "timing"]
    source = _source(plan)["data"].replace("_", " ")
    lengths_arms = [name for name in here if arms.numbers(name, "content")]
    measured: dict[str, Any] = {
        "vowels": arms.numbers("BiGRU | utterances", "accuracy"),
        "equal": arms.less("GRU | utterances", "LSTM of equal parameters | utterances", "accuracy"),
        "padding": arms.less("GRU | utterances", "GRU padded | utterances", "accuracy"),
        "exact": max((max(arms.numbers(name, "content")) for name in lengths_arms), default=[]),
        "speed": [
            gru / lstm for gru, lstm in arms.together(("timing", "GRU by lengths"), ("timing", "LSTM by lengths"))
        ],
        "memory": arms.less("GRU | recall", "RNN | recall", "accuracy"),
    }
    accuracy = [
        [*name.split(" | "), round(arms.mean(name, "parameters")), arms.told(name, "accuracy", SHARE),
         round(arms.mean(name, "seconds"), 2), round(arms.mean(name, "read") / arms.mean(name, "real"), 2),
         len(arms[name])]
        for name in here
    ]  # fmt: skip
    sensitive = [
        [name.partition(" | ")[0], round(arms.mean(name, "changed"), 4),
         *(max(arms.numbers(name, what), default=None) for what in ("content", "packed", "alone"))]
        for name in here if arms.numbers(name, "changed")
    ]  # fmt: skip
    speed = [[name, round(arms.mean("timing", name), 2)] for name in CONTESTANTS if "timing" in arms]
    answers = next((value for name in here for value in arms.numbers(name, "answers")), 0.0)
    curves = []
    for name in here:
        task = name.partition(" | ")[2]
        losses = [record.series["loss"] for record in arms[name]]
        if task == "utterances":
            curves.append(across(name.partition(" | ")[0], range(1, len(losses[0]) + 1), losses, logarithmic=True))
    shown = ("BiGRU", "GRU", "LSTM", "GRU padded")
    known = {short: arms.mean(f"{short} | utterances", "accuracy") for short in shown}
    return Findings(
        summary=(
            f"Of {source} utterances of varying length a GRU names {percent(known['GRU'])} rightly, an LSTM "
            f"{percent(known['LSTM'])} and a bidirectional GRU {percent(known['BiGRU'])}; a GRU that "
            f"reads the padding too, as if it were data, {percent(known['GRU padded'])}."
        ) if all(f"{short} | utterances" in arms for short in shown) else "Some arms are missing.",
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=[
            Table(f"Accuracy and cost, {source}",
                  ["arm", "task", "parameters", "test accuracy", "processor s", "steps read / real", "seeds"],
                  accuracy,
                  f"Means over seeds and 95 % intervals; beside them stands the test set's own sampling error, about "
                  f"{(0.97 * 0.03 / answers) ** 0.5 if answers else 0:.3f} at 97 % of {answers:.0f} answers. "
                  "Parameters are the layer's, with one bias a gate."),
            Table("What padding changes", ["arm", f"share of answers changed by {MORE} more steps of padding",
                  "largest change by NaN in the padding", "packed against lengths", "alone against the batch"],
                  sensitive, "Largest over seeds: changes of logits and gradients; of states; of logits. The "
                  "padded arms take the padding for data; alone sums in another order, so that rounding differs."),
            Table("One forward and backward pass over all training utterances", ["layer", "processor ms"], speed,
                  f"{plan.hidden_size} units, contestants in turn, medians of {plan.repeats}, mean over trials. "
                  "Padded layers read every step of the batch's longest row."),
        ],
        figures=[
            Curves("Learning the utterances", "pass", "training loss, nats", curves, log_y=True,
                   caption="Geometric means over seeds with 95 % intervals, dropout on."),
        ],
    )  # fmt: skip
