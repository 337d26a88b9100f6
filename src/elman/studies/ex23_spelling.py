"""Spelling correction: a network that writes words, and one that ranks dictionary words.

**Question.** How well does an encoder-decoder correct misspelt words that it has never seen, and how can it beat a
spell checker that knows a dictionary and counts edits?

**Method.** Words are split by a hash of their first five letters, so that related words stay together: half for
training, a tenth for validation, four tenths for the test, a different share for each seed. A real misspelling
belongs to the part of its intended word. Synthetic misspellings delete, insert or replace a letter or swap two
neighbours; three in ten have two such edits. Some words are clean and must stay unchanged. Two encoder-decoders with
attention are trained on the same pairs, synthetic and, if available, real. The *corrector* writes the word from the
typo; the *channel* writes the typo from the word and may copy. The arms: *identity* changes nothing. *Plain* is the
corrector with greedy decoding. *Trie* is the corrector with a beam restricted to the dictionary. *Channel* ranks the
dictionary words near the typo by log P(typo | word) + w log count(word). *Edit count* replaces the network's
log-probability with -k per edit; w and k are chosen on the validation words. *Norvig* takes the most frequent of the
nearest words. *pyspellchecker*, the usual library, gets the same dictionary. The dictionary contains the test words,
as dictionaries do; the networks have never seen them. Word accuracy is the share of words corrected exactly.
Character accuracy is 1 minus the remaining edits divided by the longer word's length; compare it with the accuracy of
identity.

**What to expect.** A small network that writes letter by letter invents words: a prototype corrected 28 % of noisy
unseen words and Norvig's corrector 71 %. Ranking dictionary words cannot invent any. What the network learns about
likely misspellings should then beat counting edits, most of all on real misspellings, which are not random.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.apps.spelling import WEIGHTS
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Table
from elman.lab.formatting import number, percent
from elman.lab.over_seeds import POSITIVE, across, middles, stretches
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed

Share = Annotated[float, Field(ge=0, le=1)]
SLIPS = ("one edit", "two edits")
COSTS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # nats per edit
CORRECTOR, CHANNEL, NEITHER = KINDS = ("corrector", "channel", "no network")  # of trials
ARMS = {"identity": NEITHER, "plain": CORRECTOR, "trie": CORRECTOR, "channel": CHANNEL, "edit count": NEITHER,
        "Norvig": NEITHER, "pyspellchecker": NEITHER}  # by arm, the trial that measures it  # fmt: skip
REAL = "spelling"  # the data set of real misspellings
PROTOTYPE = "prototype of this project: plain encoder-decoder .28, Norvig's corrector .71"


@dataclass(frozen=True)
class Plan:
    """Words, noise, models and their training."""

    dictionary: str = "auto"  # subtitles, pydoc, or auto: the best one on this machine
    hidden_size: PositiveInt = 128
    updates: PositiveInt = 1500
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 3e-3
    clean: Share = 0.15
    two_edits: Share = 0.3
    beam: PositiveInt = 8
    candidates: PositiveInt = 60  # words near a typo that the channel ranks
    edits: PositiveInt = 3  # largest distance of a candidate
    check_size: PositiveInt = 400  # synthetic validation cases, and the limit of real ones
    test_size: PositiveInt = 500  # test cases per seed, likewise
    seeds: PositiveInt = 5


QUICK = Plan(
    hidden_size=64, updates=260, batch_size=64, learning_rate=8e-3, candidates=30, check_size=80, test_size=110,
    seeds=3,
)  # fmt: skip


class Case(NamedTuple):
    """The written word, the intended word, and the kind of misspelling."""

    typo: str
    right: str
    group: str


def claims(plan: Plan) -> list[Claim]:
    """State where the plain network fails, where the channel wins, and how good the baseline must be."""
    gained = "difference of shares of words"

    def more(arm: str, other: str, group: str, unit: str = "words") -> Callable[[Arms], list[float]]:
        return lambda arms: arms.less(ARMS[arm], ARMS[other], f"{arm}|{group}|{unit}", f"{other}|{group}|{unit}")

    return [
        Claim("trap", "On synthetic misspellings, the plain encoder-decoder is less accurate than Norvig's "
              "corrector.",
              PROTOTYPE, gained, at_least=0.0, measure=more("Norvig", "plain", "slips")),
        Claim("characters", "The plain encoder-decoder has a higher character accuracy than identity, clean words "
              "included.",
              "prototype of this project: .83 over .79", "difference of shares of characters", at_least=0.0,
              measure=more("plain", "identity", "all synthetic", "characters")),
        Claim("synthetic", "On synthetic misspellings, the channel model is more accurate than Norvig's corrector.",
              "target of this project, set before the first run", gained, at_least=0.0,
              measure=more("channel", "Norvig", "slips")),
        Claim("baseline", "Norvig's corrector corrects at least 68 % of real misspellings.",
              "Norvig (2007), How to Write a Spelling Corrector: 75 % and 68 % on his two test sets",
              "share of words", at_least=0.68, needs=REAL,
              measure=lambda arms: arms.numbers(NEITHER, "Norvig|real|words")),
        Claim("real", "On real misspellings, the channel model is more accurate than Norvig's corrector.",
              "target of this project, set before the first run", gained, at_least=0.0, needs=REAL,
              role="answer", otherwise="On real misspellings, Norvig's corrector is more accurate than the channel "
              "model.",
              measure=more("channel", "Norvig", "real")),
        Claim("counting", "On real misspellings, the channel model is more accurate than tuned counts of edits.",
              "Kernighan, Church & Gale (1990): the kind of edit matters more than the number", gained,
              at_least=0.0, needs=REAL, measure=more("channel", "edit count", "real")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per seed for each network and for the arms without a network."""
    from elman import data
    from elman.data.spelling import dictionary

    words = dictionary(plan.dictionary)
    read = {words.name: words.sha256} | data.checksums(REAL)
    return [Trial(kind, seed, inputs=read) for kind in KINDS for seed in range(plan.seeds)]


def cases(plan: Plan, wanted: Literal["check", "test"], trial: Trial) -> list[Case]:
    """Return a part's cases: synthetic and clean, then real if the trial reads any. No two seeds share a word."""
    from elman.data.spelling import dictionary, misspellings, of_part
    from elman.data.typos import misspell

    words, seed = dictionary(plan.dictionary).counts, trial.seed or 0
    size = plan.check_size if wanted == "check" else plan.test_size
    random = Random(f"{wanted} {seed}")
    own = [word for word in of_part(sorted(words), wanted) if len(word) > 3]
    Random(wanted).shuffle(own)
    found = []
    for right in own[seed :: plan.seeds][:size]:
        edits = 0 if random.random() < plan.clean else 1 + (random.random() < plan.two_edits)
        found.append(Case(misspell(right, edits, random), right, ("clean", *SLIPS)[edits]))
    if REAL in trial.inputs:
        pairs = [pair for pair in misspellings() if pair[1] in words]
        meant = of_part(sorted({right for _, right in pairs}), wanted)
        Random(wanted).shuffle(meant)
        mine = set(meant[seed :: plan.seeds])
        real = [Case(wrong, right, "real") for wrong, right in pairs if right in mine]
        found += random.sample(real, min(size, len(real)))
    return found


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network if the arm has one, choose weights on the validation words, and test once."""
    tested = cases(plan, "test", trial)
    if not tested:
        raise TrialFailed("the dictionary is too small to test on")
    arms = {CORRECTOR: _corrector, CHANNEL: _channel, NEITHER: _no_network}[trial.arm]
    written, record = arms(plan, trial, desk, tested)
    from elman.baselines.norvig import character_accuracy

    groups = {"all synthetic": ("clean", *SLIPS), "slips": SLIPS} | {g: (g,) for g in ("clean", *SLIPS, "real")}
    for arm, words in written.items():
        for name, members in groups.items():
            here = [(word, case.right) for word, case in zip(words, tested, strict=True) if case.group in members]
            if here:
                record.numbers[f"{arm}|{name}|words"] = sum(a == b for a, b in here) / len(here)
                record.numbers[f"{arm}|{name}|characters"] = character_accuracy(*map(list, zip(*here, strict=True)))
        some = [k for k, case in enumerate(tested) if case.group in ("real", *SLIPS)]
        for k in some[:4] + some[-4:]:
            record.texts[f"{arm}|{tested[k].typo}|{tested[k].right}"] = words[k]
    return record


def _train(plan: Plan, trial: Trial, desk: Desk, head: str, notes: dict):

    from elman.apps.spelling import settings, train_speller, training_pairs
    from elman.data.spelling import dictionary, misspellings, of_part
    from elman.nn.saving import make_seq2seq, save_made

    counts = dictionary(plan.dictionary).counts
    words = [word for word in of_part(sorted(counts), "train") if len(word) > 2]
    keep = set(of_part({right for _, right in misspellings()}, "train")) if REAL in trial.inputs else set()
    real = [pair for pair in misspellings() if pair[1] in keep] if keep else []
    random = Random(trial.seed or 0)
    options = settings(plan.hidden_size, head)
    model = make_seq2seq(options)

    def draw():
        return training_pairs(plan.batch_size, words, real, plan.clean, plan.two_edits, random)

    def each(update: int, loss: float) -> None:
        desk.progress(update, plan.updates, loss=loss)

    losses = train_speller(model, draw, head != "generator", plan.updates, plan.learning_rate, each)
    model.eval()

    def save(**more) -> None:
        if trial.seed == 0:  # the command line needs only one of each
            save_made(desk.folder / "model", model, options, notes | {"counts": counts} | more)

    record = Record(series={"loss": stretches(losses)})
    record.numbers["parameters"] = float(sum(p.numel() for p in model.parameters()))
    return model, counts, record, save


def _corrector(plan: Plan, trial: Trial, desk: Desk, tested: list[Case]):
    from elman.apps.spelling import found_words, search, tree_of, write_greedily

    model, counts, record, save = _train(plan, trial, desk, "generator", {})
    save()
    typos = [case.typo for case in tested]
    found = found_words(search(model, typos, tree_of(sorted(counts)), plan.beam))
    held = [words[0][0] if words else typo for words, typo in zip(found, typos, strict=True)]
    return {"plain": write_greedily(model, typos), "trie": held}, record


def _channel(plan: Plan, trial: Trial, desk: Desk, tested: list[Case]):
    from elman.apps.spelling import best, channel_scores
    from elman.baselines.norvig import Candidates

    model, counts, record, save = _train(plan, trial, desk, "pointer-generator", {})
    candidates = Candidates(counts)

    def scored(some: list[Case]):
        typos = [case.typo for case in some]
        return channel_scores(model, typos, candidates.near(typos, plan.edits, plan.candidates))

    checked = cases(plan, "check", trial)
    scores = scored(checked)
    right = {w: sum(best(c.typo, s, counts, w) == c.right for c, s in zip(checked, scores, strict=True))
             for w in WEIGHTS}  # fmt: skip
    weight = max(WEIGHTS, key=lambda w: right[w])
    save(weight=weight, edits=plan.edits, candidates=plan.candidates)
    record.numbers["weight"] = weight
    near = scored(tested)
    record.numbers["within reach"] = _share([c.right in s for c, s in zip(tested, near, strict=True)])
    return {"channel": [best(c.typo, s, counts, weight) for c, s in zip(tested, near, strict=True)]}, record


def _no_network(plan: Plan, trial: Trial, desk: Desk, tested: list[Case]):
    from elman.apps.spelling import best
    from elman.baselines.norvig import Candidates, norvig
    from elman.data.spelling import dictionary

    counts = dictionary(plan.dictionary).counts
    candidates = Candidates(counts)
    typos = [case.typo for case in tested]
    near = candidates.near(typos)

    def counted(some: list[Case]):
        return candidates.near([case.typo for case in some], plan.edits, plan.candidates)

    def choose(case: Case, words, weight: float, cost: float) -> str:
        return best(case.typo, {word: -cost * distance for word, distance in words}, counts, weight)

    checked = cases(plan, "check", trial)
    there = counted(checked)
    grid = [(weight, cost) for weight in WEIGHTS for cost in COSTS]
    weight, cost = max(
        grid, key=lambda s: sum(choose(c, w, *s) == c.right for c, w in zip(checked, there, strict=True))
    )
    written = {
        "identity": typos,
        "edit count": [choose(c, w, weight, cost) for c, w in zip(tested, counted(tested), strict=True)],
        "Norvig": [norvig(typo, words, counts) for typo, words in zip(typos, near, strict=True)],
    }
    if _has_library():
        from spellchecker import SpellChecker

        checker = SpellChecker(language=None, distance=2)
        checker.word_frequency.load_json(counts)
        # its own correction() breaks ties by set order, which changes from process to process
        written["pyspellchecker"] = [
            max(sorted(checker.candidates(typo) or [typo]), key=checker.__getitem__) for typo in typos
        ]
    return written, Record(numbers={"weight": weight, "cost": cost})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return word and character accuracy of every arm on every kind of misspelling."""
    found = Arms(records)

    def shares(arm: str, group: str, unit: str = "words") -> list[float]:
        return found.numbers(ARMS[arm], f"{arm}|{group}|{unit}")

    arms = [arm for arm in ARMS if shares(arm, "slips")]
    groups = [g for g in ("clean", *SLIPS, "slips", "real") if any(shares(arm, g) for arm in arms)]

    def rows(unit: str, shown: Sequence[str]):
        values = {arm: [shares(arm, group, unit) for group in shown] for arm in arms}
        return [[arm, *(round(_share(of), 3) if of else None for of in values[arm])] for arm in arms]

    of_characters = ["all synthetic", *(g for g in groups if g == "real")]
    settings = ", ".join(
        f"{label} {number(found.mean(kind, name))}" for label, kind, name in (
            ("parameters of the corrector", CORRECTOR, "parameters"),
            ("of the channel", CHANNEL, "parameters"), ("weight of log count", CHANNEL, "weight"),
            ("edit count's weight", NEITHER, "weight"), ("edit count's nats per edit", NEITHER, "cost"),
            ("share of words among the channel's candidates", CHANNEL, "within reach"),
        ) if found.numbers(kind, name)
    )  # fmt: skip
    group = "real" if "real" in groups else "slips"
    kind = "real misspellings" if group == "real" else "synthetic misspellings"
    said = [
        f"{words} {percent(_share(shares(arm, group) or [0.0]))}"
        for arm, words in (("channel", "the network as a noisy channel"), ("Norvig", "Norvig's corrector"),
                           ("plain", "the network alone")) if arm in arms
    ]  # fmt: skip
    return Findings(
        summary=f"Share of {kind} of unseen words corrected: {', '.join(said)}." if said else "All arms are missing.",
        tables=[
            Table("Word accuracy", ["arm", *groups], rows("words", groups),
                  "Shares, means over seeds; slips are one and two edits together. Real misspellings are those of "
                  "Wikipedia's list of common misspellings. pyspellchecker is Norvig's corrector as a library, shown "
                  f"as a check of ours. Settings: {settings}."),
            Table("Character accuracy", ["arm", *of_characters], rows("characters", of_characters),
                  "Compare with identity, which changes nothing."),
            *_examples(records, arms),
        ],
        figures=_learning(plan, found),
    )  # fmt: skip


def _examples(records: Sequence[Record], arms: Sequence[str]) -> list[Table]:
    """Return a few misspellings with every arm's correction, from the first seed."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for record in records:
        if record.trial and record.trial.seed == 0:
            for name, word in record.texts.items():
                arm, typo, right = name.split("|")
                found.setdefault((typo, right), {})[arm] = word
    rows = [[typo, right, *(by.get(arm) for arm in arms)] for (typo, right), by in found.items()]
    return [Table("Examples from the test", ["written", "meant", *arms], rows, "First seed.")] if rows else []


def _learning(plan: Plan, found: Arms) -> list[Curves]:
    losses = {kind: [r.series["loss"] for r in found[kind] if "loss" in r.series] for kind in (CORRECTOR, CHANNEL)}
    series = [across(kind, middles(plan.updates), seeds, POSITIVE) for kind, seeds in losses.items() if seeds]
    caption = "Training loss. The channel's loss cannot reach zero because the same word is misspelt in many ways."
    return [Curves("Learning", "update", "nats per letter", series, caption=caption)] if series else []


def _share(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _has_library() -> bool:
    from importlib.util import find_spec

    return find_spec("spellchecker") is not None
