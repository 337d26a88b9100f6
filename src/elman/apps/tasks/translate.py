"""Translate a text into another: sentences, spellings or inflected forms, by an encoder-decoder with attention."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from elman.apps.chrf import chrf
from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import Share, read_settings
from elman.apps.saved_notes import Translator, parse
from elman.apps.saved_notes import fit as check_sizes
from elman.apps.translating import Codes, translated
from elman.baselines.suffixes import SuffixChanges
from elman.data.batches import Batches
from elman.data.copying import Coder, Example
from elman.data.errors import DataError
from elman.data.own_lines import own_lines
from elman.data.text_pairs import TextPairs, read_text_pairs
from elman.data.tokens import TOKENISERS
from elman.errors import named
from elman.nn.saving import load_seq2seq, make_seq2seq
from elman.train.seq2seq import sequence_loss

__all__ = ["TASK", "FittedTranslator", "Form", "Pair", "Settings", "Using"]

SHOWN = 10  # mistakes
CHECKED = 1000  # validation pairs whose loss is computed
MANY = 1000  # pairs from which on words that occur once are unknown
WHAT = "a translator"


@dataclass(frozen=True)
class Settings:
    """How texts are split, and the network."""

    units: Literal["auto", "words", "characters"] = "auto"
    tokeniser: str = "words"  # how a text is split into words
    min_count: NonNegativeInt = 0  # of a word to be known; 0: 2 if there are many pairs, else 1
    vocabulary: PositiveInt = 20_000  # words of each side, the most frequent ones
    embedding_size: PositiveInt = 64
    hidden_size: PositiveInt = 128
    dropout: Share = 0.2
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 4e-3
    epochs: PositiveInt = 60  # at most


@dataclass(frozen=True)
class Using:
    """How to translate."""

    beam: Annotated[int, Field(ge=1, le=1000)] = 1  # hypotheses that the search keeps; 1 is greedy


@dataclass(frozen=True)
class Form:
    """What the pairs of a file have in common."""

    units: str
    tokeniser: str
    inflected: bool

    @property
    def between(self) -> str:
        """What is written between two tokens."""
        return " " if self.units == "words" else ""


@dataclass(frozen=True)
class Pair:
    """A source and its target.

    Args:
        text: tokens of the source, its features first, and of the target.
        features: the features of an inflected form.
        form: what all pairs have in common.
    """

    text: Example
    features: tuple[str, ...]
    form: Form

    @property
    def source(self) -> str:
        """The source without its features, as text."""
        return self.form.between.join(self.text.source[len(self.features) :])

    @property
    def target(self) -> str:
        """The target, as text."""
        return self.form.between.join(self.text.target)


class FittedTranslator(Fitted[Pair]):
    """An encoder-decoder with its vocabularies."""

    task = "translate"

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any], codes: Codes):
        super().__init__(module, settings, notes)
        self.codes = codes

    @property
    def reading(self) -> Mapping[str, Any]:
        """The units and the tokeniser."""
        return {"units": self.codes.units, "tokeniser": self.codes.tokeniser}

    def judge(self, records: Sequence[Pair]) -> Judged:
        """Return the exact matches of texts read as characters, the chrF of texts read as words; greedy decoding."""
        form = records[0].form
        if (form.inflected, form.units) != (self.codes.inflected, self.codes.units):
            raise ValueError(
                "the model reads lemmas with features, the files have none; or the files have them and it does not"
            )
        written = [
            self.codes.between.join(row)
            for row in translated(self.module, self.codes, [one.text.source for one in records])
        ]
        score = scored(records, written)
        wrong = [(chrf(w, one.target), k) for k, (w, one) in enumerate(zip(written, records, strict=True))
                 if w != one.target]  # fmt: skip
        mistakes = [
            Mistake(" ".join([*records[k].features, records[k].source]), records[k].target, written[k])
            for _, k in sorted(wrong)[:SHOWN]
        ]
        exact = 1 - len(wrong) / len(records)
        said = [f"{exact:.1%} of the targets are written exactly"] if form.units == "words" else []
        return Judged(score, mistakes, said)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield the target of each line; a line of an inflected form is a lemma, a tab and its features."""
        how = read_settings(Using, options or {})
        for line in lines:
            if not line.strip():
                yield Answer("", {"text": line, "written": ""})
                continue
            try:
                (row,) = translated(self.module, self.codes, [self.codes.split(line)], how.beam)
            except ValueError as error:
                yield Answer(error=str(error))
                continue
            written = self.codes.between.join(row)
            yield Answer(written, {"text": line, "written": written})


class _Learner(Learner[Pair]):
    def __init__(self, training: Sequence[Pair], validation: Sequence[Pair], request: Request):
        self.plan = plan = read_settings(Settings, request.settings)
        self.training, form = training, training[0].form
        copies = form.units == "characters"  # most characters of a form are those of its lemma
        least = 1 if copies else plan.min_count or (2 if len(training) >= MANY else 1)
        sides = [[one.text.source for one in training], [one.text.target for one in training]]
        known = [frequent(side, least, plan.vocabulary) for side in sides]
        source = Coder([*known[0], *known[1]] if copies else known[0])
        target = source if copies else Coder(known[1])
        self.codes = Codes(source, target, form.tokeniser, form.units, form.inflected, copies)
        self.settings = {
            "source_size": len(source), "target_size": len(target), "embedding_size": plan.embedding_size,
            "hidden_size": plan.hidden_size, "cell": request.cell or "GRUCell", "attention": "multiplicative",
            "head": "pointer-generator" if copies else "generator", "dropout": plan.dropout,
        }  # fmt: skip
        self.module = make_seq2seq(self.settings)
        self.checked = sorted(validation[:CHECKED], key=lambda one: len(one.text.source))
        lengths = [len(one.text.source) + len(one.text.target) for one in training]
        self.order = Batches(lengths, plan.batch_size, request.seed)
        self.learning_rate, self.batches = plan.learning_rate, len(self.order)
        self.most = plan.epochs * self.batches

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """Nats per token of a batch, with teacher forcing."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        rows = [self.training[int(k)].text for k in self.order[update]]
        return sequence_loss(self.module, self.codes.batch(rows))

    def validate(self) -> float:
        """Return the nats per token of the validation targets."""
        self.module.eval()
        nats = tokens = 0.0
        with torch.inference_mode():
            for start in range(0, len(self.checked), 100):
                batch = self.codes.batch([one.text for one in self.checked[start : start + 100]])
                count = float(batch.target_lengths.sum()) - len(batch.target_lengths)
                nats += sequence_loss(self.module, batch).item() * count
                tokens += count
        return nats / tokens

    def finish(self) -> FittedTranslator:
        """Return the translator."""
        return FittedTranslator(self.module, self.settings, self.codes.to_json(), self.codes)

    def baseline(self, records: Sequence[Pair]) -> tuple[str, Score]:
        """Return the score of suffix changes for inflected forms; else of the most frequent training target of the
        same source, or the source itself."""
        if self.codes.inflected:
            changes = SuffixChanges((one.features, one.source, one.target) for one in self.training)
            written = [changes(one.features, one.source) for one in records]
            return "the suffix change of the most similar lemmas", scored(records, written)
        seen: dict[str, Counter[str]] = {}
        for one in self.training:
            seen.setdefault(one.source, Counter())[one.target] += 1
        written = [
            seen[one.source].most_common(1)[0][0] if one.source in seen else one.source for one in records
        ]  # fmt: skip
        return "the target of the same training source, else a copy of the source", scored(records, written)


def scored(records: Sequence[Pair], written: Sequence[str]) -> Score:
    """Return the exact matches if texts are read as characters, which are short, else the sentence-level chrF."""
    pairs = list(zip(written, records, strict=True))
    if records[0].form.units == "characters":
        return Score("exact match", [float(text == one.target) for text, one in pairs])
    return Score("chrF", [chrf(text, one.target) for text, one in pairs])


def frequent(texts: Iterable[Sequence[str]], least: int, most: int) -> list[str]:
    """Return the most frequent tokens, those that occur at least ``least`` times.

    Example:
        >>> frequent([["a", "b"], ["b", "c", "c", "c"]], least=2, most=1)
        ['c']
    """
    counts = Counter(token for text in texts for token in text)
    return [token for token, count in counts.most_common(most) if count >= least]


class Translate(Task[Pair]):
    """Translate a text into another."""

    name = "translate"
    summary = "Translate a text into another: sentences, spellings, inflected forms."
    takes = "two parallel files; or lines of source, tab, target; or of lemma, form and features, as in SIGMORPHON"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Pair]:
        """Read pairs; pairs with the same source stay in the same part. Two files without tabs are parallel."""
        plan = read_settings(Settings, request.settings)
        tokeniser = named("tokeniser", plan.tokeniser, TOKENISERS)
        parallel = len(paths) == 2 and not any("\t" in line for line in own_lines(paths[0])[0])
        given: list[tuple[Path, Path | None]] = [(path, None) for path in paths]
        if parallel:
            given = [(paths[0], paths[1])]
        found: list[TextPairs] = []
        for path, target in given:
            units = found[0].units if found else plan.units
            found.append(read_text_pairs(path, target, units, tokeniser))  # pyright: ignore[reportArgumentType]
        if len({one.inflected for one in found}) > 1:
            raise DataError(f"some of {', '.join(path.name for path in paths)} have features and others do not")
        form = Form(found[0].units, tokeniser, found[0].inflected)
        records = [
            Pair(text, features, form)
            for one in found
            for text, features in zip(one.records, one.features, strict=True)
        ]
        said = [sentence for one in found for sentence in one.understood]
        return Found(records, said, [one.text.source for one in records])

    def learner(self, training: Sequence[Pair], validation: Sequence[Pair], request: Request) -> Learner[Pair]:
        """Build an encoder-decoder with attention; if it reads characters, it can copy them."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedTranslator:
        """Load a translator, of a fit or of study 15.28."""
        module, notes = load_seq2seq(folder)
        codes = Codes.of_notes(parse(folder, WHAT, Translator, notes))
        check_sizes(
            folder, WHAT, source=(len(codes.source), module.source_size),
            target=(len(codes.target), module.target_size),
        )  # fmt: skip
        if codes.copies and codes.source.words != notes["target"]:
            raise ValueError(f"{folder} does not hold {WHAT}: it copies, and its two vocabularies differ")
        return FittedTranslator(module, {}, notes, codes)


TASK = Translate()
