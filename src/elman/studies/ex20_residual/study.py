"""Deep LSTMs with and without residual connections.

**Question.** Do residual connections between recurrent layers make a deep LSTM train more stably and converge
faster, and do gradient norms show why?

**Method.** Character language models of 1, 4 and 8 layers of equal width read the same text in the same order for
the same number of updates. *Plain* layers read one another's outputs; *residual* ones add their input to their
output; in *highway* ones a gate chooses between the two. Two controls take apart what else differs. The house's
LSTM starts with orthogonal recurrent weights and a forget bias of 1, so the plain stack is not handicapped by its
start; *plain as PyTorch* starts as `torch.nn.LSTM` does. And as residual connections around every layer join the
embedding to the softmax directly, *residual inner* has none around the first layer. Each arm is trained at every
rate of the plan, and is judged at the one where its training loss ends lowest.

The gradient's norm over each layer's parameters is taken on one window of text, unclipped, before the first update
and along the way. How it falls is told in orders of magnitude a layer: log10 of the norm in the first layer over
that in the last, over the number of steps between. A run whose validation loss is not at least 0.05 nats below the
unigram entropy has learned letter frequencies and nothing more: it is *stuck*.

**What to expect.** Plain stacks of LSTM layers work up to about four, barely at six and poorly at eight (Wu et
al., 2016). In a prototype of width 96, started as PyTorch does, four plain layers had 2.34 nats after 500 updates
and four residual ones 1.77; eight plain layers were stuck at 3.34, eight residual ones had 1.70, and one layer
1.94. Plain gradients there fell about fourfold a layer, 0.6 orders of magnitude; residual ones were flat.
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

KINDS = ("plain", "residual", "highway", "residual inner", "plain as PyTorch")
GNMT = "Wu et al. (2016), Google's Neural Machine Translation System, section 3.1"
HE = "He et al. (2016), Deep Residual Learning"
KIM = "Kim, El-Khamy & Lee (2017), Residual LSTM, on distant speech"


@dataclass(frozen=True)
class Plan:
    """The networks and their training."""

    text: str = "auto"  # a data set's name, a file, or the best this machine has
    depths: tuple[PositiveInt, ...] = (1, 4, 8)
    kinds: tuple[str, ...] = KINDS
    cells: tuple[str, ...] = ("LSTMCell",)  # of the layers, by name or file.py:Class; the claims are on the first
    size: PositiveInt = 64  # of the embedding and of every layer
    updates: PositiveInt = 600
    batch_size: PositiveInt = 16
    window: PositiveInt = 48
    rates: tuple[PositiveFloat, ...] = (1e-3, 4e-3, 1.6e-2)
    probes: PositiveInt = 12  # of the gradient, over training
    validation: PositiveInt = 20_000  # characters
    seeds: PositiveInt = 4

    def __post_init__(self) -> None:
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"kinds must name some of {', '.join(KINDS)}, got {', '.join(self.kinds)}")
        if not (self.cells and self.depths and self.rates):
            raise ValueError("cells, depths and rates must each have at least one entry")


QUICK = Plan(updates=240, rates=(4e-3,), validation=5_000, seeds=2)


def arms(plan: Plan) -> dict[str, Arm]:
    """The plan's arms by name. One layer has nothing inside; only the LSTM can start as PyTorch's does."""
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
    """Every arm at every rate with every seed."""
    from elman import data
    from elman.cells.lookup import cell_inputs

    text = data.text(plan.text)
    read = {text.name: text.sha256}
    return [
        Trial(name, seed, {"rate": rate}, read | cell_inputs(arm.cell))
        for name, arm in arms(plan).items() for rate in plan.rates for seed in range(plan.seeds)
    ]  # fmt: skip


def make_layers(arm: Arm, size: int) -> "Recurrent":
    """The recurrent layers of an arm, as wide as their input."""
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
    """Train one stack, probing each layer's gradient, and validate it."""
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
    """What depth costs, what connections give, and what the gradient does at first, where the plan has the arms."""
    deep, middle = ([depth for depth in sorted(set(plan.depths), reverse=True) if depth > 1] + [0, 0])[:2]
    nats, a_layer = "nats a character", "orders of magnitude a layer, towards the input"

    def compared(key: str, statement: str, source: str, one: tuple[str, int], other: tuple[str, int]):
        claim = Claim(key, statement, source, f"{nats} gained", at_least=0.0,
                      measure=lambda tried: results_of(plan, tried).lost(one, other))  # fmt: skip
        return {one, other}, claim

    def measured(claim: Claim, kind: str, depth: int, value: Callable[[Record], float]):
        found = replace(claim, measure=lambda tried: [value(r) for r in results_of(plan, tried).of(kind, depth)])
        return {(kind, depth)}, found

    every = [
        measured(Claim("works", f"{middle} plain layers learn: no run is stuck.", GNMT, "share stuck", at_most=0.0),
                 "plain", middle, stuck),
        compared("poor", f"{middle} plain layers end lower than {deep}.", GNMT, ("plain", deep), ("plain", middle)),
        *(compared(f"gain-{d}", f"Residual connections lower the validation loss of {d} layers.", source,
                   ("plain", d), ("residual", d)) for d, source in ((middle, "exercise 15.20"), (deep, GNMT))),
        compared("deeper", f"{deep} residual layers end lower than {middle}.", HE,
                 ("residual", middle), ("residual", deep)),
        compared("gates", f"Residual connections end lower than highway ones at {deep} layers.",
                 f"{KIM}; the highway there joins memories", ("highway", deep), ("residual", deep)),
        compared("path", f"Without one around the first layer they still lower the loss of {deep} layers.",
                 "control: the embedding's path to the softmax", ("plain", deep), ("residual inner", deep)),
        compared("start", f"A forget bias of 1 and orthogonal recurrent weights help {middle} plain layers.",
                 "Jozefowicz et al. (2015); Saxe, McClelland & Ganguli (2014)",
                 ("plain as PyTorch", middle), ("plain", middle)),
        measured(Claim("falls-torch", f"In {deep} plain layers as PyTorch starts them the gradient at least halves a "
                       "layer.", f"{GNMT}; a prototype saw it fall fourfold", a_layer, at_most=-0.3),
                 "plain as PyTorch", deep, slope),
        measured(Claim("falls", f"With the house's start too it at least halves a layer in {deep} plain ones.",
                       f"{GNMT}: vanishing gradients as the likely reason", a_layer, at_most=-0.3),
                 "plain", deep, slope),
        measured(Claim("flat", f"With residual connections it stays within 0.1 a layer across {deep} layers.", GNMT,
                       a_layer, at_least=-0.1, at_most=0.1), "residual", deep, slope),
    ]  # fmt: skip
    first = {(arm.kind, arm.depth) for arm in arms(plan).values() if arm.cell == plan.cells[0]}
    stated = {claim.key: claim for needed, claim in every if needed <= first}
    return list(stated.values())


def results_of(plan: Plan, tried: Arms) -> Results:
    """The records by arm and rate."""
    return Results(arms(plan), plan.cells[0], plan.rates, tried)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Losses, curves and gradients by arm, each at its best rate."""
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
            f"{sum(map(math.isfinite, learned))} of {len(learned)} get there",
            round(mean_of(there, slope), 2) if results.arms[name].depth > 1 else None,
        ])  # fmt: skip
    tables = [
        Table("Each arm at its best rate",
              ["arm", "rate", "nats a character", "95 % interval", "stuck", "updates to half a nat below letters",
               "gradient by layer, log10"], rows,
              f"Validation. Letter frequencies alone have {unigram:.3f} nats; stuck is above {unigram - STUCK:.3f}. "
              "The last column is the change a layer towards the input, before the first update."),
    ]  # fmt: skip
    if len(plan.rates) > 1:
        tables.append(rate_table(results, plan.rates))
    return Findings(
        summary=_summary(plan, results),
        passages=[Passage("What the gradients at the start foretell", reading(results))],
        tables=tables,
        figures=[
            *(learning_curves(results, depth, plan.updates) for depth in plan.depths),
            *(gradients_at_start(results, depth) for depth in plan.depths if depth > 1),
            *gradient_maps(results, max(plan.depths)),
        ],
    )


def _summary(plan: Plan, results: Results) -> str:
    from elman.cells.lookup import cell_label

    told = []
    for cell in plan.cells:
        for depth in plan.depths:
            pair = [results.of(kind, depth, cell) for kind in ("plain", "residual")]
            if all(pair):
                plain, residual = (f"{mean_of(there, validation_loss):.2f}" for there in pair)
                told.append(
                    f"{depth} layer{'s' * (depth > 1)} of {cell_label(cell)} {plain} plain, {residual} residual"
                )
    losses = "; ".join(told) or "no depth has both"
    return f"Validation loss in nats a character after {plan.updates} updates: {losses}."
