"""The sentences of the sentiment studies, naive Bayes, and the training and test answers of a classifier."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from elman.lab.over_seeds import SHARE, across
from elman.lab.workspace import Desk

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from elman.baselines.naive_bayes import Evidence
    from elman.data.lexicon import Lexicon
    from elman.data.sentences import Corpus
    from elman.lab.findings import Curves
    from elman.train.epochs import Epoch, Labelled

BINS = (1, 8, 12, 16, 20, 25, 30, 1000)  # words of a sentence

__all__ = ["Read", "bayes", "by_length", "inputs", "load", "prepared", "probabilities", "trained"]


@dataclass(frozen=True)
class Read:
    """An encoded corpus: one column for the word and, with evidence, two more."""

    corpus: "Corpus"
    lexicon: "Lexicon"
    evidence: "Evidence | None"
    training: "Labelled"
    validation: "Labelled"
    test: "Labelled"

    @property
    def sizes(self) -> list[int]:
        """Number of indices in each column."""
        return [*self.lexicon.sizes, *(self.evidence.sizes if self.evidence else ())]

    @property
    def notes(self) -> dict[str, Any]:
        """The plain data that a saved model needs to encode sentences."""
        notes: dict[str, Any] = {"lexicon": self.lexicon.to_json(), "classes": self.corpus.labels}
        notes["tokeniser"] = self.corpus.tokeniser
        return notes | ({"evidence": self.evidence.to_json()} if self.evidence else {})

    @property
    def truth(self) -> "np.ndarray":
        """Classes of the test sentences."""
        import numpy as np

        return np.array(self.test.targets)


def load(data: str, sentences: int) -> "Corpus":
    """Return a corpus with its first ``sentences`` training sentences, all if 0."""
    from elman.data.sentences import sentiment

    corpus = sentiment(data)
    return replace(corpus, training=corpus.training[:sentences]) if sentences else corpus


def inputs(data: str) -> dict[str, str]:
    """Return the checksum of a trial's corpus, by its name."""
    corpus = load(data, 1)
    return {corpus.name: corpus.sha256}


def prepared(corpus: "Corpus", evidence: bool = False) -> Read:
    """Encode a corpus with the training part's words and, if ``evidence``, their evidence for the second class."""
    import numpy as np
    import torch

    from elman.baselines.naive_bayes import Evidence
    from elman.data.lexicon import Lexicon
    from elman.train.epochs import Labelled

    classes = {label: k for k, label in enumerate(corpus.labels)}
    sentences, labels = [one.words for one in corpus.training], [classes[one.label] for one in corpus.training]
    lexicon = Lexicon.of(sentences, min_count=2)
    weighed = Evidence.of(sentences, labels) if evidence else None
    parts = []
    for part in (corpus.training, corpus.validation, corpus.test):
        targets = [classes[one.label] for one in part]
        encoded = [lexicon.encode(one.words) for one in part]
        if weighed:
            own = targets if part is corpus.training else [None] * len(part)
            more = [weighed.encode(one.words, label) for one, label in zip(part, own, strict=True)]
            encoded = [np.concatenate(columns, 1) for columns in zip(encoded, more, strict=True)]
        parts.append(Labelled([torch.from_numpy(one) for one in encoded], targets))
    return Read(corpus, lexicon, weighed, *parts)


def bayes(corpus: "Corpus") -> "np.ndarray":
    """Return whether naive Bayes on words and word pairs (Wang & Manning, 2012) is right on each test sentence."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    counts = CountVectorizer(analyzer=_grams, binary=True)  # pyright: ignore[reportArgumentType]
    model = make_pipeline(counts, MultinomialNB())
    model.fit([one.words for one in corpus.training], [one.label for one in corpus.training])
    return np.array(model.predict([one.words for one in corpus.test])) == [one.label for one in corpus.test]


def _grams(words: Sequence[str]) -> list[str]:
    from elman.baselines.naive_bayes import pairs

    return [word.lower() for word in words] + pairs(words)


def trained(plan: Any, model: "nn.Module", read: Read, seed: int, desk: Desk, patience: float) -> "Iterator[Epoch]":
    """Train epoch by epoch. The plan has epochs, learning_rate and batch_size."""
    from elman.train.epochs import fit

    return fit(
        model, read.training, read.validation, plan.epochs, learning_rate=plan.learning_rate,
        batch_size=plan.batch_size, seed=seed, patience=patience,
        each=lambda done, total, loss: desk.progress(done, total, loss=loss),
    )  # fmt: skip


def probabilities(model: "nn.Module", data: "Labelled") -> "np.ndarray":
    """Return the class probabilities ``[N, C]``."""
    import torch

    from elman.train.epochs import logits_of

    return torch.stack(logits_of(model, data)).double().softmax(-1).numpy()


def _inside(right: Sequence[float], words: Sequence[float], low: int, high: int) -> float:
    """Return the share classified correctly of the sentences of ``low`` to ``high`` words."""
    inside = [one for one, n in zip(right, words, strict=True) if low <= n < high]
    return sum(inside) / len(inside)


def by_length(arms: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]]) -> "Curves":
    """Draw the accuracy by sentence length.

    Args:
        arms: for each arm and seed, whether each sentence was right, and how many words it has; all seeds of an arm
            have the same sentences.
    """
    from elman.lab.findings import Curves

    lines = []
    for arm, seeds in arms.items():
        words = seeds[0][1]
        bins = [(low, high) for low, high in pairwise(BINS) if any(low <= n < high for n in words)]
        shares = [[_inside(right, words, *one) for one in bins] for right, _ in seeds]
        lines.append(across(arm, [(low + min(high, 40)) / 2 for low, high in bins], shares, SHARE))
    return Curves(
        "Accuracy by length", "words in the sentence", "accuracy", lines,
        caption="Sentences in bins of length.",
    )  # fmt: skip
