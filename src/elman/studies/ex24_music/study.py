"""Melodies, a pitch and a duration at a time.

**Question.** Can a small LSTM that reads a folk tune note by note tell what comes next, and do the tunes that it
writes keep to their key and their metre as real ones do?

**Method.** A note is a pair: a MIDI pitch and a duration in sixteenths; P(note) = P(duration) P(pitch | duration),
and a tune ends with a sign of its own. Of tunes that are the same but for their key one is kept, and versions of one
tune stay on one side of the split: 80 % train, 10 % say when to stop, 10 % test, once. The net is told metre, key and
the place in the bar. Pitches are counted from the tonic, so that every key is the same; the other way, pitches
counted from C with training tunes (never others) moved by -6 to 5 semitones at random, is an arm of the full plan, as
are C without such moves and a net that is not told the place in the bar. The score is the joint negative
log-likelihood of pitch and duration in nats a note, the end counting as one, beside n-grams over the same pairs and
the same alphabet with Witten-Bell smoothing, which are also told the place in the bar.

Then the net writes one tune for each test tune, with its key, metre and pickup, and ends it when it likes. Samples
are measured beside the test tunes, beside these with their notes shuffled within each tune (same pitches, other
order), and beside tunes whose notes are drawn from all test tunes (no key of their own): the correlation of the time
that each pitch class sounds with Krumhansl's profile of the best key; the share of notes in the scale; the share of
bars that begin and end with a note; the divergence of intervals and of durations from those of training; and the edit
distance to the most similar training tune, whatever its key. The first samples are left as MIDI and as sound.

**What to expect.** A shuffled tune has the key of the original, for no measure of pitch classes hears order; what it
loses is steps and bars. Published scores on this collection (Bai, Kolter & Koltun, 2018: LSTM 3.29 nats, TCN 3.07)
are of 88 keys a frame, chords included, and cannot be set beside ours. Where the tunes are missing, a grammar's stand
in; its beats are drawn independently, and it has nothing to copy.
"""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.apps.piano_roll import roll
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.verdicts import judge
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.ex24_music.results import figures_of, mean, measure_table, score_table

if TYPE_CHECKING:
    from elman.apps.tunes import TuneModel
    from elman.data.music.melody import Melody

MAIN = "LSTM"
ARMS = {
    MAIN: {"reference": "tonic", "beat": True},
    "no place in the bar": {"reference": "tonic", "beat": False},
    "from C, transposed": {"reference": "C", "beat": True},
    "from C": {"reference": "C", "beat": True},
}


@dataclass(frozen=True)
class Plan:
    """The tunes, the network, its training, and the samples to draw."""

    tunes: str = "auto"  # nottingham, grammar, an ABC or MIDI file, a folder of them, or the best this machine has
    arms: tuple[str, ...] = tuple(ARMS)
    hidden_size: PositiveInt = 192
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    updates: PositiveInt = 1000
    batch_size: PositiveInt = 16
    learning_rate: PositiveFloat = 4e-3
    temperature: PositiveFloat = 1.0
    samples: PositiveInt = 100  # at most; there are no more than test tunes
    kept: PositiveInt = 3  # samples a seed that are left as MIDI and as sound
    seeds: PositiveInt = 4

    def __post_init__(self) -> None:
        if MAIN not in self.arms or not set(self.arms) <= set(ARMS):
            raise ValueError(f"arms are {', '.join(ARMS)}, the first among them; got {', '.join(self.arms)}")


QUICK = Plan(arms=(MAIN,), hidden_size=96, dropout=0.1, updates=250, learning_rate=1e-2, samples=40, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """What the network must reach, and what its tunes must be like."""
    nats, goal = "nats a note", "goal set before the first run"
    stated = [
        Claim("bigram", "The LSTM predicts unseen tunes more than 0.15 nats a note better than a bigram.",
              f"{goal}, an estimate", f"{nats} below it", at_least=0.15),
        Claim("ngrams", "It predicts them better than any n-gram, told the place in the bar or not.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2: recurrent nets ahead of n-grams",
              f"{nats} below the best", at_least=0.0),
        Claim("scale", "Samples have as many notes in their key's scale as real tunes, within 5 points.",
              goal, "difference of shares", at_least=-0.05, at_most=0.05),
        Claim("key", "Samples fit their best key better than notes drawn from all tunes do.",
              "Krumhansl (1990), chapter 4: melodies make their key heard", "difference of correlations",
              at_least=0.0),
        Claim("bars", "Samples fill more of their bars than shuffled tunes do.",
              "Eck & Schmidhuber (2002): an LSTM keeps the metre", "difference of shares", at_least=0.0),
        Claim("steps", "The intervals of samples are nearer to those of training than a shuffled tune's are.",
              "textbook: melodies go by step", "nats of divergence below it", at_least=0.0),
        Claim("copies", "Samples are not copies: their mean distance to the nearest training tune is at least 0.3.",
              "goal set before the first run; real test tunes are at least 0.4 away by the split",
              "share of notes that differ", at_least=0.3),
    ]  # fmt: skip
    if "no place in the bar" in plan.arms:
        stated.append(Claim("place", "To be told the place in the bar helps the network.",
                            "this study", f"{nats} below the net not told", at_least=0.0))  # fmt: skip
    if {"from C, transposed", "from C"} <= set(plan.arms):
        stated.append(Claim("transposed", "Transposing the training tunes helps a net that counts pitches from C.",
                            "textbook: augmentation", f"{nats} below the net without", at_least=0.0))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Each arm with each seed, bound to the tunes it reads."""
    from elman.data.music.library import tunes

    given = tunes(plan.tunes)
    inputs = {"tunes": given.name, "sha256": given.sha256}
    return [Trial(arm, seed, inputs) for arm in plan.arms for seed in range(plan.seeds)]


def parts_of(plan: Plan) -> "list[list[Melody]]":
    """Training, validation and test tunes whose notes are in the model's alphabet.

    Raises:
        TrialFailed: if a part is empty.
    """
    from elman.apps.tunes import fits
    from elman.data.music.library import split_tunes, tunes

    given = tunes(plan.tunes)
    usable = [tune for tune in given.tunes if fits(tune)]
    if len(usable) < 3:
        raise TrialFailed(
            f"{given.name} has {len(usable)} tunes of a known key and a usual range, of {len(given.tunes)}; at least "
            "3 that differ are needed"
        )
    return [list(part) for part in split_tunes(usable)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network and test it once; the main arm's writes tunes, which are measured, and leaves itself."""

    from elman.apps.tunes import Settings, TuneModel, batched, save_tunes, score
    from elman.train.loop import train
    from elman.train.stopping import Best

    training, validation, test = parts_of(plan)
    settings = Settings(plan.hidden_size, plan.dropout, **ARMS[trial.variant])
    model = TuneModel(settings)
    batches = batched(settings, training, plan.batch_size, trial.variant == "from C, transposed", trial.seed)
    best, every, recent = Best(model), max(1, plan.updates // 10), []
    series: dict[str, list[float]] = {"update": [], "loss": [], "validation": []}
    for update in train(model, lambda _: model.loss(next(batches)), plan.updates, learning_rate=plan.learning_rate):
        recent.append(update.loss)
        desk.progress(update.number, plan.updates, loss=update.loss)
        if len(recent) == every or update.number == plan.updates:
            series["update"].append(update.number)
            series["loss"].append(mean(recent))
            series["validation"].append(score(model, validation))
            best.saw(series["validation"][-1])
            recent.clear()
    best.restore()
    model.eval()
    record = Record(numbers={"nats": score(model, test)}, series=series)
    if trial.variant == MAIN:
        save_tunes(desk.folder / "model", model, trial.inputs.get("tunes", plan.tunes))
        _write(plan, trial, desk, model, training, test, record)
    return record


def _write(
    plan: Plan, trial: Trial, desk: Desk, model: "TuneModel", training: "list[Melody]", test: "list[Melody]",
    record: Record,
) -> None:  # fmt: skip
    """Write a tune like each test tune; measure it, the real one, and what is left of that when it is shuffled."""
    from dataclasses import replace

    import torch

    from elman.apps.composing import compose
    from elman.data.music.midi import write_midi
    from elman.data.music.sound import write_wav
    from elman.probe.melody import intervals, pooled, shuffled
    from elman.studies.ex24_music.measures import measured

    real = Random(trial.seed).sample(test, min(plan.samples, len(test)))
    generator = torch.Generator().manual_seed(trial.seed)
    written, _ = compose(model, real, generator, plan.temperature)
    every = {
        "samples": written,
        "real": real,
        "shuffled": [shuffled(tune, trial.seed) for tune in real],
        "drawn from all": pooled(real, trial.seed),
    }
    for name, tunes in every.items():
        for measure, value in measured(tunes, training).items():
            record.numbers[f"{measure}|{name}"] = value
        steps = intervals(tunes)
        record.series[f"steps|{name}"] = [steps[k] / max(1, steps.total()) for k in range(-12, 13)]
    for number, tune in enumerate(written[: plan.kept], 1):
        titled = replace(tune, title=f"Elman {trial.seed}.{number}")
        record.arrays[f"roll|{number}"] = roll(titled)
        record.texts[f"{number}"] = f"{titled.title}, {titled.key}, {titled.metre[0]}/{titled.metre[1]}"
        desk.folder.mkdir(parents=True, exist_ok=True)
        write_midi(desk.folder / f"tune-{number}.mid", titled)
        write_wav(desk.folder / f"tune-{number}.wav", titled)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Scores beside the n-grams, what the tunes are like, and one to be seen."""
    from elman.data.music.library import tunes
    from elman.studies.ex24_music.measures import grams_of

    given = tunes(plan.tunes)
    training, _, test = parts_of(plan)
    grams = grams_of(training, test)
    arms = Arms(records)
    main, scores = arms[MAIN], arms.numbers(MAIN, "nats")

    def less(measure: str, name: str, other: str) -> list[float]:
        return arms.less(MAIN, MAIN, f"{measure}|{name}", f"{measure}|{other}")

    values = {
        "bigram": [grams["bigram"] - nats for nats in scores],
        "ngrams": [min(grams.values()) - nats for nats in scores],
        "scale": less("in the scale", "samples", "real"),
        "key": less("key correlation", "samples", "drawn from all"),
        "bars": less("bars filled", "samples", "shuffled"),
        "steps": less("interval divergence", "shuffled", "samples"),
        "copies": arms.numbers(MAIN, "nearest distance|samples"),
        "place": arms.less("no place in the bar", MAIN, "nats"),
        "transposed": arms.less("from C", "from C, transposed", "nats"),
    }
    summary = "No network of the main arm finished."
    if main:
        written, real = (
            [percent(arms.mean(MAIN, f"{measure}|{name}"), 0) for measure in ("in the scale", "bars filled")]
            for name in ("samples", "real")
        )
        summary = (
            f"On unseen tunes of {given.name} the LSTM needs {arms.mean(MAIN, 'nats'):.3f} nats a note, a bigram "
            f"{grams['bigram']:.3f}; {written[0]} of the notes it writes are in the scale ({real[0]} of real ones), "
            f"and {written[1]} of its bars are filled ({real[1]} of real ones)."
        )
    aside = ", ".join(f"{count} {why}" for why, count in given.left_aside.items())
    return Findings(
        summary=summary,
        claims=[judge(claim, values[claim.key]) for claim in claims(plan)],
        tables=[
            score_table(grams, {arm: arms.numbers(arm, "nats") for arm in arms},
                        f"{given.name}: {len(given.tunes)} tunes, {len(training)} to train on, "
                        f"{len(test)} to test; left aside: {aside}."),
            *([measure_table(main, plan.temperature)] if main else []),
        ],
        figures=figures_of(grams, main) if main else [],
    )  # fmt: skip
