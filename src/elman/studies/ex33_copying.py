"""Copying unknown words: a generator, a pointer, and a pointer-generator.

**Question.** What can a sequence-to-sequence model do with a word outside its vocabulary, and what does a copy
mechanism add?

**Method.** A sentence says who did what to whom and has to be rephrased in reverse: *Zorvan praised Kel* becomes *Kel
had the praise of Zorvan*. Names are built from syllables, so their number is practically unlimited. Sixty are in the
vocabulary; every other name is encoded as unknown. Further names occur in between, one sentence in four mentions the
object twice, and the noun of the target does not occur in the source. Three heads share one encoder and decoder with
attention: a *generator* writes words of its vocabulary; a *pointer* only copies words of the source (Vinyals et al.,
2015); a *pointer-generator* mixes both by a gate p_gen, over the vocabulary extended by the source's unknown words
(See, Liu & Manning, 2017). In training, half of the names are unknown; in the test none, half or all are unknown, and
no unknown test name occurs in training. If the data is available, the generator and the pointer-generator also
describe restaurants (E2E), with a fifth of the *names* held out.

**What to expect.** When all names are unknown, the generator and the pointer are never right: the generator cannot
write the names, and the pointer lacks the noun and the end symbol. The pointer-generator should be right nearly
always: it only has to learn where names occur, not what they are.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Heatmap, Passage, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, spread
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

if TYPE_CHECKING:
    from elman.data.copying import Coder, Example

GENERATOR, POINTER, BOTH = ARMS = ("generator", "pointer", "pointer-generator")
REPORTS, RESTAURANTS = {"text": "reports"}, {"text": "restaurants"}
RATES = (0.0, 0.5, 1.0)
SEE = "See, Liu & Manning (2017), Get To The Point"
REAL = (GENERATOR, BOTH)


@dataclass(frozen=True)
class Plan:
    """Sizes of the model and its training."""

    hidden_size: PositiveInt = 64
    embedding_size: PositiveInt = 32
    updates: PositiveInt = 1500
    updates_real: NonNegativeInt = 1500  # on the restaurants; 0 leaves them out
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 5e-3
    test_size: PositiveInt = 1000
    seeds: PositiveInt = 5


QUICK = Plan(updates=300, updates_real=60, test_size=300, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State which heads can write an unknown name."""

    def right(arm: str) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.on(**REPORTS).numbers(arm, "right|1.0")

    def gate(arms: Arms) -> list[float]:
        gates = [record.numbers for record in arms.on(**REPORTS)[BOTH]]
        return [p["p_gen|3"] - (p["p_gen|0"] + p["p_gen|5"]) / 2 for p in gates]

    return [
        Claim("generator", "The generator reproduces no sentence of unknown names.", "its vocabulary lacks them",
              "share of sentences", at_most=0.0, role="answer",
              otherwise="The generator reproduces some sentences of unknown names.", measure=right(GENERATOR)),
        Claim("pointer", "The pointer reproduces no sentence of unknown names.", "the source lacks the noun",
              "share of sentences", at_most=0.0, measure=right(POINTER)),
        Claim("both", "The pointer-generator reproduces at least 99 % of sentences of unknown names.", SEE,
              "share of sentences", at_least=0.99, role="answer",
              otherwise="The pointer-generator reproduces less than 99 % of sentences of unknown names.",
              measure=right(BOTH)),
        Claim("known", "On known names, the pointer-generator is within one point of the generator or better.", SEE,
              "share of sentences, difference",
              at_least=-0.01, measure=lambda arms: arms.on(**REPORTS).less(BOTH, GENERATOR, "right|0.0")),
        Claim("gate", "The gate of the pointer-generator copies the names and generates the noun.", SEE,
              "p_gen at the noun minus p_gen at the names", at_least=0.5, measure=gate),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per head and seed, and the restaurants' trials if the data is available."""
    from elman import data

    found = [Trial(arm, seed, REPORTS) for arm in ARMS for seed in range(plan.seeds)]
    if plan.updates_real and (read := data.checksums("e2e_nlg")):
        found += [Trial(arm, seed, RESTAURANTS, read) for arm in REAL for seed in range(plan.seeds)]
    return found


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model and test it on held-out sentences."""
    from elman.data.copying import Reports

    if trial.on == RESTAURANTS:
        return _restaurants(plan, trial, desk)
    arm, seed, reports = trial.arm, trial.seed or 0, Reports()
    coder, first = reports.coder(), 10**7 * (seed + 1)

    def draw(update: int) -> "list[Example]":
        return reports.draw(plan.batch_size, 0.5, first + update)

    model = _train(plan, plan.updates, arm, coder, draw, desk)
    numbers, texts = {}, {}
    for k, rate in enumerate(RATES):
        examples = reports.draw(plan.test_size, rate, seed + k, held_out=True)
        written = _write(model, coder, examples, arm)
        numbers[f"right|{rate}"] = _share(list(e.target) == w for e, w in zip(examples, written, strict=True))
        ends = [(e.target[0], e.target[-1]) for e in examples]
        numbers[f"names|{rate}"] = _share(
            (w[0] if w else "") == a and (w[-1] if w else "") == b for (a, b), w in zip(ends, written, strict=True)
        )
        texts[f"said|{rate}"] = "\n".join(
            f"{' '.join(e.source)}  ->  {' '.join(w)}" for e, w in list(zip(examples, written, strict=True))[:4]
        )
    if arm != BOTH:
        return Record(numbers, texts=texts)
    gates, maps, example = _gates(model, coder, reports.draw(plan.test_size, 1.0, seed + 2, held_out=True))
    numbers |= {f"p_gen|{k}": value for k, value in enumerate(gates)}
    texts |= {"source": " ".join(example.source), "target": " ".join(example.target)}
    return Record(numbers, texts=texts, arrays={"copy": maps})


def _train(plan: Plan, updates: int, arm: str, coder: "Coder", draw, desk: Desk):
    from elman.nn.saving import make_seq2seq
    from elman.train.loop import losses, train
    from elman.train.seq2seq import sequence_loss

    settings = {
        "source_size": len(coder), "target_size": len(coder), "embedding_size": plan.embedding_size,
        "hidden_size": plan.hidden_size, "attention": "additive", "head": arm,
    }  # fmt: skip
    model = make_seq2seq(settings)

    def loss(update: int):
        return sequence_loss(model, coder.batch(draw(update), copies=arm != GENERATOR))

    losses(
        train(model, loss, updates, learning_rate=plan.learning_rate),
        lambda update, loss: desk.progress(update, updates, loss=loss),
    )
    return model.eval()


def _write(model, coder: "Coder", examples: "Sequence[Example]", arm: str, longest: int = 8) -> list[list[str]]:
    """Return the model's greedy output."""
    import torch

    from elman.decode import greedy

    written = []
    for start in range(0, len(examples), 200):
        part = examples[start : start + 200]
        batch = coder.batch(part, copies=arm != GENERATOR)
        with torch.no_grad():
            state = model.encode(batch.source, batch.lengths, batch.copied)
            begun = torch.full((len(part), 1), coder.begin)
            rows = greedy(model.step, begun, longest, eos=coder.end, state=state).tolist()
        written += [coder.decode(row, example.source) for row, example in zip(rows, part, strict=True)]
    return written


def _gates(model, coder: "Coder", examples: "Sequence[Example]"):
    """Return the mean p_gen at each target word, and one sentence's copy probabilities."""
    import torch

    heard = []
    gate = model.head.p_gen
    model.head.p_gen = lambda seen: heard.append(gate(seen)) or heard[-1]
    batch = coder.batch(examples, copies=True)
    with torch.no_grad():
        _, weights, _ = model.decode(batch.target[:-1], model.encode(batch.source, batch.lengths, batch.copied))
    del model.head.p_gen
    p_gen = heard[0][..., 0]  # [B, T]
    source = examples[0].source
    copied = (1 - p_gen[0, :, None]) * weights[:, 0, : len(source)]
    return p_gen.mean(0).tolist(), copied.numpy(), examples[0]


def _restaurants(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train on descriptions of restaurants and test on restaurants with held-out names."""
    import random

    from elman.data.catalogue import find_set
    from elman.data.copying import common_words, read_restaurants
    from elman.data.files import find

    arm, seed = trial.arm, trial.seed or 0
    examples = read_restaurants(find(find_set("e2e_nlg")))
    names = sorted({example.source[1] for example in examples})
    held = set(random.Random(seed).sample(names, max(1, len(names) // 5)))
    training = [example for example in examples if not held & {*example.source, *example.target}]
    test = random.Random(1).sample(t := [e for e in examples if e.source[1] in held], min(len(t), plan.test_size))
    coder = _coder_of(common_words(training, 5), {e.source[1] for e in training})
    choice = random.Random(seed)
    model = _train(plan, plan.updates_real, arm, coder, lambda _: choice.sample(training, plan.batch_size // 2), desk)
    written = _write(model, coder, test, arm, longest=35)
    written_names = _share(e.source[1] in w for e, w in zip(test, written, strict=True))
    said = "\n".join(f"{' '.join(e.source)}  ->  {' '.join(w)}" for e, w in list(zip(test, written, strict=True))[:3])
    return Record(
        {"names written": written_names, "held out": float(len(held)), "sentences": float(len(test))},
        texts={"said": said},
    )


def _coder_of(common: Sequence[str], names: set[str]) -> "Coder":
    """Return a vocabulary with only every second name, so that the model learns to copy the others."""
    from elman.data.copying import Coder

    out = set(sorted(names)[::2])
    return Coder([word for word in common if word not in out])


def _share(flags) -> float:
    values = [bool(flag) for flag in flags]
    return sum(values) / len(values)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return accuracy by the share of unknown names, the gate by word, and one sentence's copies."""
    arms, real = Arms(records).on(**REPORTS), Arms(records).on(**RESTAURANTS)

    def shown(arm: str, name: str) -> str | None:
        return arms.formatted(arm, name, SHARE)

    both = arms[BOTH]
    there = [arm for arm in ARMS if arm in arms]
    tables = [
        Table("Sentences reproduced exactly", ["head", *(f"{percent(rate, 0)} of names unknown" for rate in RATES)],
              [[arm, *(shown(arm, f"right|{rate}") for rate in RATES)] for arm in there],
              "Means with 95 % intervals over seeds."),
        Table("Both names in place", ["head", *(f"{percent(rate, 0)} of names unknown" for rate in RATES)],
              [[arm, *(shown(arm, f"names|{rate}") for rate in RATES)] for arm in there]),
    ]  # fmt: skip
    if real.records:
        tables.append(
            Table("Restaurants with held-out names", ["head", "descriptions that contain the name"],
                  [[arm, real.formatted(arm, "names written", SHARE)] for arm in real],
                  f"{int(real.records[0].numbers['held out'])} held-out names, new for each seed; every second "
                  "training name is outside the vocabulary too, so that the model learns to copy.")
        )  # fmt: skip
    figures: list[Heatmap] = []
    passages = []
    if both:
        first, words = both[0], both[0].texts["target"].split()
        gates = [[r.numbers[f"p_gen|{k}"] for k in range(len(words) + 1)] for r in both]
        columns = list(zip(*gates, strict=True))
        tables.append(
            Table("Share generated, by word (p_gen)", ["", *words, "end"],
                  [["pointer-generator", *(spread(column, 2, SHARE) for column in columns)]],
                  "Means with 95 % intervals over seeds, all names unknown; the words are those of one sentence. The "
                  "fourth word is not in the source."))  # fmt: skip
        figures = [
            Heatmap("Generation probability by word", "written word", "", [[sum(c) / len(c) for c in columns]],
                    [*words, "end"], ["p_gen"], "Means over seeds, all names unknown; 1 generates, 0 copies.",
                    "share generated", limits=(0.0, 1.0)),
            Heatmap("Copy probabilities of one sentence", "source", "written", first.arrays["copy"].tolist(),
                    first.texts["source"].split(), [*words, "end"],
                    "(1 - p_gen) times attention. First seed.", "probability of copying"),
        ]  # fmt: skip
        passages = [
            Passage(f"Written by the {arm}, all names unknown", arms[arm][0].texts["said|1.0"], "sample")
            for arm in there
        ]  # fmt: skip
    return Findings(
        summary="Share of sentences reproduced exactly when all names are unknown: " + ", ".join(
            f"{arm} {percent(arms.mean(arm, 'right|1.0'))}" for arm in there) + ".",
        tables=tables, figures=figures, passages=passages,
    )  # fmt: skip
