"""Deep LSTMs with and without residual connections.

**Question.** Do residual connections between recurrent layers make a deep LSTM train more stably and converge
faster, and do gradient norms show why?

**Method.** Character language models of 1, 4 and 8 layers of equal width read the same text in the same order for
the same number of updates. A *plain* layer reads the output of the layer below; a *residual* layer adds its input to
its output; in a *highway* layer a gate mixes the two. Two controls isolate other differences. Elman's LSTM starts
with orthogonal recurrent weights and a forget bias of 1, which helps the plain stack; *plain as PyTorch* starts like
`torch.nn.LSTM`. Residual connections around every layer connect the embedding directly to the softmax; *residual
inner* has no connection around the first layer. Each arm is trained at every learning rate of the plan and evaluated
at the rate with the lowest final training loss.

The norm of the gradient over each layer's parameters is measured on one window of text, unclipped, before the first
update and during training. Its decay is reported in orders of magnitude per layer: log10 of the ratio of the first
layer's norm to the last layer's, divided by the number of steps between them. A run is *stuck* if its validation loss
is not at least 0.05 nats below the unigram entropy: it has learned letter frequencies only.

**What to expect.** Plain stacks of LSTM layers work well up to about four layers, barely with six and poorly with
eight (Wu et al., 2016). In a prototype of width 96 with PyTorch's initialization, four plain layers reached 2.34 nats
after 500 updates and four residual layers 1.77; eight plain layers were stuck at 3.34, eight residual layers reached
1.70, and one layer 1.94. The plain gradient fell about fourfold per layer, 0.6 orders of magnitude; the residual
gradient was flat.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Passage, Table
from elman.lab.over_seeds import stretches
from elman.lab.study import Record, Trial
from elman.lab.verdicts import interval
from elman.lab.workspace import Desk
from elman.studies.ex20_residual.results import (
    STUCK,
    Arm,
    Results,
    gradient_maps,
    gradients_at_start,
    learned_at,
    learning_curves,
    mean_of,
    rate_table,
    reading,
    slope,
    stuck,
    validation_loss,
)

if TYPE_CHECKING:
    from elman.nn import Recurrent

ASKED = 4  # layers of the exercise
KINDS = ("plain", "residual", "highway", "residual inner", "plain as PyTorch")
GNMT = "Wu et al. (2016), Google's Neural Machine Translation System, section 3.1"
HE = "He et al. (2016), Deep Residual Learning"
KIM = "Kim, El-Khamy & Lee (2017), Residual LSTM, on distant speech"


@dataclass(frozen=True)
class Plan:
    """The networks and their training."""

    text: str = "auto"  # a data set's name, a file, or auto: the best one on this machine
    depths: tuple[PositiveInt, ...] = (1, 4, 8)
    kinds: tuple[str, ...] = KINDS
    cells: tuple[str, ...] = ("LSTMCell",)  # of the layers, by name or file.py:Class; the claims concern the first
    size: PositiveInt = 64  # of the embedding and of every layer
    updates: PositiveInt = 600
    batch_size: PositiveInt = 16
    window: PositiveInt = 48
    rates: tuple[PositiveFloat, ...] = (1e-3, 4e-3, 1.6e-2)  # learning rates
    probes: PositiveInt = 12  # measurements of the gradient during training
    validation: PositiveInt = 20_000  # characters
    seeds: PositiveInt = 4

    def __post_init__(self) -> None:
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"kinds must name some of {', '.join(KINDS)}, got {', '.join(self.kinds)}")
        if not (self.cells and self.depths and self.rates):
            raise ValueError("cells, depths and rates must each have at least one entry")


QUICK = Plan(
    depths=(4,), kinds=("plain", "residual", "plain as PyTorch"), updates=120, window=32, rates=(4e-3,),
    validation=5_000, seeds=4,
)  # fmt: skip


def arms(plan: Plan) -> dict[str, Arm]:
    """Return the plan's arms by name. One layer has no inner connection; only an LSTM can start like PyTorch's."""
    found = {}
    for depth in plan.depths:
        for cell in plan.cells:
            for kind in plan.kinds:
                if (kind == "residual inner" and depth == 1) or (kind == "plain as PyTorch" and cell != "LSTMCell"):
                    continue
                arm = Arm(cell, kind, depth)
                found[arm.name] = arm
    return found


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per arm, learning rate and seed."""
    from elman import data
    from elman.cells.lookup import cell_inputs

    text = data.text(plan.text)
    read = {text.name: text.sha256}
    return [
        Trial(name, seed, {"rate": rate}, read | cell_inputs(arm.cell))
        for name, arm in arms(plan).items() for rate in plan.rates for seed in range(plan.seeds)
    ]  # fmt: skip


def make_layers(arm: Arm, size: int) -> "Recurrent":
    """Build the recurrent layers of an arm, as wide as their input."""
    import torch
    from torch import Tensor, nn

    from elman.cells.lookup import cell_named
    from elman.nn import Highway, Recurrent, Residual

    class Bare(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return y

    connection = {"residual": Residual, "residual inner": Residual, "highway": Highway}.get(arm.kind)
    layers = Recurrent(cell_named(arm.cell), size, size, arm.depth, connection=connection)
    if arm.kind == "residual inner":
        layers.connections[0] = Bare()
    if arm.kind == "plain as PyTorch":
        bound = 1 / math.sqrt(size)
        with torch.no_grad():
            for parameter in layers.parameters():
                parameter.uniform_(-bound, bound)
            for cell in layers.cells:  # PyTorch's two biases add up
                bias = cell.get_parameter("bias")
                bias += torch.empty_like(bias).uniform_(-bound, bound)
    return layers


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one stack, measure each layer's gradient, and validate the stack."""
    import torch
    from torch.nn.functional import cross_entropy

    from elman import data
    from elman.baselines.ngram import NGram
    from elman.data.vocabulary import Vocabulary
    from elman.nn.language_model import LanguageModel
    from elman.train.evaluate import evaluate
    from elman.train.loop import losses, train
    from elman.train.schedules import cosine
    from elman.train.streams import Streams
    from elman.train.truncated import Truncated

    training, validation = data.split(data.text(plan.text).text)
    validation = validation[: plan.validation]
    vocabulary = Vocabulary.from_text(training)
    streams = Streams(torch.from_numpy(vocabulary.encode(training)), plan.batch_size, plan.window)
    layers = make_layers(arms(plan)[trial.arm], plan.size)
    model = LanguageModel(len(vocabulary), plan.size, recurrent=layers)
    probed, norms = [], []

    def probe(update: int) -> None:
        model.zero_grad()
        inputs, targets = streams.window(0)
        cross_entropy(model(inputs)[0].flatten(0, 1), targets.flatten()).backward()
        probed.append(float(update))
        norms.append([
            torch.cat([p.grad.flatten() for p in cell.parameters() if p.grad is not None]).norm().item()
            for cell in layers.cells
        ])  # fmt: skip

    def each(update: int, loss: float) -> None:
        if update % max(1, plan.updates // plan.probes) == 0:
            probe(update)
        desk.progress(update, plan.updates, loss=loss)

    probe(0)
    updates = train(
        model, Truncated(model, streams), plan.updates, learning_rate=float(trial.on["rate"]),
        schedule=cosine(warmup=20), shared=True,
    )  # fmt: skip
    found = losses(updates, each)
    last = found[-max(1, len(found) // 10) :]
    held_out = torch.from_numpy(vocabulary.encode(validation, unknown="skip"))
    return Record(
        numbers={"validation": evaluate(model, held_out), "training": sum(last) / len(last),
                 "unigram": NGram.fit(training, 1).nats_per_character(validation)},
        series={"loss": stretches(found), "probed": probed,
                **{f"layer {k}": list(column) for k, column in enumerate(zip(*norms, strict=True), 1)}},
    )  # fmt: skip


def claims(plan: Plan) -> list[Claim]:
    """Return the claims on depth, connections and initial gradients whose arms are in the plan."""
    deep, middle = ([depth for depth in sorted(set(plan.depths), reverse=True) if depth > 1] + [0, 0])[:2]
    asked = ASKED if ASKED in plan.depths else deep
    nats, a_layer = "nats per character", "orders of magnitude per layer, towards the input"

    def compared(
        key: str, statement: str, source: str, one: tuple[str, int], other: tuple[str, int], otherwise: str = ""
    ):  # fmt: skip
        claim = Claim(key, statement, source, f"{nats} gained", at_least=0.0, otherwise=otherwise,
                      role="answer" if key == f"gain-{asked}" else "",
                      measure=lambda tried: results_of(plan, tried).lost(one, other))  # fmt: skip
        return {one, other}, claim

    def measured(claim: Claim, kind: str, depth: int, value: Callable[[Record], float]):
        found = replace(claim, measure=lambda tried: [value(r) for r in results_of(plan, tried).of(kind, depth)])
        return {(kind, depth)}, found

    every = [
        measured(Claim("works", f"{middle} plain layers learn: no run is stuck.", GNMT, "share stuck", at_most=0.0),
                 "plain", middle, stuck),
        compared("poor", f"{middle} plain layers reach a lower loss than {deep}.", GNMT,
                 ("plain", deep), ("plain", middle)),
        *(compared(f"gain-{d}", f"Residual connections lower the validation loss of {d} layers.", source,
                   ("plain", d), ("residual", d), f"Residual connections raise the validation loss of {d} layers.")
          for d, source in ((middle, "exercise 15.20"), (deep, GNMT))),
        compared("deeper", f"{deep} residual layers reach a lower loss than {middle}.", HE,
                 ("residual", middle), ("residual", deep)),
        compared("gates", f"At {deep} layers, residual connections reach a lower loss than highway ones.",
                 f"{KIM}; their highways connect memory cells", ("highway", deep), ("residual", deep)),
        compared("path", "Residual connections around all but the first layer still lower the loss of "
                 f"{deep} layers.",
                 "control: the embedding's path to the softmax", ("plain", deep), ("residual inner", deep)),
        compared("start", f"A forget bias of 1 and orthogonal recurrent weights help {middle} plain layers.",
                 "Jozefowicz et al. (2015); Saxe, McClelland & Ganguli (2014)",
                 ("plain as PyTorch", middle), ("plain", middle)),
        measured(Claim("falls-torch", f"With PyTorch's initialization, the gradient of {deep} plain layers at least "
                       "halves per layer.", f"{GNMT}; a prototype saw it fall fourfold", a_layer, at_most=-0.3),
                 "plain as PyTorch", deep, slope),
        measured(Claim("falls", "With Elman's initialization, the gradient of "
                       f"{deep} plain layers at least halves per layer.",
                       f"{GNMT}: vanishing gradients as the likely reason", a_layer, at_most=-0.3),
                 "plain", deep, slope),
        measured(Claim("flat", f"With residual connections, the gradient of {deep} layers changes by at most 0.1 "
                       "per layer.", GNMT, a_layer,
                       at_least=-0.1, at_most=0.1), "residual", deep, slope),
    ]  # fmt: skip
    first = {(arm.kind, arm.depth) for arm in arms(plan).values() if arm.cell == plan.cells[0]}
    stated = {claim.key: claim for needed, claim in every if needed <= first}
    return list(stated.values())


def results_of(plan: Plan, tried: Arms) -> Results:
    """Return the records by arm and learning rate."""
    return Results(arms(plan), plan.cells[0], plan.rates, tried)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return losses, curves and gradients of each arm at its best learning rate."""
    results = results_of(plan, Arms(records))
    unigram = mean_of(records, lambda record: record.numbers["unigram"])
    rows = []
    for name, there in results.best.items():
        mean, low, high = interval([validation_loss(record) for record in there])
        learned = [learned_at(record, plan.updates) for record in there]
        rows.append([
            name, results.rate[name], round(mean, 3), f"{low:.3f} to {high:.3f}" if len(there) > 1 else "",
            f"{sum(map(stuck, there)):.0f} of {len(there)}",
            round(sum(learned) / len(learned)) if math.isfinite(sum(learned)) else
            f"{sum(map(math.isfinite, learned))} of {len(learned)} reach it",
            round(mean_of(there, slope), 2) if results.arms[name].depth > 1 else None,
        ])  # fmt: skip
    tables = [
        Table("Each arm at its best rate",
              ["arm", "rate", "nats per character", "95 % interval", "stuck", "updates to half a nat below unigram",
               "gradient by layer, log10"], rows,
              f"Validation loss. Letter frequencies alone reach {unigram:.3f} nats; a run above "
              f"{unigram - STUCK:.3f} is stuck. The last column is the change per layer towards the input, "
              "before the first update."),
    ]  # fmt: skip
    if len(plan.rates) > 1:
        tables.append(rate_table(results, plan.rates))
    return Findings(
        summary=_summary(plan, results),
        passages=[Passage("What the gradients at the start predict", reading(results))],
        tables=tables,
        figures=[
            *(learning_curves(results, depth, plan.updates) for depth in plan.depths),
            *(gradients_at_start(results, depth) for depth in plan.depths if depth > 1),
            *gradient_maps(results, ASKED if ASKED in plan.depths else max(plan.depths)),
        ],
    )


def _summary(plan: Plan, results: Results) -> str:
    from elman.cells.lookup import cell_label

    pairs = []
    for cell in plan.cells:
        for depth in plan.depths:
            pair = [results.of(kind, depth, cell) for kind in ("plain", "residual")]
            if all(pair):
                plain, residual = (f"{mean_of(there, validation_loss):.2f}" for there in pair)
                pairs.append(
                    f"{depth} layer{'s' * (depth > 1)} of {cell_label(cell)} {plain} plain, {residual} residual"
                )
    losses = "; ".join(pairs) or "no depth has both plain and residual runs"
    return f"Validation loss in nats per character after {plan.updates} updates: {losses}."
