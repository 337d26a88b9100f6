"""Names by culture, and what temperature does to them.

**Question.** Can a small recurrent network conditioned on a culture write new names that pass for that culture's,
and what does the sampling temperature trade off?

**Method.** Names are deduplicated before the split, regardless of culture and capitals: in the list of surnames of 18
languages, 2,038 of 20,050 lines repeat another, and a model that memorized them would seem to invent. Each seed has
its own split: 60 % training; 8 % validation for early stopping; 17 % to train the judges, never seen by the network;
15 % for one test. A GRU or LSTM reads the letters, each concatenated with the embedding of the culture; an
unconditioned network of the same size shows what the culture contributes. The score is nats per character on the test
names, the end counting as a character; the baselines are n-grams with Witten-Bell smoothing, conditioned on culture
or not. Then, at each temperature, one name is sampled for each of a limited number of test names of each culture, so
that samples and real names have the same size and mix. The measures are: *valid*, the share that a classifier
(logistic regression on character n-grams, trained on the judges' names) assigns to the requested culture; *novel*,
the share not among the training names; *distinct*, the share of different names; *hits*, the share that are real
names of the culture unseen by the network; *likelihood*, nats per character under a trigram of the judges' names,
conditioned on culture. The real test names are measured in the same way.

**What to expect.** Samples at a low temperature are the safest and likeliest, likelier than real names; they repeat
and are often copied from training. Samples at a high temperature are new and often malformed. The classifier errs on
real names too, so compare its share on samples with its share on real names. If the real list is missing, six
invented cultures replace it; they are easier to distinguish.
"""

from collections.abc import Callable, Sequence
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
    nats_of_each,
    nats_per_character,
    write_names,
)  # fmt: skip
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Heatmap, Table
from elman.lab.formatting import percent
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.studies.ex22_names.results import (
    DISTINCT,
    culture_table,
    cultures_of,
    figures_of,
    mean,
    name_table,
    passages,
    stated,
    temperature_table,
)  # fmt: skip

COUNTED = "n-grams"  # the trial without a network
LAYERS = ("GRU", "LSTM")  # the drop-in layers, whose models `elman names` can load
PROTOTYPE = "prototype of this project, on one list of first names"


@dataclass(frozen=True)
class Plan:
    """The names, the network, its training, and the samples to draw."""

    names: str = "auto"  # names_by_language, invented, a folder of Culture.txt, or auto: the best one here
    cells: tuple[str, ...] = ("GRU", "LSTM")  # or further ones, by name or file.py:Class
    embedding_size: PositiveInt = 32
    condition_size: PositiveInt = 16
    hidden_size: PositiveInt = 128
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    updates: PositiveInt = 2000
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 4e-3
    temperatures: tuple[PositiveFloat, ...] = (0.5, 0.8, 1.0, 1.3)
    asked: PositiveInt = 60  # names per culture, at most
    seeds: PositiveInt = 5


QUICK = Plan(cells=("GRU",), hidden_size=96, dropout=0.1, updates=340, learning_rate=1.2e-2, asked=25, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State what the network must reach, and the expected effects of temperature."""
    from elman.cells.lookup import cell_label

    cold, hot = min(plan.temperatures), max(plan.temperatures)
    cell = cell_label(plan.cells[0])
    nats, share = "nats per character", "difference of shares"
    blind = named(cell, conditioned=False)

    def gap(measure: str, a: str | float, b: str | float) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.less(cell, cell, at(measure, a), at(measure, b))

    return [
        Claim("ngram", f"Conditioned on culture, the {cell} predicts unseen names better than a conditioned 5-gram.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2: recurrent nets ahead of n-grams",
              f"{nats} below the 5-gram", at_least=0.0,
              measure=lambda arms: arms.less(COUNTED, cell, "5-gram, conditioned", "nats")),
        Claim("unconditioned", f"Unconditioned, the {cell} predicts unseen names better than a 5-gram.",
              "Karpathy, Johnson & Fei-Fei (2015), table 2", f"{nats} below the 5-gram", at_least=0.0,
              measure=lambda arms: arms.less(COUNTED, blind, "5-gram", "nats")),
        Claim("culture", "Conditioning on culture lowers the network's loss.",
              "Mikolov & Zweig (2012): a context vector lowers perplexity", f"{nats} below the unconditioned net",
              at_least=0.0, measure=lambda arms: arms.less(blind, cell, "nats")),
        Claim("novel", f"More samples are new at temperature {hot:g} than at {cold:g}.",
              f"{PROTOTYPE}: .93 over .51", share, at_least=0.0, measure=gap("novel", hot, cold)),
        Claim("hits", f"More samples are unseen real names at temperature {cold:g} than at {hot:g}.",
              f"{PROTOTYPE}: .117 over .014", share, at_least=0.0, measure=gap("hits", cold, hot)),
        Claim("valid", f"More samples pass for the requested culture at temperature {cold:g} than at {hot:g}.",
              "textbook: temperature trades variety for safety", share, at_least=0.0,
              measure=gap("valid", cold, hot)),
        Claim("dull", f"At temperature {cold:g}, samples are likelier than real names.",
              "Holtzman et al. (2020): what is likeliest is not what people write", f"{nats} below real names",
              at_least=0.0, measure=gap("likelihood", "real", cold)),
    ]  # fmt: skip


def at(measure: str, where: str | float) -> str:
    """Return the name of a record's number: a measure at a temperature or of ``"real"`` names."""
    return f"{measure}|{where if isinstance(where, str) else format(where, 'g')}"


def named(cell: str, conditioned: bool) -> str:
    """Return an arm's name from its cell's label and whether it is conditioned on culture."""
    return cell if conditioned else f"{cell}, unconditioned"


def networks(plan: Plan) -> dict[str, tuple[str, bool]]:
    """Return, by arm, the cell's name and whether the network is conditioned on culture."""
    from elman.cells.lookup import cell_label

    return {named(cell_label(cell), given): (cell, given) for cell in plan.cells for given in (True, False)}


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per seed for each cell, conditioned or not, and for the n-grams.

    Raises:
        DataError: if the names cannot be read, or all belong to one culture.
    """
    from elman.cells.lookup import cell_inputs, cell_named
    from elman.data.errors import DataError
    from elman.data.names import names

    given = names(plan.names)
    if len(given.cultures) == 1:
        raise DataError(f"{plan.names} has names of {given.cultures[0]} alone; the study needs two cultures")
    read = {given.name: given.sha256}
    arms = {}
    for arm, (cell, _) in networks(plan).items():
        if cell not in LAYERS:
            cell_named(cell)
        arms[arm] = read | cell_inputs(cell)
    arms[COUNTED] = read
    return [Trial(arm, seed, inputs=inputs) for arm, inputs in arms.items() for seed in range(plan.seeds)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Score the n-grams; or train one network, test it once and, if it is conditioned, sample from it."""

    from elman.cells.lookup import cell_named
    from elman.data.names import names, split
    from elman.data.vocabulary import Vocabulary
    from elman.nn.conditional import ConditionalLanguageModel
    from elman.nn.recurrent import Recurrent
    from elman.nn.saving import save_made

    given = names(plan.names)
    parts = split(given.pairs, trial.seed or 0)
    if trial.arm == COUNTED:
        letters = len({letter for _, name in given.pairs for letter in name}) + 1  # and the end
        sizes = {f"{DISTINCT}|{culture}": float(len(given.by_culture[culture])) for culture in given.cultures}
        sizes |= {DISTINCT: float(len(given.pairs)), "lines": float(given.lines)}
        return Record(grams_of(parts, letters) | sizes, texts={"names": given.name})
    if not all(parts.values()) or len({culture for culture, _ in parts["judge"]}) < 2:
        raise TrialFailed(f"{given.name} has too few names to split and judge by: {len(given.pairs)}")
    vocabulary = Vocabulary.from_text(END + "".join(name for _, name in given.pairs))
    cell, conditioned = networks(plan)[trial.arm]
    settings: dict[str, Any] = {
        "vocabulary_size": len(vocabulary), "conditions": len(given.cultures) if conditioned else 1, "cell": cell,
        "embedding_size": plan.embedding_size, "condition_size": plan.condition_size,
        "hidden_size": plan.hidden_size, "dropout": plan.dropout,
    }  # fmt: skip
    further = cell not in LAYERS
    arguments: dict[str, Any] = settings | ({"cell": partial(Recurrent, cell_named(cell))} if further else {})
    model = ConditionalLanguageModel(**arguments)
    rows = {part: coded(own, given.cultures, vocabulary) for part, own in parts.items()}
    losses, checks = learn(
        model, rows["training"], rows["check"], plan.updates,
        batch_size=plan.batch_size, learning_rate=plan.learning_rate,
        each=lambda update, loss: desk.progress(update, plan.updates, loss=loss),
    )  # fmt: skip
    record = Record(series={"loss": losses, "check": checks})
    each = nats_of_each(model, rows["test"])
    record.numbers["nats"] = nats_per_character(each)
    for culture in given.cultures:
        own = [one for one, (of, _) in zip(each, parts["test"], strict=True) if of == culture]
        if own:
            record.numbers[f"nats|{culture}"] = nats_per_character(own)
    if conditioned:
        notes = {"cultures": list(given.cultures), "vocabulary": vocabulary.to_json(), "names": given.name}
        if not further:
            save_made(desk.folder / "model", model, settings, notes)
        _sample_and_judge(plan, trial, model, notes, parts, record)
    return record


def _sample_and_judge(plan: Plan, trial: Trial, model: Any, notes: dict, parts: dict, record: Record) -> None:
    """Sample as many names of each culture as are taken from the test part, and measure both."""
    judges = Judges(parts, notes["vocabulary"])
    real = []
    for culture in notes["cultures"]:
        own = [pair for pair in parts["test"] if pair[0] == culture]
        real += Random(trial.seed or 0).sample(own, min(plan.asked, len(own)))
    asked = [culture for culture, _ in real]
    for name, value in judges.measure(real).items():
        record.numbers[f"{name}|real"] = value
    for temperature in plan.temperatures:
        written = write_names(model, notes, asked, temperature, trial.seed or 0)
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
    """Return scores of networks and n-grams, the effects of temperature, scores by culture, and names."""
    from elman.cells.lookup import cell_label

    arms = Arms(records)
    counted = arms[COUNTED]
    first = cell_label(plan.cells[0])

    def values_at(measure: str, where: str | float) -> list[float]:
        return arms.numbers(first, at(measure, where))

    def share(measure: str, where: str | float) -> str:
        return percent(mean(values_at(measure, where)), 0)

    cold, hot = min(plan.temperatures), max(plan.temperatures)
    scores = {arm: arms.numbers(arm, "nats") for arm in arms if arm != COUNTED}
    scores |= {label: arms.numbers(COUNTED, label) for label in GRAMS if counted}
    tables = [
        Table("Nats per character on unseen names", ["model", "nats", "95 % interval", "splits"],
              [[arm, *stated(values), len(values)] for arm, values in scores.items()],
              "Networks are conditioned on the name's culture unless the row says otherwise. Each seed has its own "
              "split and start."),
    ]  # fmt: skip
    figures: list[Curves | Heatmap] = []
    summary = "No network was trained to the end."
    conditioned = arms[first]
    if conditioned and counted:
        tables += [
            temperature_table(plan.temperatures, values_at),
            culture_table(counted[0], conditioned, arms[named(first, conditioned=False)]),
            name_table(plan.temperatures, conditioned),
        ]
        figures = figures_of(plan.temperatures, values_at, cultures_of(counted[0]), conditioned)
        summary = (
            f"On unseen names of {counted[0].texts['names']}, a {first} conditioned on culture scores "
            f"{mean(scores[first]):.3f} nats per character and a conditioned 5-gram "
            f"{mean(scores['5-gram, conditioned']):.3f}. From temperature {cold:g} to {hot:g}, the share of samples "
            f"judged valid goes from {share('valid', cold)} to {share('valid', hot)} (real names: "
            f"{share('valid', 'real')}), and the share of new samples from {share('novel', cold)} to "
            f"{share('novel', hot)}."
        )
    return Findings(
        summary=summary,
        tables=tables,
        figures=figures,
        passages=passages(plan.temperatures, conditioned),
    )
