"""Tag the words of a sentence: a recurrent network that reads each word with its letters, in both directions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import Share, no_options, read_settings
from elman.apps.saved_notes import Reader, parse
from elman.apps.saved_notes import fit as check_sizes
from elman.apps.tagging import WIDTHS, labelled, loss_on, settings_of, shown, tag_words
from elman.baselines.frequent_tags import FrequentTags
from elman.data.batches import Batches
from elman.data.lexicon import Lexicon
from elman.data.sentences import Sentence
from elman.data.tag_columns import read_tagged
from elman.data.tokens import TOKENISERS, tokenise
from elman.errors import named
from elman.nn.saving import load_text_model, make_text_model
from elman.nn.text import Tagger
from elman.train.epochs import NOTHING, logits_of, nats

__all__ = ["TASK", "FittedTagger", "Settings"]

SHOWN = 10  # mistakes
AROUND = 4  # words of context on each side of a mistake
COMPARED = 500  # sentences by which a tokeniser is chosen
WHAT = "a tagger"


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    width: PositiveInt = 100  # of a word's vector
    hidden_size: PositiveInt = 100
    dropout: Share = 0.4
    word_dropout: Share = 0.05
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 3e-3
    epochs: PositiveInt = 15  # at most
    tokeniser: str = ""  # how a line is split into words; default: as fits the training sentences best


class FittedTagger(Fitted[Sentence]):
    """A tagger."""

    task = "tag"

    def __init__(self, module: nn.Module, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.tags: list[str] = notes["classes"]
        self.lexicon = Lexicon.from_json(notes["lexicon"])
        self.split = partial(tokenise, notes["tokeniser"])

    def judge(self, records: Sequence[Sentence]) -> Judged:
        """Return the accuracy over words, and the wrong tags that were surest."""
        right, wrong = [], []
        for one, logits in zip(
            records, logits_of(self.module, labelled(self.lexicon, self.tags, records)), strict=True
        ):
            sure, best = logits.softmax(-1).max(-1)
            given = [self.tags[k] for k in best.tolist()]
            right.append(given)
            wrong += [(-p, one, k, tag) for k, (tag, p) in enumerate(zip(given, sure.tolist(), strict=True))
                      if tag != one.tags[k]]  # fmt: skip
        worst = sorted(wrong, key=lambda found: found[0])[:SHOWN]
        mistakes = [Mistake(in_context(one.words, k), one.tags[k], tag) for _, one, k, tag in worst]
        return Judged(per_sentence(records, right), mistakes)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield each line's words with their tags and probabilities; there are no options."""
        no_options(options)
        for line in lines:
            words = self.split(line)
            tagged = tag_words(self.module, self.lexicon.encode(words), words, self.tags) if words else []
            yield Answer(shown(tagged), {"text": line, "words": tagged})


class _Learner(Learner[Sentence]):
    def __init__(self, training: Sequence[Sentence], validation: Sequence[Sentence], request: Request):
        self.plan = plan = read_settings(Settings, request.settings)
        self.training, self.tags = training, sorted({tag for one in training for tag in one.tags})
        if len(self.tags) < 2:
            raise ValueError(f"got words with the tag {self.tags[0]!r} only, expected at least two tags")
        self.tokeniser = named("tokeniser", plan.tokeniser or tokeniser_of(training), TOKENISERS)
        self.lexicon = Lexicon.of([one.words for one in training], tuple(WIDTHS), min_count=2)
        self.data = labelled(self.lexicon, self.tags, training)
        self.checked = labelled(self.lexicon, self.tags, validation)
        if all((torch.as_tensor(one) == NOTHING).all() for one in self.checked.targets):
            raise ValueError("no validation word has a tag of the training words; give more sentences")
        self.settings = settings_of(
            self.lexicon, len(self.tags), width=plan.width, hidden_size=plan.hidden_size, dropout=plan.dropout,
            word_dropout=plan.word_dropout, cell=request.cell or "LSTMCell",
        )  # fmt: skip
        self.module = make_text_model(self.settings)
        self.order = Batches(self.data.lengths, plan.batch_size, request.seed)
        self.learning_rate, self.batches = plan.learning_rate, len(self.order)
        self.most = plan.epochs * self.batches

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """The cross-entropy of a batch, nats per word."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        return loss_on(self.module, self.data, self.order[update])

    def validate(self) -> float:
        """Return the cross-entropy of the validation words."""
        return nats(self.module, self.checked)

    def finish(self) -> FittedTagger:
        """Return the tagger."""
        notes = {"lexicon": self.lexicon.to_json(), "classes": self.tags, "tokeniser": self.tokeniser}
        return FittedTagger(self.module, self.settings, notes)

    def baseline(self, records: Sequence[Sentence]) -> tuple[str, Score]:
        """Return the accuracy of every word's most frequent tag."""
        best = FrequentTags((one.words, one.tags) for one in self.training)
        return "every word's most frequent tag", per_sentence(records, [best(one.words) for one in records])


def per_sentence(records: Sequence[Sentence], given: Sequence[Sequence[str]]) -> Score:
    """Return the accuracy over words, as a score of sentences.

    Example:
        >>> one = Sentence(("Go", "home"), tags=("VERB", "ADV"))
        >>> per_sentence([one], [["VERB", "NOUN"]]).value
        0.5
    """
    lengths = [len(one.words) for one in records]
    right = [sum(map(str.__eq__, one.tags, tags)) for one, tags in zip(records, given, strict=True)]
    return Score("accuracy", [hits / length for hits, length in zip(right, lengths, strict=True)], lengths)


def in_context(words: Sequence[str], place: int) -> str:
    """Return a word in brackets with the words around it.

    Example:
        >>> in_context(["we", "can", "fish"], 1)
        'we [can] fish'
    """
    before, after = words[max(0, place - AROUND) : place], words[place + 1 : place + 1 + AROUND]
    return " ".join([*before, f"[{words[place]}]", *after])


def tokeniser_of(sentences: Sequence[Sentence]) -> str:
    """Return the tokeniser that leaves the words of most sentences as they are, ``"spaces"`` if not even half.

    Example:
        >>> tokeniser_of([Sentence(("at", "10:30")), Sentence(("$", "3.50", "..."))])
        'ud-english'
    """
    some = sentences[:COMPARED]
    kept = {
        name: sum(tokenise(name, " ".join(one.words)) == list(one.words) for one in some)
        for name in TOKENISERS if name != "spaces"
    }  # fmt: skip
    best = max(kept, key=kept.__getitem__)
    return best if 2 * kept[best] >= len(some) else "spaces"


class Tag(Task[Sentence]):
    """Tag every word of a sentence."""

    name = "tag"
    summary = "Tag every word of a sentence."
    takes = "CoNLL-U; or a word, a tab and its tag a line, with an empty line after a sentence (--label: the column)"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Sentence]:
        """Read tagged sentences; equal sentences stay in the same part."""
        found = [read_tagged(path, request.columns.label) for path in paths]
        records = [one for some in found for one in some.records]
        return Found(records, [s for some in found for s in some.understood], [one.words for one in records])

    def learner(self, training: Sequence[Sentence], validation: Sequence[Sentence], request: Request) -> _Learner:
        """Build a bidirectional tagger."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedTagger:
        """Load a tagger, of a fit or of study 15.34."""
        module, notes = load_text_model(folder)
        if not isinstance(module, Tagger):
            raise ValueError(f"{folder} holds a {type(module).__name__}, expected a Tagger")
        said = parse(folder, WHAT, Reader, notes)
        columns: Any = module.embedding.columns
        check_sizes(
            folder, WHAT, classes=(len(said.classes), module.head.out_features),
            words=(sum(map(len, said.lexicon.entries)), sum(one.num_embeddings for one in columns)),
        )  # fmt: skip
        return FittedTagger(module, {}, notes | {"tokeniser": said.tokeniser or "ud-english"})


TASK = Tag()
