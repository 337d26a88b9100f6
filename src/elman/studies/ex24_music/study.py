"""Melodies, one pitch and duration at a time.

**Question.** Can a small LSTM that reads a folk tune note by note predict the next note, and do the tunes it writes
keep to their key and metre as real tunes do?

**Method.** A note is a MIDI pitch and a duration in sixteenths; P(note) = P(duration) P(pitch | duration), and a tune
ends with a separate symbol. Of tunes that differ only in key, one is kept, and all versions of a tune are in the same
part of the split: 80 % for training, 10 % for early stopping, 10 % for one test. The inputs include metre, key and
the place in the bar. Pitches are counted from the tonic, so that all keys look alike. The full plan has three more
arms: pitches counted from C with the training tunes (never others) transposed at random by -6 to 5 semitones, pitches
counted from C without transposition, and a network without the place in the bar. The score is the joint negative
log-likelihood of pitch and duration in nats per note, the end counting as a note. The baselines are n-grams over the
same pairs and alphabet with Witten-Bell smoothing, with and without the place in the bar.

Then the network writes one tune for each test tune, with its key, metre and pickup, and decides when to end it.
Samples are compared with the test tunes, with test tunes whose notes are shuffled within each tune (same pitches,
other order), and with tunes whose notes are drawn from all test tunes (without a key of their own). The measures are
the correlation of the time that each pitch class sounds with Krumhansl's profile of the best key; the share of notes
in the scale; the share of bars that begin and end with a note; the divergence of intervals and of durations from
training; and the edit distance to the most similar training tune in any key. The first samples are saved as MIDI and
as sound.

**What to expect.** A shuffled tune keeps the key, because measures of pitch classes ignore order; it loses steps and
bars. Published scores on this collection (Bai, Kolter & Koltun, 2018: LSTM 3.29 nats, TCN 3.07) are per frame of 88
keys, chords included, and are not comparable with these. If the tunes are missing, a grammar generates tunes instead;
their beats are drawn independently, so there is nothing to copy.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.apps.piano_roll import roll
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.ex24_music.results import figures_of, mean, measure_table, score_table

if TYPE_CHECKING:
    from elman.apps.tunes import TuneModel
    from elman.data.music.melody import Melody

MAIN, UNPLACED, FROM_C, TRANSPOSED = "LSTM", "no place in the bar", "from C", "from C, transposed"
COUNTED = "n-grams"  # the trial without a network
ARMS = {
    MAIN: {"reference": "tonic", "beat": True},
    UNPLACED: {"reference": "tonic", "beat": False},
    TRANSPOSED: {"reference": "C", "beat": True},
    FROM_C: {"reference": "C", "beat": True},
}


@dataclass(frozen=True)
class Plan:
    """The tunes, the network, its training, and the samples to draw."""

    tunes: str = "auto"  # nottingham, grammar, an ABC or MIDI file, a folder of them, or auto: the best one here
    arms: tuple[str, ...] = tuple(ARMS)
    hidden_size: PositiveInt = 192
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    updates: PositiveInt = 1000
    batch_size: PositiveInt = 16
    learning_rate: PositiveFloat = 4e-3
    temperature: PositiveFloat = 1.0
    samples: PositiveInt = 100  # at most, and at most one per test tune
    kept: PositiveInt = 3  # samples per seed that are saved as MIDI and as sound
    seeds: PositiveInt = 4

    def __post_init__(self) -> None:
        if MAIN not in self.arms or not set(self.arms) <= set(ARMS):
            raise ValueError(f"arms must be {MAIN}, and any others of {', '.join(ARMS)}; got {', '.join(self.arms)}")


QUICK = Plan(arms=(MAIN,), hidden_size=96, dropout=0.1, updates=250, learning_rate=1e-2, samples=40, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State the loss the network must reach, and the properties its tunes must have."""
    nats, goal = "nats per note", "goal set before the first run"

    def less(measure: str, name: str, other: str) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.less(MAIN, MAIN, f"{measure}|{name}", f"{measure}|{other}")

    stated = [
        Claim("bigram", "On unseen tunes, the LSTM's loss is more than 0.15 nats per note below a bigram's.",
              f"{goal}, an estimate", f"{nats} below the bigram", at_least=0.15,
              measure=lambda arms: arms.less(COUNTED, MAIN, "nats|bigram", "nats")),
        Claim("ngrams", "The LSTM predicts unseen tunes better than n-grams with and without the place in the bar.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2: recurrent nets ahead of n-grams",
              f"{nats} below the best", at_least=0.0,
              measure=lambda arms: arms.less(COUNTED, MAIN, "best", "nats")),
        Claim("scale", "In samples, the share of notes in the key's scale is within 5 points of that of real tunes.",
              goal, "difference of shares", at_least=-0.05, at_most=0.05,
              measure=less("in the scale", "samples", "real")),
        Claim("key", "Samples fit their best key better than notes drawn from all tunes.",
              "Krumhansl (1990), chapter 4: melodies make their key heard", "difference of correlations",
              at_least=0.0, measure=less("key correlation", "samples", "drawn from all")),
        Claim("bars", "Samples fill more of their bars than shuffled tunes.",
              "Eck & Schmidhuber (2002): an LSTM keeps the metre", "difference of shares", at_least=0.0,
              measure=less("bars filled", "samples", "shuffled")),
        Claim("steps", "The intervals of samples are closer to training than the intervals of shuffled tunes.",
              "textbook: melodies go by step", "nats of divergence below shuffled tunes", at_least=0.0,
              measure=less("interval divergence", "shuffled", "samples")),
        Claim("copies", "Samples are not copies: their mean distance to the nearest training tune is at least 0.3.",
              "goal set before the first run; real test tunes are at least 0.4 away by the split",
              "share of notes that differ", at_least=0.3,
              measure=lambda arms: arms.numbers(MAIN, "nearest distance|samples")),
    ]  # fmt: skip
    if UNPLACED in plan.arms:
        stated.append(Claim("place", "Knowing the place in the bar lowers the network's loss.",
                            "this study", f"{nats} below the net without it", at_least=0.0,
                            measure=lambda arms: arms.less(UNPLACED, MAIN, "nats")))  # fmt: skip
    if {TRANSPOSED, FROM_C} <= set(plan.arms):
        stated.append(Claim("transposed", "Transposing the training tunes lowers the loss of a net that counts "
                            "pitches from C.",
                            "textbook: augmentation", f"{nats} below the net without", at_least=0.0,
                            measure=lambda arms: arms.less(FROM_C, TRANSPOSED, "nats")))  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per arm and seed, and one for the n-grams."""
    from elman.data.music.library import tunes

    given = tunes(plan.tunes)
    read = {given.name: given.sha256}
    found = [Trial(arm, seed, inputs=read) for arm in plan.arms for seed in range(plan.seeds)]
    return [*found, Trial(COUNTED, inputs=read)]


def parts_of(plan: Plan) -> "list[list[Melody]]":
    """Return the training, validation and test tunes that the model can encode.

    Raises:
        TrialFailed: if a part is empty.
    """
    from elman.apps.tunes import fits
    from elman.data.music.library import split_tunes, tunes

    given = tunes(plan.tunes)
    usable = [tune for tune in given.tunes if fits(tune)]
    if len(usable) < 3:
        raise TrialFailed(
            f"got {len(usable)} tunes of known key and usual range among the {len(given.tunes)} of {given.name}, "
            "expected at least 3 that differ"
        )
    return [list(part) for part in split_tunes(usable)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Score the n-grams; or train one network and test it once. The main network also writes tunes and is saved."""

    from elman.apps.tune_grams import grams_of
    from elman.apps.tunes import Settings, TuneModel, batched, save_tunes, score
    from elman.data.music.library import tunes
    from elman.train.loop import train
    from elman.train.stopping import Best

    given = tunes(plan.tunes)
    training, validation, test = parts_of(plan)
    if trial.arm == COUNTED:
        grams = grams_of(training, test)
        sizes = {"tunes": len(given.tunes), "training": len(training), "test": len(test), "best": min(grams.values())}
        aside = ", ".join(f"{count} {why}" for why, count in given.left_aside.items())
        scores = {f"nats|{name}": value for name, value in grams.items()}
        return Record(
            scores | {name: float(n) for name, n in sizes.items()}, texts={"tunes": given.name, "aside": aside}
        )
    settings = Settings(plan.hidden_size, plan.dropout, **ARMS[trial.arm])
    model = TuneModel(settings)
    batches = batched(settings, training, plan.batch_size, trial.arm == TRANSPOSED, trial.seed or 0)
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
    if trial.arm == MAIN:
        save_tunes(desk.folder / "model", model, given.name)
        _write(plan, trial, desk, model, training, test, record)
    return record


def _write(
    plan: Plan, trial: Trial, desk: Desk, model: "TuneModel", training: "list[Melody]", test: "list[Melody]",
    record: Record,
) -> None:  # fmt: skip
    """Write a tune for each test tune; measure the samples, the real tunes and the shuffled real tunes."""
    from dataclasses import replace

    import torch

    from elman.apps.composing import compose
    from elman.data.music.midi import write_midi
    from elman.data.music.sound import write_wav
    from elman.probe.melody import intervals, pooled, shuffled
    from elman.studies.ex24_music.measures import measured

    seed = trial.seed or 0
    real = Random(seed).sample(test, min(plan.samples, len(test)))
    generator = torch.Generator().manual_seed(seed)
    written, _ = compose(model, real, generator, plan.temperature)
    every = {
        "samples": written,
        "real": real,
        "shuffled": [shuffled(tune, seed) for tune in real],
        "drawn from all": pooled(real, seed),
    }
    for name, tunes in every.items():
        for measure, value in measured(tunes, training).items():
            record.numbers[f"{measure}|{name}"] = value
        steps = intervals(tunes)
        record.series[f"steps|{name}"] = [steps[k] / max(1, steps.total()) for k in range(-12, 13)]
    for number, tune in enumerate(written[: plan.kept], 1):
        titled = replace(tune, title=f"Elman {seed}.{number}")
        record.arrays[f"roll|{number}"] = roll(titled)
        record.texts[f"{number}"] = f"{titled.title}, {titled.key}, {titled.metre[0]}/{titled.metre[1]}"
        desk.folder.mkdir(parents=True, exist_ok=True)
        write_midi(desk.folder / f"tune-{number}.mid", titled)
        write_wav(desk.folder / f"tune-{number}.wav", titled)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return scores of networks and n-grams, properties of the tunes, and a piano roll."""
    arms = Arms(records)
    (counted,) = arms[COUNTED]
    sizes = {name: int(counted.numbers[name]) for name in ("tunes", "training", "test")}
    named = ((name, name.removeprefix("nats|")) for name in counted.numbers if name.startswith("nats|"))
    grams = {name: counted.numbers[key] for key, name in named}
    main = arms[MAIN]
    summary = "No network of the main arm has finished."
    if main:
        written, real = (
            [percent(arms.mean(MAIN, f"{measure}|{name}"), 0) for measure in ("in the scale", "bars filled")]
            for name in ("samples", "real")
        )
        summary = (
            f"On unseen tunes of {counted.texts['tunes']}, the LSTM scores {arms.mean(MAIN, 'nats'):.3f} nats per "
            f"note and a bigram {grams['bigram']:.3f}. In the LSTM's tunes, {written[0]} of notes are in the scale "
            f"(real tunes: {real[0]}) and {written[1]} of bars are filled (real tunes: {real[1]})."
        )
    return Findings(
        summary=summary,
        tables=[
            score_table(grams, {arm: arms.numbers(arm, "nats") for arm in arms if arm != COUNTED},
                        f"{counted.texts['tunes']}: {sizes['tunes']} tunes, {sizes['training']} to train on, "
                        f"{sizes['test']} to test; excluded: {counted.texts['aside']}."),
            *([measure_table(main, plan.temperature)] if main else []),
        ],
        figures=figures_of(grams, main) if main else [],
    )  # fmt: skip
