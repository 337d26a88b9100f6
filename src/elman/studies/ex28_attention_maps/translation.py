"""The second half of study 15.28: a translator's attention on text with known alignment and on real text."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Heatmap, Passage, Table
from elman.lab.over_seeds import SHARE
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

if TYPE_CHECKING:
    from elman.data.copying import Coder
    from elman.data.phrases import Phrase

__all__ = ["pictures", "run", "samples", "stated", "table", "translate", "trials"]

ARM = "additive"
GRAMMAR, MULTI30K = {"task": "translation, small grammar"}, {"task": "translation, Multi30k"}
NAMES = {GRAMMAR["task"]: "small grammar", MULTI30K["task"]: "Multi30k"}


def stated() -> list[Claim]:
    """State what attention shows about a translation."""

    def finds(name: str) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.on(**GRAMMAR).numbers(ARM, name)

    return [
        Claim("aligned", "A translator's largest weight is on the source word of the word it writes, or beside it.",
              "Bahdanau, Cho & Bengio (2015), figure 3", "share of words", at_least=0.9,
              measure=finds("within one")),
        Claim("late", "The translator attends to the English verb when it writes a clause-final German verb.",
              "Bahdanau, Cho & Bengio (2015): alignments that are not monotonic", "share of such verbs",
              at_least=0.9, measure=finds("late verb")),
    ]  # fmt: skip


def trials(seeds: int, updates_real: int) -> list[Trial]:
    """Return a trial of the small grammar per seed, and one of Multi30k if the data is available."""
    from elman import data

    found = [Trial(ARM, seed, GRAMMAR) for seed in range(seeds)]
    read = data.checksums("multi30k")
    return found + ([Trial(ARM, 0, MULTI30K, read)] if read and updates_real else [])


def run(plan: Any, trial: Trial, desk: Desk) -> Record:
    """Train a translator, save it, and translate the held-out sentences."""
    import random

    from elman.data.copying import Coder, common_words
    from elman.data.phrases import multi30k, phrases
    from elman.nn.saving import make_seq2seq, save_made
    from elman.train.loop import losses, train
    from elman.train.seq2seq import sequence_loss

    small, seed = trial.on == GRAMMAR, trial.seed or 0
    training = phrases(6000, seed) if small else multi30k("train")
    test = phrases(plan.test_size, seed, held_out=True) if small else multi30k("test_2016_flickr")
    sides = [[_side(p, k) for p in training] for k in (0, 1)]
    source, target = (Coder(common_words(side, 1 if small else 3)) for side in sides)
    width = plan.hidden_size if small else 2 * plan.hidden_size
    settings = {
        "source_size": len(source), "target_size": len(target), "embedding_size": width, "hidden_size": width,
        "attention": "additive", "dropout": 0.0 if small else 0.3,
    }  # fmt: skip
    model = make_seq2seq(settings)
    choice = random.Random(seed)
    ordered = sorted(training, key=lambda p: (len(p.target), len(p.source)))
    updates, size = (plan.updates_small if small else plan.updates_real), plan.batch_size // 2

    def draw(update: int):
        start = choice.randrange(max(1, len(ordered) - 8 * size))  # sentences of similar length
        return _batch(choice.sample(ordered[start : start + 8 * size], size), source, target)

    steps = train(
        model, lambda update: sequence_loss(model, draw(update)), updates, learning_rate=5e-3 if small else 2e-3
    )
    losses(steps, lambda update, loss: desk.progress(update, updates, loss=loss))
    notes = {"source": source.words, "target": target.words, "tokeniser": "multi30k"}
    save_made(desk.folder / "model", model.eval(), settings, notes)
    written = translate(model, source, target, [p.source for p in test])
    numbers = _scores(test, written)
    said = [f"{' '.join(p.source)}  ->  {' '.join(words)}" for p, words in zip(test[:5], written[:5], strict=True)]
    shown = next((p for p in test if len(p.source) > 9), test[0])
    weights = _weights(model, source, target, shown)
    if small:
        numbers |= _alignment(model, source, target, test)
    texts = {"source": " ".join(shown.source), "target": " ".join(shown.target), "said": "\n".join(said)}
    return Record(numbers, texts=texts, arrays={"map": weights})


def translate(model: Any, source: "Coder", target: "Coder", sentences: Sequence[Sequence[str]]) -> list[list[str]]:
    """Translate sentences greedily."""
    import torch

    from elman.data.copying import Example
    from elman.decode import beam_search

    found: list[list[str]] = []
    for start in range(0, len(sentences), 100):
        part = [Example(tuple(words), ()) for words in sentences[start : start + 100]]
        batch = source.batch(part, copies=False)
        with torch.no_grad():
            beams = beam_search(
                model.step, torch.full((len(part),), target.begin), eos=target.end, beam_width=1,
                max_length=2 * int(batch.lengths.max()) + 5, state=model.encode(batch.source, batch.lengths),
            )  # fmt: skip
        found += [target.decode(row[row >= 0].tolist(), ()) for row in beams.tokens[:, 0]]
    return found


def _side(phrase: "Phrase", which: int):
    from elman.data.copying import Example

    return Example((phrase.source, phrase.target)[which], ())


def _batch(part: "Sequence[Phrase]", source: "Coder", target: "Coder"):
    from elman.data.pairs import batch_pairs

    return batch_pairs(
        [source.encode(_side(p, 0))[0] for p in part], [target.encode(_side(p, 1))[0] for p in part], target.begin,
        target.end,
    )  # fmt: skip


def _weights(model: Any, source: "Coder", target: "Coder", phrase: "Phrase"):
    """Return the attention ``[T, S]`` under teacher forcing."""
    import torch

    batch = _batch([phrase], source, target)
    with torch.no_grad():
        state = model.encode(batch.source, batch.lengths)
        return model.decode(batch.target[: len(phrase.target)], state)[1][:, 0].numpy()


def _alignment(model: Any, source: "Coder", target: "Coder", test: "Sequence[Phrase]") -> dict[str, float]:
    """Return how often the largest weight is on the aligned word, under teacher forcing."""
    exact, near, late, count, verbs = 0, 0, 0, 0, 0
    for phrase in test[:200]:
        highest = _weights(model, source, target, phrase).argmax(-1)
        for word, (found, true) in enumerate(zip(highest.tolist(), phrase.aligned, strict=True)):
            if true < 0:
                continue
            count, exact, near = count + 1, exact + (found == true), near + (abs(found - true) <= 1)
            if "that" in phrase.source and word == len(phrase.target) - 1:
                verbs, late = verbs + 1, late + (abs(found - true) <= 1)
    return {"on it": exact / count, "within one": near / count, "late verb": late / max(1, verbs)}


def _scores(test: "Sequence[Phrase]", written: Sequence[Sequence[str]]) -> dict[str, float]:
    numbers = {"exact": sum(list(p.target) == list(w) for p, w in zip(test, written, strict=True)) / len(test)}
    try:
        import sacrebleu
    except ImportError:  # an extra
        return numbers
    said, meant = [" ".join(words) for words in written], [" ".join(p.target) for p in test]
    numbers["BLEU"] = sacrebleu.corpus_bleu(said, [meant], tokenize="none", force=True).score
    numbers["chrF"] = sacrebleu.corpus_chrf(said, [meant]).score
    return numbers


def table(arms: Arms) -> Table:
    """Return a table of the scores on each set of sentences."""
    columns = {
        "exact": "sentences right", "BLEU": "BLEU", "chrF": "chrF", "on it": "largest weight on the aligned word",
        "within one": "on it or beside it", "late verb": "clause-final verb, within one",
    }  # fmt: skip
    rows: list[list[Any]] = []
    for task, name in NAMES.items():
        there = arms.on(task=task)
        if ARM in there:
            scores = (
                there.formatted(ARM, column, (0, 100), 1)
                if column in ("BLEU", "chrF")
                else there.formatted(ARM, column, SHARE)
                for column in columns
            )
            rows.append([name, *scores])
    return Table("Translating English to German", ["sentences", *columns.values()], rows,
                 "On held-out sentences. BLEU uses the study's own tokens, lower case for Multi30k: not comparable "
                 "with scores of whole texts.")  # fmt: skip


def pictures(arms: Arms) -> list[Heatmap]:
    """Draw the attention over one sentence of each set."""
    found = []
    for task in NAMES:
        for record in arms.on(task=task)[ARM][:1]:
            found.append(
                Heatmap(f"Attention of a {task}", "read", "written", record.arrays["map"].tolist(),
                        record.texts["source"].split(), record.texts["target"].split(),
                        "Under teacher forcing; rows sum to one. First seed.", "attention weight")
            )  # fmt: skip
    return found


def samples(arms: Arms) -> list[Passage]:
    """Return sample translations."""
    return [
        Passage(f"Written by the {task}", record.texts["said"], "sample")
        for task in NAMES for record in arms.on(task=task)[ARM][:1]
    ]  # fmt: skip
