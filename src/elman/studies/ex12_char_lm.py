"""A character-level language model.

**Question.** How well does one LSTM layer, trained for minutes on two processor cores, model a text, and how does
temperature change its samples?

**Method.** The first 90 % of the text are for training, the last 10 % for validation. An LSTM reads characters in
parallel streams and carries its state from window to window (truncated backpropagation through time). Training uses
AdamW with warm-up and cosine decay, and clips gradients at norm 1. The validation text is read from end to end as
one stream with carried state. The score is in nats per character (bits are nats / ln 2). The baselines are
character n-grams fitted on the same training text and scored on the same validation text. Each model draws a sample
at several temperatures. Each sample is measured: the share of distinct 4-grams, the share of words that occur in
the training text, and the longest run of characters copied from it.

**What to expect.** On tiny Shakespeare (1,115,394 characters, 65 distinct) nanoGPT reports 1.88 nats for a small
transformer after three minutes on a CPU and 1.4697 for its GPU model. These models see 64 and 256 characters of
context, whereas the carried state here has no such bound: the comparison is of results, not of methods. Samples at
a low temperature repeat themselves; samples at a high temperature contain invented words.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table
from elman.lab.over_seeds import POSITIVE, across, middles, stretches
from elman.lab.study import Record, Trial
from elman.lab.verdicts import interval
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.shared.comparing_cells import further_cells

if TYPE_CHECKING:
    from elman.nn.language_model import LanguageModel

POINTS = 200  # of the learning curve
LSTM, GRAMS = "lstm", "n-grams"  # arms
ORDERS = (1, 2, 3, 5)  # of the n-grams
NANOGPT = "nanoGPT's readme (Karpathy, 2022), validation loss on tiny Shakespeare"


@dataclass(frozen=True)
class Plan:
    """The network, its training, and the samples to draw."""

    text: str = "auto"  # a data set's name, a file, or "auto" for the best text on this machine
    embedding_size: PositiveInt = 128
    hidden_size: PositiveInt = 512
    num_layers: PositiveInt = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    updates: PositiveInt = 5000
    batch_size: PositiveInt = 32
    window: PositiveInt = 96  # characters per step of truncated backpropagation
    learning_rate: PositiveFloat = 3e-3
    temperatures: tuple[NonNegativeFloat, ...] = (0.0, 0.5, 0.8, 1.0, 1.3)
    sample_length: PositiveInt = 1000
    cells: tuple[str, ...] = ()  # further cells in place of the LSTM, by name or file.py:Class
    seeds: PositiveInt = 2


QUICK = Plan(hidden_size=256, dropout=0.0, updates=800, window=64, learning_rate=6e-3, sample_length=500)


def claims(plan: Plan) -> list[Claim]:
    """State what the model must reach; the first bound is for tiny Shakespeare alone."""
    bound = 1.55 if replace(plan, cells=()) == Plan(text=plan.text) else 1.75
    shakespeare = "tinyshakespeare"
    found = [
        Claim("score", f"The LSTM scores at most {bound} nats per character on the validation text.",
              "target set before the first run; a prototype scored 1.73", "nats per character", at_most=bound,
              role="answer", otherwise=f"The LSTM scores more than {bound} nats per character.",
              needs=shakespeare, measure=lambda arms: arms.reading(shakespeare).numbers(LSTM, "validation")),
        Claim("beats-ngram", "The LSTM predicts the validation text better than an interpolated 5-gram.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2: LSTMs ahead of n-grams",
              "nats per character below the 5-gram",
              at_least=0.0, role="answer",
              otherwise="An interpolated 5-gram predicts the validation text better than the LSTM.",
              measure=lambda arms: arms.less(GRAMS, LSTM, "5-gram", "validation")),
        Claim("cold-repeats", "Samples at temperature 0.5 have a smaller share of distinct 4-grams than at 1.",
              "textbook: temperature trades variety for safety", "difference of shares", at_most=0.0,
              measure=lambda arms: arms.less(LSTM, LSTM, "distinct|0.5", "distinct|1")),
    ]  # fmt: skip
    return [claim for claim in found if plan.text in ("auto", shakespeare) or claim.needs != shakespeare]


def trials(plan: Plan) -> list[Trial]:
    """Return one trial per cell and seed, and one for the n-grams, all bound to the text that they read."""
    from elman import data
    from elman.cells.lookup import cell_inputs

    text = data.text(plan.text)
    read = {text.name: text.sha256}
    arms = {LSTM: read} | {arm: read | cell_inputs(name) for arm, name in further_cells(plan.cells).items()}
    found = [Trial(arm, seed, inputs=inputs) for arm, inputs in arms.items() for seed in range(plan.seeds)]
    return [*found, Trial(GRAMS, inputs=read)]


def make_model(plan: Plan, vocabulary_size: int, cell: str = "") -> "LanguageModel":
    """Return the network of the plan, with LSTM layers or with layers of another cell."""
    from elman.cells.lookup import cell_named
    from elman.nn.language_model import LanguageModel
    from elman.nn.recurrent import Recurrent

    layers = None
    if cell:
        between = plan.dropout if plan.num_layers > 1 else 0.0
        layers = Recurrent(cell_named(cell), plan.embedding_size, plan.hidden_size, plan.num_layers, dropout=between)
    return LanguageModel(
        vocabulary_size, plan.embedding_size, plan.hidden_size, plan.num_layers, plan.dropout, layers
    )


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train, validate, sample, and save the LSTM in the trial's folder; or score the n-grams."""
    import torch

    from elman import data
    from elman.apps.writing import write
    from elman.baselines.ngram import NGram
    from elman.data.vocabulary import Vocabulary
    from elman.nn.saving import save_model
    from elman.train.evaluate import evaluate
    from elman.train.loop import losses, train
    from elman.train.schedules import cosine
    from elman.train.step import LossNotFinite
    from elman.train.streams import Streams
    from elman.train.truncated import Truncated

    text, seed = data.text(plan.text), trial.seed or 0
    training, validation = data.split(text.text)
    if trial.arm == GRAMS:
        grams = {f"{n}-gram": NGram.fit(training, n).nats_per_character(validation) for n in ORDERS}
        return Record(grams, texts={"text": text.name})
    vocabulary = Vocabulary.from_text(training)
    tokens = torch.from_numpy(vocabulary.encode(training))
    held_out = torch.from_numpy(vocabulary.encode(validation, unknown="skip"))
    cell = further_cells(plan.cells).get(trial.arm, "")
    model = make_model(plan, len(vocabulary), cell)
    before = evaluate(model, held_out)
    checkpoint = desk.folder / "checkpoint.safetensors"
    try:
        updates = train(
            model, Truncated(model, Streams(tokens, plan.batch_size, plan.window)), plan.updates,
            learning_rate=plan.learning_rate, schedule=cosine(warmup=100), shared=True, checkpoint=checkpoint,
        )  # fmt: skip
        found = losses(updates, lambda update, loss: desk.progress(update, plan.updates, loss=loss))
    except LossNotFinite as error:
        last = f"the last good checkpoint is {checkpoint}" if checkpoint.exists() else "no checkpoint was written"
        raise TrialFailed(f"{error}; {last}") from None
    model.eval()
    if not cell:
        save_model(desk.folder / "model", model, asdict(plan) | {"text": text.name}, vocabulary)
    checkpoint.unlink(missing_ok=True)
    record = Record(
        numbers={"before": before, "validation": evaluate(model, held_out)},
        series={"loss": stretches(found, POINTS)},
    )
    for temperature in plan.temperatures:
        written = write(model, vocabulary, first_character(training), plan.sample_length, temperature, seed)
        record.texts[f"{temperature:g}"] = written
        for name, value in quality(written, training).items():
            record.numbers[f"{name}|{temperature:g}"] = value
    return record


def first_character(training: str) -> str:
    """Return what a sample starts from: a new line, or the text's own first character if it has no lines.

    Example:
        >>> first_character("to be\\nor"), first_character("to be")
        ('\\n', 't')
    """
    return "\n" if "\n" in training else training[0]


def quality(sample: str, training: str) -> dict[str, float]:
    """Return the shares of distinct 4-grams and of words in the training text, and the longest stretch copied."""
    grams = [sample[k : k + 4] for k in range(len(sample) - 3)]
    known = set(training.split())
    words = sample.split()
    longest, start = 0, 0
    for end in range(1, len(sample) + 1):
        while sample[start:end] not in training:
            start += 1
        longest = max(longest, end - start)
    return {
        "distinct": len(set(grams)) / max(1, len(grams)),
        "known": sum(word in known for word in words) / max(1, len(words)),
        "copied": float(longest),
    }


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the score beside the baselines, the learning curve, and the samples by temperature."""
    import math

    arms = Arms(records)
    lstms, further = arms[LSTM], [arm for arm in arms if arm not in (LSTM, GRAMS)]
    (counted,) = arms[GRAMS]
    grams, text = {order: counted.numbers[f"{order}-gram"] for order in ORDERS}, counted.texts["text"]
    scores = arms.numbers(LSTM, "validation")
    mean, low, high = interval(scores)

    def row(name: str, nats: float, source: str) -> list[Any]:
        return [name, round(nats, 3), round(nats / math.log(2), 3), source]

    rows = [
        row(
            {1: "unigram", 2: "bigram", 3: "trigram"}.get(order, f"{order}-gram, interpolated"),
            nats,
            "this run",
        )
        for order, nats in grams.items()
    ]
    rows.append(row(f"LSTM {plan.hidden_size}, mean of {len(scores)}", mean, "this run"))
    reached = {label: arms.mean(label, "validation") for label in further}
    for label, nats in reached.items():
        rows.append(row(f"{label} {plan.hidden_size}, mean of {len(arms[label])}", nats, "this run"))
    if text == "tinyshakespeare":
        rows += [row("nanoGPT, CPU settings", 1.88, NANOGPT), row("nanoGPT, GPU settings", 1.4697, NANOGPT)]

    curve = [
        across(f"{label}, training", middles(plan.updates, POINTS), [r.series["loss"] for r in same], POSITIVE)
        for label, same in (("LSTM", lstms), *((arm, arms[arm]) for arm in further))
    ]  # fmt: skip
    span = [curve[0].x[0], curve[0].x[-1]]
    curve += [Series(f"{order}-gram, validation", span, [grams[order]] * 2, style="dashed") for order in (1, 5)]
    curve += [
        Series(f"{label}, validation, end of run", [span[1]], [nats], style="points")
        for label, nats in [("LSTM", mean), *reached.items()]
    ]
    return Findings(
        summary=(
            f"On the validation text of {text} the LSTM scores {mean:.3f} nats per character "
            f"({mean / math.log(2):.3f} bits), an interpolated 5-gram {grams[5]:.3f}; lower is better"
            + "".join(f"; {label} reaches {nats:.3f}" for label, nats in reached.items())
            + "."
        ),
        tables=[
            Table(f"Validation score on {text}", ["model", "nats per character", "bits per character", "source"],
                  rows,
                  f"The untrained network scores {arms.mean(LSTM, 'before'):.3f} nats; "
                  + (f"95 % interval of the LSTM over seeds: {low:.3f} to {high:.3f}." if len(scores) > 1
                     else "one seed gives no interval.")),
            Table("Samples by temperature",
                  ["temperature", "share of distinct 4-grams", "share of words in the training text",
                   "longest copied stretch, characters"],
                  [[t, *(round(arms.mean(LSTM, f"{name}|{t:g}"), 3) for name in ("distinct", "known", "copied"))]
                   for t in plan.temperatures],
                  f"Means over {len(lstms)} seeds of one sample of {plan.sample_length} characters each."),
        ],
        figures=[
            Curves("Learning the text", "update", "nats per character", curve,
                   caption="The training loss is a mean over each stretch of updates; the baselines "
                   " and the final points are scores on the validation text."),
        ],
        passages=[
            Passage(f"Sample at temperature {temperature}", written, "sample")
            for temperature, written in lstms[0].texts.items()
        ],
    )  # fmt: skip
