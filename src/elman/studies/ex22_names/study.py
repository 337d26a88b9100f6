"""Names by culture, and what temperature does to them.

**Question.** Can a small recurrent network, told a culture, write new names that pass for that culture's, and what
does the sampling temperature trade for what?

**Method.** Names are deduplicated before they are split, whatever their culture and capitals: in the list of
surnames of 18 languages 2,038 of 20,050 lines only repeat another, and a model that remembers them would seem to
invent. Each seed has its own split: 60 % train; 8 % say when to stop; 17 % train the judges, which the network never
sees; 15 % test, once. A GRU or LSTM reads the letters, the embedding of the culture joined to each; a net of the
same size that is told nothing shows what that is worth. The score is nats a character on the test names, the end
counting as one, beside n-grams with Witten-Bell smoothing, told the culture or not. Then, at each temperature, a
name is drawn for each of at most so many test names of each culture, so that samples and real names have the same
number and mix. They are measured: *valid*, the share that a classifier (logistic regression on character n-grams,
trained on the judges' names) gives to the culture asked for; *novel*, the share not among training names;
*distinct*, the share of different ones; *hits*, the share that are real names of the culture which the network has
not seen; *likelihood*, nats a character under a trigram of the judges' names, told the culture. The real test names
are measured beside them.

**What to expect.** Cold samples are the safest and the likeliest, likelier than real names, repeat one another, and
are often copied from training; hot ones are new and fall to pieces. No judge is perfect: the classifier errs on real
names too, and only its share on these says what a share on samples is worth. Where the real list is missing, six
invented cultures stand in for it, easier to tell apart.
"""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Annotated, Any

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.apps.names import (
    END,
    GRAMS,
    Judges,
    coded,
    grams_of,
    learn,
    nats_a_character,
    nats_of_each,
    write_names,
)  # fmt: skip
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Heatmap, Table
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.verdicts import judge
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.ex22_names.results import (
    culture_table,
    figures_of,
    mean,
    name_table,
    passages,
    stated,
    temperature_table,
)  # fmt: skip

LAYERS = ("GRU", "LSTM")  # the drop-in layers, whose models `elman names` can read again
PROTOTYPE = "prototype of this project, on one list of first names"


@dataclass(frozen=True)
class Plan:
    """The names, the network, its training, and the samples to draw."""

    names: str = "auto"  # names_by_language, invented, a folder of Culture.txt, or the best this machine has
    cells: tuple[str, ...] = ("GRU", "LSTM")  # or further ones, by name or file.py:Class
    embedding_size: PositiveInt = 32
    condition_size: PositiveInt = 16
    hidden_size: PositiveInt = 128
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    updates: PositiveInt = 2000
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 4e-3
    temperatures: tuple[PositiveFloat, ...] = (0.5, 0.8, 1.0, 1.3)
    asked: PositiveInt = 60  # names of each culture, at most
    seeds: PositiveInt = 5


QUICK = Plan(cells=("GRU",), hidden_size=96, dropout=0.1, updates=340, learning_rate=1.2e-2, asked=25, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """What the network must reach, and what temperature is said to do."""
    from elman.cells.lookup import cell_label

    cold, hot = min(plan.temperatures), max(plan.temperatures)
    cell = cell_label(plan.cells[0])
    nats, share = "nats a character", "difference of shares"
    return [
        Claim("ngram", f"Told the culture, the {cell} predicts unseen names better than a 5-gram told it too.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2: recurrent nets ahead of n-grams", f"{nats} below it",
              at_least=0.0),
        Claim("untold", f"Told nothing, the {cell} predicts them better than a 5-gram.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2", f"{nats} below it", at_least=0.0),
        Claim("culture", "To be told the culture helps the network.",
              "Mikolov & Zweig (2012): a context vector lowers perplexity", f"{nats} below the net not told",
              at_least=0.0),
        Claim("novel", f"At temperature {hot:g} more samples are new than at {cold:g}.",
              f"{PROTOTYPE}: .93 over .51", share, at_least=0.0),
        Claim("hits", f"At temperature {cold:g} more samples are real names never seen than at {hot:g}.",
              f"{PROTOTYPE}: .117 over .014", share, at_least=0.0),
        Claim("valid", f"At temperature {cold:g} more samples pass for the culture asked for than at {hot:g}.",
              "textbook: temperature trades variety for safety", share, at_least=0.0),
        Claim("dull", f"At temperature {cold:g} samples are likelier than real names.",
              "Holtzman et al. (2020): what is likeliest is not what people write", f"{nats} below real names",
              at_least=0.0),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Each cell, told and not told, with each seed, bound to the names it reads.

    Raises:
        DataError: if the names cannot be read, or are of one culture.
    """
    from elman.cells.lookup import cell_inputs, cell_label, cell_named
    from elman.data.errors import DataError
    from elman.data.names import names

    given = names(plan.names)
    if len(given.cultures) == 1:
        raise DataError(f"{plan.names} has names of {given.cultures[0]} alone; the study needs two cultures")
    arms: list[tuple[str, dict[str, str]]] = []
    for cell in plan.cells:
        read = {"names": given.name, "sha256": given.sha256}
        if cell not in LAYERS:
            cell_named(cell)
            read |= {"cell": cell, "cell_sha256": cell_inputs(cell).get("sha256", "")}
        arms += [(f"{cell_label(cell)}{how}", read) for how in ("", ", not told")]
    return [Trial(variant, seed, inputs) for variant, inputs in arms for seed in range(plan.seeds)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network, test it once; if it is told the culture, sample from it, judge, and leave the model."""

    from elman.cells.lookup import cell_named
    from elman.data.names import names, split
    from elman.data.vocabulary import Vocabulary
    from elman.nn.conditional import ConditionalLanguageModel
    from elman.nn.recurrent import Recurrent
    from elman.nn.saving import save_made

    given = names(plan.names)
    parts = split(given.pairs, trial.seed)
    if not all(parts.values()) or len({culture for culture, _ in parts["judge"]}) < 2:
        raise TrialFailed(f"{given.name} has too few names to split and judge by: {len(given.pairs)}")
    vocabulary = Vocabulary.from_text(END + "".join(name for _, name in given.pairs))
    cell, _, untold = trial.variant.partition(", ")
    settings: dict[str, Any] = {
        "vocabulary_size": len(vocabulary), "conditions": 1 if untold else len(given.cultures), "cell": cell,
        "embedding_size": plan.embedding_size, "condition_size": plan.condition_size,
        "hidden_size": plan.hidden_size, "dropout": plan.dropout,
    }  # fmt: skip
    further = trial.inputs.get("cell")
    made_of: dict[str, Any] = settings | ({"cell": partial(Recurrent, cell_named(further))} if further else {})
    model = ConditionalLanguageModel(**made_of)
    rows = {part: coded(own, given.cultures, vocabulary) for part, own in parts.items()}
    losses, checks = learn(
        model, rows["training"], rows["check"], plan.updates,
        batch_size=plan.batch_size, learning_rate=plan.learning_rate,
        each=lambda update, loss: desk.progress(update, plan.updates, loss=loss),
    )  # fmt: skip
    record = Record(series={"loss": losses, "check": checks})
    each = nats_of_each(model, rows["test"])
    record.numbers["nats"] = nats_a_character(each)
    for culture in given.cultures:
        own = [one for one, (of, _) in zip(each, parts["test"], strict=True) if of == culture]
        if own:
            record.numbers[f"nats|{culture}"] = nats_a_character(own)
    if not untold:
        notes = {"cultures": list(given.cultures), "vocabulary": vocabulary.to_json(), "names": given.name}
        if not further:
            save_made(desk.folder / "model", model, settings, notes)
        _sample_and_judge(plan, trial, model, notes, parts, record)
    return record


def _sample_and_judge(plan: Plan, trial: Trial, model: Any, notes: dict, parts: dict, record: Record) -> None:
    """Write as many names of each culture as are taken from the test, and measure both."""
    judges = Judges(parts, notes["vocabulary"])
    real = []
    for culture in notes["cultures"]:
        own = [pair for pair in parts["test"] if pair[0] == culture]
        real += Random(trial.seed).sample(own, min(plan.asked, len(own)))
    asked = [culture for culture, _ in real]
    for name, value in judges.measure(real).items():
        record.numbers[f"{name}|real"] = value
    for temperature in plan.temperatures:
        written = write_names(model, notes, asked, temperature, trial.seed)
        samples = list(zip(asked, written, strict=True))
        for name, value in judges.measure(samples).items():
            record.numbers[f"{name}|{temperature:g}"] = value
        record.arrays[f"judged|{temperature:g}"] = judges.confusion(samples, notes["cultures"])
        for culture in notes["cultures"]:
            own = [name for of, name in samples if of == culture]
            shown = [name + "*" * ((culture, name) in judges.training) for name in dict.fromkeys(own)]
            record.texts[f"{culture}|{temperature:g}"] = ", ".join(shown[:30])
    record.arrays["judged|real"] = judges.confusion(real, notes["cultures"])


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Scores beside the n-grams, what temperature does, by culture, and the names."""
    from elman.cells.lookup import cell_label
    from elman.data.names import names, split

    given = names(plan.names)
    letters = len({letter for _, name in given.pairs for letter in name}) + 1  # and the end
    arms = Arms(records)
    first = cell_label(plan.cells[0])
    untold = f"{first}, not told"
    seeds = sorted({seed for arm in arms for seed in arms.by_seed(arm)})
    grams = {seed: grams_of(split(given.pairs, seed), letters) for seed in seeds}

    def key(measure: str, where: str | float) -> str:
        return f"{measure}|{where if isinstance(where, str) else format(where, 'g')}"

    def at(measure: str, where: str | float) -> list[float]:
        return arms.numbers(first, key(measure, where))

    def gap(measure: str, a: str | float, b: str | float) -> list[float]:
        return arms.less(first, first, key(measure, a), key(measure, b))

    cold, hot = min(plan.temperatures), max(plan.temperatures)
    measured = {
        "ngram": [grams[seed]["5-gram, told"] - r.numbers["nats"] for seed, r in arms.by_seed(first).items()],
        "untold": [grams[seed]["5-gram"] - r.numbers["nats"] for seed, r in arms.by_seed(untold).items()],
        "culture": arms.less(untold, first, "nats"),
        "novel": gap("novel", hot, cold), "hits": gap("hits", cold, hot), "valid": gap("valid", cold, hot),
        "dull": gap("likelihood", "real", cold),
    }  # fmt: skip
    scores = {arm: arms.numbers(arm, "nats") for arm in arms}
    scores |= {label: [own[label] for own in grams.values()] for label in GRAMS}
    tables = [
        Table("Nats a character on unseen names", ["model", "nats", "95 % interval", "splits"],
              [[arm, *stated(values), len(values)] for arm, values in scores.items()],
              "Told or not: whether it knows the name's culture. Each seed has its own split and start."),
    ]  # fmt: skip
    figures: list[Curves | Heatmap] = []
    summary = "No network was trained to the end."
    knowing = arms[first]
    if knowing:
        tables += [
            temperature_table(plan.temperatures, at),
            culture_table(given, knowing, arms[untold]),
            name_table(plan.temperatures, knowing),
        ]
        figures = figures_of(plan.temperatures, at, given.cultures, knowing)
        summary = (
            f"On unseen names of {given.name} a {first} that is told the culture has {mean(scores[first]):.3f} nats "
            f"a character, where a 5-gram told it too has {mean(scores['5-gram, told']):.3f}; from temperature "
            f"{cold:g} to {hot:g} the share of samples judged valid goes from {percent(mean(at('valid', cold)), 0)} "
            f"to {percent(mean(at('valid', hot)), 0)} (real names: {percent(mean(at('valid', 'real')), 0)}), that "
            f"of new ones from {percent(mean(at('novel', cold)), 0)} to {percent(mean(at('novel', hot)), 0)}."
        )
    return Findings(
        summary=summary,
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=tables,
        figures=figures,
        passages=passages(plan.temperatures, knowing),
    )
