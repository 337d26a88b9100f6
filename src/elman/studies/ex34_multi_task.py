"""One network, two tasks: sentiment and parts of speech together, against each alone.

**Question.** A lower LSTM layer is shared by a tagger of parts of speech and a classifier of sentiment. Does either
gain from the other?

**Method.** Words come as vectors of the word, its last three letters and its shape. A bidirectional LSTM reads them;
from its outputs a tag is decided for each word. A second bidirectional LSTM reads those outputs, and from its largest
outputs the sentiment is decided (Søgaard & Goldberg, 2016: the lower task at the lower layer). The two tasks have
different sentences, so batches alternate. The single-task networks are the same networks, trained on their own task
alone for as many updates of that task. So that a gain of the classifier is not merely that of more text or more
noise, a control has the tagger learn *shuffled* tags. The classifier is trained on few sentences, more, and all.
Taggers of words alone, and of words read forwards only, and every word's most frequent tag stand beside. Sentences
are UD English-EWT and SST-2 where they are there, the embedded grammar of reviews otherwise; every test is read once.

**What to expect.** With all sentences a point either way. With few, syntax might help. The letters of a word are
worth more to a tagger than anything else: a prototype had 92.7 % of words and 94.75 % with suffix and shape.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.desk import Desk, TrialFailed
from elman.lab.findings import Claim, Curves, Findings, Series, Table
from elman.lab.judge import interval, judge
from elman.lab.study import Record, Trial
from elman.studies import sentiment

if TYPE_CHECKING:
    from elman.data.sentences import Corpus

TAGGERS = ("tags alone", "tags alone, words only", "tags alone, forwards only")
COLUMNS = {"word": 1.0, "suffix": 0.3, "shape": 0.1}  # and the share of the word's width


@dataclass(frozen=True)
class Plan:
    """The sentences, the networks and their training."""

    data: str = "auto"  # of the sentiment
    tags: str = "auto"
    tagged: NonNegativeInt = 0  # tagged sentences to train on; 0 for all
    sizes: tuple[int, ...] = (500, 2000, 0)  # sentences with a sentiment; 0 for all
    width: PositiveInt = 100
    hidden_size: PositiveInt = 100
    dropout: float = 0.4
    word_dropout: float = 0.05
    updates: PositiveInt = 3000  # of each task
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 3e-3
    seeds: PositiveInt = 3


QUICK = Plan(tagged=1200, sizes=(500,), width=40, hidden_size=32, updates=100, learning_rate=8e-3)


def claims(plan: Plan) -> list[Claim]:
    """What each task gains, and what letters are worth."""
    sogaard = "Søgaard & Goldberg (2016), Deep multi-task learning with low level tasks supervised at lower layers"
    return [
        Claim("few", f"With {plan.sizes[0]} sentences the sentiment gains from tags.", sogaard, "accuracy gained",
              at_least=0.0),
        Claim("syntax", "It gains more than from shuffled tags.", "the control", "accuracy gained", at_least=0.0),
        Claim("tags", "The tagger loses less than half a point.", "textbook exercise 15.34", "accuracy lost",
              at_most=0.005),
        Claim("letters", "Suffix and shape are worth at least a point to the tagger.",
              "a prototype of this study: 92.7 to 94.75 %", "accuracy gained", at_least=0.01),
        Claim("both", "So is reading both ways.", "a prototype of this study: 92.5 to 94.75 %", "accuracy gained",
              at_least=0.01),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Taggers alone; for every size the classifier alone, with tags, and with shuffled ones."""
    from elman.data.sentences import tagged

    corpus = tagged(plan.tags)
    inputs = {f"{k} of tags": v for k, v in (("data", corpus.name), ("sha256", corpus.sha256))}
    inputs |= sentiment.inputs(plan.data)
    arms = list(TAGGERS)
    for size in plan.sizes:
        arms += [f"{how}, {_sized(size)}" for how in ("sentiment alone", "together", "together, shuffled tags")]
    return [Trial(arm, seed, inputs) for arm in arms for seed in range(plan.seeds)]


def _sized(size: int) -> str:
    return f"{size or 'all'} sentences"


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network on one task or two, and read their tests once."""
    import numpy as np
    import torch

    from elman.data.lexicon import Lexicon
    from elman.data.sentences import tagged
    from elman.nn import Recurrent
    from elman.nn.saving import make_text_model, save_made
    from elman.nn.text import Above, TextClassifier
    from elman.train.epochs import Labelled, logits_of
    from elman.train.step import LossNotFinite

    arm = trial.variant
    tagging = tagged(plan.tags)
    some = list(tagging.training)[: plan.tagged or None]
    size = next((n for n in plan.sizes if arm.endswith(_sized(n))), 0)
    judged = sentiment.load(plan.data, size)
    columns = ("word",) if "words only" in arm else tuple(COLUMNS)
    reads = [[one.words for one in part] for part in (some, judged.training) if part]
    lexicon = Lexicon.of(
        [words for part in (reads[:1] if "tags alone" in arm else reads) for words in part], columns, 2
    )
    widths = [max(2, int(plan.width * COLUMNS[column])) for column in columns]
    settings = {
        "kind": "Tagger", "sizes": list(lexicon.sizes), "widths": widths, "cell": "LSTMCell",
        "hidden_size": plan.hidden_size * (2 if "forwards" in arm else 1), "bidirectional": "forwards" not in arm,
        "classes": len(tagging.tags), "dropout": plan.dropout, "word_dropout": plan.word_dropout,
    }  # fmt: skip
    tagger: Any = make_text_model(settings)
    upper = Recurrent(type(tagger.encoder.cells[0]), tagger.encoder.output_size, plan.hidden_size, bidirectional=True)
    above = Above(tagger.encoder, upper, plan.dropout)
    classifier = TextClassifier(tagger.embedding, above, 2, dropout=plan.dropout)
    both = torch.nn.ModuleList([tagger, classifier])
    tags, classes = tagging.tags, judged.labels
    generator = np.random.default_rng(trial.seed)

    def words_of(part: Any) -> list[Any]:
        return [torch.from_numpy(lexicon.encode(one.words)) for one in part]

    def tags_of(part: Any) -> list[Any]:
        return [torch.tensor([tags.index(tag) for tag in one.tags]) for one in part]

    truth = tags_of(some)
    if "shuffled" in arm:
        pool = torch.cat(truth)[torch.from_numpy(generator.permutation(sum(map(len, truth))))]
        truth = list(pool.split([len(one) for one in truth]))
    jobs = []
    if "sentiment alone" not in arm:
        jobs.append((tagger, Labelled(words_of(some), truth)))
    if "tags alone" not in arm:
        answers = [classes.index(one.label) for one in judged.training]
        jobs.append((classifier, Labelled(words_of(judged.training), answers)))
    try:
        _alternate(plan, both, jobs, generator, desk)
    except LossNotFinite as error:
        raise TrialFailed(str(error)) from None
    numbers: dict[str, float] = {}
    if "sentiment alone" not in arm:
        true = tags_of(tagging.test)
        found = logits_of(tagger, Labelled(words_of(tagging.test), true))
        hits = [int((f.argmax(-1) == t).sum()) for f, t in zip(found, true, strict=True)]
        numbers["tags"] = sum(hits) / sum(len(one.words) for one in tagging.test)
        numbers["most frequent"] = _most_frequent(tagging, some)
        if "shuffled" not in arm:
            notes = {"lexicon": lexicon.to_json(), "classes": tags}
            save_made(desk.folder / "model", tagger.eval(), settings, notes)
    if "tags alone" not in arm:
        answers = [classes.index(one.label) for one in judged.test]
        found = logits_of(classifier, Labelled(words_of(judged.test), answers))
        numbers["sentiment"] = sum(int(f.argmax()) == a for f, a in zip(found, answers, strict=True)) / len(answers)
    return Record(numbers, texts={"tags": tagging.name, "sentiment": judged.name})


def _alternate(plan: Plan, model: Any, jobs: Sequence[Any], generator: Any, desk: Desk) -> None:
    """One update of each task in turn, on batches of sentences of like length."""
    from torch.nn.functional import cross_entropy

    from elman.data.batches import Batches
    from elman.train.epochs import NOTHING
    from elman.train.minimise import minimise

    batches = [Batches(data.lengths, plan.batch_size, int(generator.integers(2**31))) for _, data in jobs]
    total = plan.updates * len(jobs)

    def loss(update: int) -> Any:
        which = update % len(jobs)
        net, data = jobs[which]
        x, lengths, targets = data[batches[which][update // len(jobs)]]
        return cross_entropy(net(x, lengths).flatten(0, -2), targets.flatten(), ignore_index=NOTHING)

    minimise(
        model, loss, total, learning_rate=plan.learning_rate,
        each=lambda update, value: desk.progress(update, total, loss=value),
    )  # fmt: skip


def _most_frequent(corpus: "Corpus", training: Sequence[Any]) -> float:
    """Accuracy of every word's most frequent tag, and of the most frequent of all for words never seen."""
    from collections import Counter, defaultdict

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in training:
        for word, tag in zip(one.words, one.tags, strict=True):
            counts[word][tag] += 1
            counts[""][tag] += 1
    best = {word: count.most_common(1)[0][0] for word, count in counts.items()}
    pairs = [(best.get(w, best[""]), t) for one in corpus.test for w, t in zip(one.words, one.tags, strict=True)]
    return sum(said == true for said, true in pairs) / len(pairs)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Both tasks, alone and together, by the number of sentences."""
    arms: dict[str, list[Record]] = {}
    for record in records:
        assert record.trial is not None
        arms.setdefault(record.trial.variant, []).append(record)

    def values(arm: str, name: str) -> list[float]:
        return [record.numbers[name] for record in arms.get(arm, []) if name in record.numbers]

    def less(one: Sequence[float], other: Sequence[float]) -> list[float]:
        return [a - b for a, b in zip(one, other, strict=False)]

    def told(arm: str, name: str) -> str | None:
        found = values(arm, name)
        if not found:
            return None
        mean, low, high = interval(found)
        return f"{mean:.4f} ({low:.4f} to {high:.4f})" if len(found) > 1 else f"{mean:.4f}"

    few, all_of = _sized(plan.sizes[0]), _sized(plan.sizes[-1])
    alone, words, forwards = (values(arm, "tags") for arm in TAGGERS)
    gain = less(values(f"together, {few}", "sentiment"), values(f"sentiment alone, {few}", "sentiment"))
    noise = less(
        values(f"together, shuffled tags, {few}", "sentiment"), values(f"sentiment alone, {few}", "sentiment")
    )
    measured = {
        "few": gain, "syntax": less(gain, noise), "tags": less(alone, values(f"together, {all_of}", "tags")),
        "letters": less(alone, words), "both": less(alone, forwards),
    }  # fmt: skip
    hows = ("sentiment alone", "together", "together, shuffled tags")
    names = next((r.texts for r in records), {"tags": "", "sentiment": ""})
    lines = [
        Series(how, [n or 7000 for n in plan.sizes],
               [interval(values(f"{how}, {_sized(n)}", "sentiment") or [float("nan")])[0] for n in plan.sizes])
        for how in hows
    ]  # fmt: skip
    tagged_rows = [[arm, told(arm, "tags")] for arm in arms if values(arm, "tags") and "shuffled" not in arm]
    frequent = next(iter(values(TAGGERS[0], "most frequent")), None)
    reached = interval(alone)[0] if alone else float("nan")
    joined = [told(f"{how}, {few}", "sentiment") for how in hows[:2]]
    return Findings(
        summary=f"On {names['tags']} the tagger alone has {reached:.2%}; on {names['sentiment']}, of {few}, the "
        f"classifier alone {joined[0]}, together with tags {joined[1]}.",
        claims=[judge(claim, measured[claim.key]) for claim in claims(plan)],
        tables=[
            Table(f"Words of {names['tags']} tagged rightly", ["network", "accuracy"],
                  [["every word's most frequent tag", frequent and f"{frequent:.4f}"], *tagged_rows],
                  "Means with 95 % intervals over seeds."),
            Table(f"Sentences of {names['sentiment']} decided rightly", ["trained on", *hows],
                  [[_sized(n), *(told(f"{how}, {_sized(n)}", "sentiment") for how in hows)] for n in plan.sizes]),
        ],
        figures=[
            Curves("Sentiment by the number of sentences", "sentences trained on (all drawn at 7,000)",
                   "share decided rightly", lines, log_x=True, caption="Mean over seeds."),
        ],
    )  # fmt: skip
