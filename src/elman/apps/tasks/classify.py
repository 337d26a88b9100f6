"""Classify texts: a recurrent network and naive Bayes together, weighed on held-out texts."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import Share, no_options, read_settings
from elman.apps.saved_notes import Classifier, parse
from elman.apps.saved_notes import fit as check_sizes
from elman.baselines.bayes import NaiveBayes
from elman.data.batches import Batches
from elman.data.class_folders import read_class_folders
from elman.data.labelled import LabelledText, read_labelled
from elman.data.lexicon import Lexicon
from elman.data.tokens import TOKENISERS, tokenise
from elman.errors import named
from elman.nn.saving import load_text_model, make_text_model
from elman.nn.text import TextClassifier
from elman.train.epochs import Labelled, logits_of, nats

__all__ = ["TASK", "FittedClassifier", "Settings"]

LONGEST = 400  # words of a text that the network reads: the first and the last 200
WEIGHTS = tuple(product(np.linspace(0, 2, 11), np.linspace(0, 1, 21)))  # of the network and of naive Bayes
SHOWN = 10  # mistakes
WHAT = "a classifier of `elman fit`"


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    width: PositiveInt = 100  # of a word's vector
    hidden_size: PositiveInt = 64
    dropout: Share = 0.5
    word_dropout: Share = 0.1
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 2e-3
    epochs: PositiveInt = 20  # at most
    tokeniser: str = "words"  # how a text is split into words: a name of elman.data.tokens


class FittedClassifier(Fitted[LabelledText]):
    """A network and naive Bayes, their log-probabilities weighed."""

    task = "classify"

    def __init__(self, module: nn.Module, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.classes: list[str] = notes["classes"]
        self.lexicon, self.bayes = Lexicon.from_json(notes["lexicon"]), NaiveBayes.from_json(notes["bayes"])
        self.weights = float(notes["weights"][0]), float(notes["weights"][1])
        self.split = partial(tokenise, notes["tokeniser"])

    def log_probabilities(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """Return the log-probabilities ``[N, C]`` of the classes of split texts, nats."""
        read = network_scores(self.module, self.lexicon, texts)
        counted = np.stack([self.bayes.log_probabilities(words) for words in texts])
        return weighed(read, counted, *self.weights)

    def judge(self, records: Sequence[LabelledText]) -> Judged:
        """Return the accuracy, and the mistakes that were surest."""
        scores = self.log_probabilities([self.split(one.text) for one in records])
        best = scores.argmax(1)
        right = [self.classes[k] == one.label for k, one in zip(best, records, strict=True)]
        surest = sorted((-float(scores[row, best[row]]), row) for row, ok in enumerate(right) if not ok)[:SHOWN]
        wrong = [Mistake(records[row].text, records[row].label, self.classes[best[row]]) for _, row in surest]
        return Judged(Score("accuracy", [float(ok) for ok in right]), wrong)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield the likeliest class of each line, and the probabilities of all; there are no options."""
        no_options(options)
        for line in lines:
            words = self.split(line)
            if not words:
                yield Answer("", {"text": line, "class": None, "classes": {}})
                continue
            shares = np.exp(self.log_probabilities([words])[0])
            each = {name: float(share) for name, share in zip(self.classes, shares, strict=True)}
            best = max(each, key=each.__getitem__)
            yield Answer(f"{best}\t{each[best]:.3f}\t{line}", {"text": line, "class": best, "classes": each})


class _Learner(Learner[LabelledText]):
    def __init__(self, training: Sequence[LabelledText], validation: Sequence[LabelledText], request: Request):
        self.plan = read_settings(Settings, request.settings)
        self.classes = sorted({one.label for one in training})
        if len(self.classes) < 2:
            raise ValueError(f"got texts of the class {self.classes[0]!r} only, expected at least two classes")
        self.split = partial(tokenise, named("tokeniser", self.plan.tokeniser, TOKENISERS))
        texts, labels = [self.split(one.text) for one in training], [one.label for one in training]
        self.lexicon, self.bayes = Lexicon.of(texts, min_count=2), NaiveBayes.of(texts, labels)
        self.common = Counter(labels).most_common(1)[0][0]
        known = [one for one in validation if one.label in self.classes]
        if not known:
            raise ValueError("no validation text has a class that occurs in the training texts; give more texts")
        self.validation = known
        self.checked = self._encoded([self.split(one.text) for one in known], [one.label for one in known])
        self.data = self._encoded(texts, labels)
        self.order = Batches(self.data.lengths, self.plan.batch_size, request.seed)
        self.settings = {
            "kind": "TextClassifier", "sizes": list(self.lexicon.sizes), "widths": [self.plan.width],
            "classes": len(self.classes), "cell": request.cell or "LSTMCell", "hidden_size": self.plan.hidden_size,
            "bidirectional": True, "dropout": self.plan.dropout, "word_dropout": self.plan.word_dropout,
        }  # fmt: skip
        self.module = make_text_model(self.settings)
        self.learning_rate, self.batches = self.plan.learning_rate, len(self.order)
        self.most = self.plan.epochs * self.batches

    def _encoded(self, texts: Sequence[Sequence[str]], labels: Sequence[str]) -> Labelled:
        places = {label: k for k, label in enumerate(self.classes)}
        return Labelled(encoded(self.lexicon, texts), [places[label] for label in labels])

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """The cross-entropy of a batch."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        x, lengths, classes = self.data[self.order[update]]
        return cross_entropy(self.module(x, lengths), classes)

    def validate(self) -> float:
        """Return the cross-entropy of the validation texts."""
        return nats(self.module, self.checked)

    def finish(self) -> FittedClassifier:
        """Weigh the network against naive Bayes on the validation texts."""
        texts = [self.split(one.text) for one in self.validation]
        read = network_scores(self.module, self.lexicon, texts)
        counted = np.stack([self.bayes.log_probabilities(words) for words in texts])
        rows, truth = np.arange(len(texts)), np.array(self.checked.targets)
        losses = [-weighed(read, counted, *weights)[rows, truth].mean() for weights in WEIGHTS]
        notes = {
            "classes": self.classes, "lexicon": self.lexicon.to_json(), "bayes": self.bayes.to_json(),
            "weights": list(map(float, WEIGHTS[int(np.argmin(losses))])), "tokeniser": self.plan.tokeniser,
        }  # fmt: skip
        return FittedClassifier(self.module, self.settings, notes)

    def baseline(self, records: Sequence[LabelledText]) -> tuple[str, Score]:
        """Return the accuracy of naive Bayes on words and pairs of words."""
        scores = [self.bayes.log_probabilities(self.split(one.text)).argmax() for one in records]
        right = [float(self.classes[k] == one.label) for k, one in zip(scores, records, strict=True)]
        return "naive Bayes", Score("accuracy", right)


def encoded(lexicon: Lexicon, texts: Sequence[Sequence[str]]) -> list[Tensor]:
    """Return the indices ``[T, F]`` of each text's words; of a long text, of its first and last words."""
    half = LONGEST // 2
    short = (words if len(words) <= LONGEST else [*words[:half], *words[-half:]] for words in texts)
    return [torch.from_numpy(lexicon.encode(words or [""])) for words in short]  # no word: an unknown one


def network_scores(module: Any, lexicon: Lexicon, texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Return the network's log-probabilities ``[N, C]``, nats."""
    data = Labelled(encoded(lexicon, texts), [0] * len(texts))
    return torch.stack(logits_of(module, data)).double().log_softmax(-1).numpy()


def weighed(read: np.ndarray, counted: np.ndarray, first: float, second: float) -> np.ndarray:
    """Return log-probabilities whose odds are products of powers of both odds.

    Naive Bayes is very overconfident, a network somewhat; a power below 1 lowers the confidence of either.

    Args:
        read: the network's log-probabilities ``[N, C]``.
        counted: those of naive Bayes.
        first: power of the network's odds.
        second: power of naive Bayes's odds.

    Example:
        >>> one, other = np.log([[0.9, 0.1]]), np.log([[0.1, 0.9]])
        >>> np.exp(weighed(one, other, 0.5, 0.5)).round(3).tolist()
        [[0.5, 0.5]]
    """
    scores = first * read + second * counted
    scores = scores - scores.max(1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


class Classify(Task[LabelledText]):
    """Give a text one of several classes."""

    name = "classify"
    summary = "Give a text one of several classes."
    takes = (
        "CSV, TSV or JSONL with columns of texts (--text) and classes (--label); or a folder with a folder per class"
    )

    def read(self, paths: Sequence[Path], request: Request) -> Found[LabelledText]:
        """Read labelled texts of tables and of folders; equal texts stay in the same part."""
        tables = [path for path in paths if not path.is_dir()]
        found = [read_class_folders(path) for path in paths if path.is_dir()]
        records, said = (
            [one for some in found for one in some.records],
            [s for some in found for s in some.understood],
        )
        if tables:
            more, about = read_labelled(tables, request.columns.text, request.columns.label)
            records, said = records + more, said + about
        return Found(records, said, [" ".join(one.text.lower().split()) for one in records])

    def learner(self, training: Any, validation: Any, request: Request) -> Learner[LabelledText]:
        """Build a bidirectional network, and count words for naive Bayes."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedClassifier:
        """Load a classifier."""
        module, notes = load_text_model(folder)
        if not isinstance(module, TextClassifier):
            raise ValueError(f"{folder} holds a {type(module).__name__}, expected a TextClassifier")
        said = parse(folder, WHAT, Classifier, notes)
        columns: Any = module.embedding.columns
        check_sizes(folder, WHAT, classes=(len(said.classes), module.head.out_features),
                    words=(sum(map(len, said.lexicon.entries)), sum(one.num_embeddings for one in columns)),
                    counts=(len(said.bayes.classes), module.head.out_features))  # fmt: skip
        return FittedClassifier(module, {}, notes | {"tokeniser": said.tokeniser or "words"})


TASK = Classify()
