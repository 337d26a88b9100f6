"""Deep LSTMs with and without residual connections.

**Question.** Do residual connections between recurrent layers make a deep LSTM train more stably and converge
faster, and do gradient norms show why?

**Method.** Character language models of 1, 4 and 8 LSTM layers of equal width read the same text in the same
order for the same number of updates. *Plain* layers read one another's outputs; *residual* ones add their input
to their output; in *highway* ones a gate chooses between the two. The house's LSTM starts with orthogonal
recurrent weights and a forget bias of 1, so that the plain stack is not handicapped by its start; a control,
*plain as PyTorch*, starts as `torch.nn.LSTM` does. The gradient's norm over each layer's parameters is taken
before the first update and along the way (there after clipping, which scales all layers alike). The measure of
how evenly it arrives is log10 of its norm in the first layer over that in the last. A run that ends within 0.05
nats of the text's unigram entropy has learned letter frequencies and nothing more: it is *stuck*.

**What to expect.** Plain stacks of LSTM layers work up to about four, barely at six and poorly at eight (Wu et
al., 2016). In a prototype four plain layers had 2.34 nats after 500 updates, four residual ones 1.77; eight
plain layers were stuck at 3.34, eight residual ones had 1.70. The residual path also joins the embedding to the
softmax directly, so it eases the start beyond what it does for depth.
"""

from collections.abc import Sequence

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.desk import Desk, TrialFailed
from elman.lab.findings import Claim, Curves, Findings, Heatmap, Series, Table
from elman.lab.judge import interval, judge
from elman.lab.study import Record, Trial

KINDS = ("plain", "residual", "highway", "plain as PyTorch")
GNMT = "Wu et al. (2016), Google's Neural Machine Translation System, section 3.1"
STUCK = 0.05  # nats


@dataclass(frozen=True)
class Plan:
    """The networks and their training."""

    text: str = "auto"  # a data set's name, a file, or the best this machine has
    depths: tuple[PositiveInt, ...] = (1, 4, 8)
    kinds: tuple[str, ...] = KINDS
    size: PositiveInt = 96  # of the embedding and of every layer
    updates: PositiveInt = 1000
    batch_size: PositiveInt = 32
    window: PositiveInt = 64
    learning_rate: PositiveFloat = 4e-3
    validation: PositiveInt = 50_000  # characters
    cells: tuple[str, ...] = ()  # further cells, plain and residual, by name or file.py:Class
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"kinds must name some of {', '.join(KINDS)}")


QUICK = Plan(depths=(4, 8), kinds=("plain", "residual"), size=64, updates=200, validation=20_000, seeds=2)


def claims(plan: Plan) -> list[Claim]:
    """What depth costs without connections, and what they give."""
    stated = []
    for depth in plan.depths:
        if depth > 1 and {"plain", "residual"} <= set(plan.kinds):
            stated += [
                Claim(f"gain|{depth}", f"Residual connections lower the validation loss of {depth} layers.", GNMT,
                      "nats gained", at_least=0.0),
                Claim(f"even|{depth}", f"At the start the first of {depth} plain layers gets less gradient than with "
                      "residual connections, relative to the last.", "He et al. (2016), Deep Residual Learning",
                      "log10 of first over last, residual less plain", at_least=0.0),
            ]  # fmt: skip
    if {4, 8} <= set(plan.depths) and "plain" in plan.kinds:
        stated.append(Claim("depth", "Eight plain layers are worse than four.", GNMT, "nats lost", at_least=0.0))
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Every kind at every depth with every seed; one layer has nothing to connect."""
    from elman import data
    from elman.cells.named import cell_inputs, cell_label

    text = data.text(plan.text)
    read = {"text": text.name, "sha256": text.sha256}
    arms = [
        (f"{kind}, {depth}", read) for depth in plan.depths for kind in plan.kinds if depth > 1 or "plain" in kind
    ]
    for name in plan.cells:
        cell = cell_inputs(name)
        inputs = read | {"cell": name, "cell_sha256": cell.get("sha256", "")}
        arms += [
            (f"{cell_label(name)} {kind}, {depth}", inputs)
            for depth in plan.depths for kind in ("plain", "residual") if depth > 1 or kind == "plain"
        ]  # fmt: skip
    return [Trial(arm, seed, inputs) for arm, inputs in arms for seed in range(plan.seeds)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one stack, noting each layer's gradient."""
    import torch
    from torch import nn

    from elman import data
    from elman.cells import LSTMCell
    from elman.cells.named import cell_named
    from elman.data.ngram import NGram
    from elman.data.vocabulary import Vocabulary
    from elman.nn import Highway, Recurrent, Residual
    from elman.nn.language_model import LanguageModel
    from elman.train.language import evaluate, fit
    from elman.train.step import LossNotFinite
    from elman.train.streams import Streams

    training, validation = data.split(data.text(plan.text).text)
    validation = validation[: plan.validation]
    vocabulary = Vocabulary.from_text(training)
    tokens = torch.from_numpy(vocabulary.encode(training))
    held_out = torch.from_numpy(vocabulary.encode(validation, unknown="skip"))
    arm, _, depth = trial.variant.partition(", ")
    connection = Residual if arm.endswith("residual") else Highway if arm == "highway" else None
    kind = cell_named(trial.inputs["cell"]) if "cell" in trial.inputs else LSTMCell
    layers = Recurrent(kind, plan.size, plan.size, int(depth), connection=connection)
    if arm == "plain as PyTorch":
        for parameter in layers.parameters():
            nn.init.uniform_(parameter, -(plan.size**-0.5), plan.size**-0.5)
    model = LanguageModel(len(vocabulary), plan.size, recurrent=layers)

    def norms() -> list[float]:
        return [
            torch.cat([p.grad.flatten() for p in cell.parameters() if p.grad is not None]).norm().item()
            for cell in layers.cells
        ]

    streams = Streams(tokens, plan.batch_size, plan.window)
    inputs, targets = streams.window(0)
    nn.functional.cross_entropy(model(inputs)[0].flatten(0, 1), targets.flatten()).backward()
    start, along = norms(), []
    every = max(1, plan.updates // 20)

    def each(update: int, loss: float) -> None:
        if update % every == 0:
            along.append(norms())
        desk.progress(update, plan.updates, loss=loss)

    try:
        losses = fit(model, streams, plan.updates, learning_rate=plan.learning_rate, warmup=20, each=each)
    except LossNotFinite as error:
        raise TrialFailed(str(error)) from None
    points = [losses[k : k + every] for k in range(0, len(losses), every)]
    return Record(
        numbers={"validation": evaluate(model, held_out),
                 "unigram": NGram.fit(training, 1).nats_per_character(validation)},
        series={"loss": [sum(part) / len(part) for part in points], "start": start,
                **{f"layer {k}": list(column) for k, column in enumerate(zip(*along, strict=True))}},
    )  # fmt: skip


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Losses by depth and kind, curves, and gradients by layer."""
    import math

    arms: dict[str, list[Record]] = {}
    for record in records:
        assert record.trial is not None
        arms.setdefault(record.trial.variant, []).append(record)

    def by_seed(arm: str, value) -> dict[int, float]:
        return {r.trial.seed: value(r) for r in arms.get(arm, []) if r.trial}

    def loss(record: Record) -> float:
        return record.numbers["validation"]

    def evenness(record: Record) -> float:
        first, last = record.series["start"][0], record.series["start"][-1]
        return math.log10(max(first, 1e-30) / max(last, 1e-30))

    def less(one: str, other: str, value) -> list[float]:
        a, b = by_seed(one, value), by_seed(other, value)
        return [a[seed] - b[seed] for seed in a if seed in b]

    measured = {"depth": less("plain, 8", "plain, 4", loss)}
    for depth in plan.depths:
        measured[f"gain|{depth}"] = less(f"plain, {depth}", f"residual, {depth}", loss)
        measured[f"even|{depth}"] = less(f"residual, {depth}", f"plain, {depth}", evenness)
    rows = []
    for arm, there in arms.items():
        mean, low, high = interval([loss(r) for r in there])
        stuck = sum(abs(loss(r) - r.numbers["unigram"]) < STUCK for r in there)
        ratio = sum(evenness(r) for r in there) / len(there) if len(there[0].series["start"]) > 1 else None
        name, _, depth = arm.partition(", ")
        rows.append(
            [
                int(depth),
                name,
                round(mean, 3),
                f"{low:.3f} to {high:.3f}",
                f"{stuck} of {len(there)}",
                None if ratio is None else round(ratio, 2),
            ]
        )
    unigram = records[0].numbers["unigram"]

    def mean_of(arm: str, name: str) -> list[float]:
        return [sum(column) / len(column) for column in zip(*(r.series[name] for r in arms[arm]), strict=True)]

    figures: list[Curves | Heatmap] = []
    every = max(1, plan.updates // 20)
    for depth in plan.depths:
        at = [arm for arm in arms if arm.endswith(f", {depth}")]
        lines = [Series(arm.partition(",")[0], [(k + 0.5) * every for k in range(len(mean_of(arm, "loss")))],
                        mean_of(arm, "loss")) for arm in at]  # fmt: skip
        figures.append(
            Curves(
                f"Learning with {depth} layer{'s' * (depth > 1)}",
                "update",
                "nats a character",
                lines,
                caption=f"Mean training loss over seeds; letter frequencies alone have {unigram:.2f}.",
            )
        )
        if depth > 1:
            figures.append(Curves(
                f"The gradient in each of {depth} layers before the first update", "layer, from the input up",
                "norm over a layer's parameters",
                [Series(arm.partition(",")[0], list(range(1, depth + 1)), mean_of(arm, "start")) for arm in at],
                log_y=True, caption="Means over seeds.",
            ))  # fmt: skip
    deepest = max(plan.depths)
    for arm in [f"plain, {deepest}", f"residual, {deepest}"]:
        if deepest > 1 and arm in arms:
            columns = [mean_of(arm, f"layer {k}") for k in range(deepest)]
            figures.append(Heatmap(
                f"Gradient by layer over training, {arm} layers", "update", "layer, from the output down",
                [[math.log10(max(v, 1e-12)) for v in column] for column in reversed(columns)],
                [str((k + 1) * every) for k in range(len(columns[0]))], [str(k) for k in range(deepest, 0, -1)],
                "log10 of the norm over a layer's parameters, after clipping; means over seeds.",
            ))  # fmt: skip
    told = []
    for depth in plan.depths:
        pair = [by_seed(f"{kind}, {depth}", loss).values() for kind in ("plain", "residual")]
        if all(pair):
            plain, residual = (sum(values) / len(values) for values in pair)
            told.append(f"{depth} layers have {plain:.3f} nats plain and {residual:.3f} with residual connections")
    return Findings(
        summary=f"After {plan.updates} updates " + "; ".join(told) + ".",
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=[
            Table("Validation loss by depth", ["layers", "connections", "nats a character", "95 % interval", "stuck",
                                               "log10 of first layer's gradient over last's"], rows,
                  f"Letter frequencies alone have {unigram:.3f} nats; stuck is within {STUCK} of that."),
        ],
        figures=figures,
    )  # fmt: skip
