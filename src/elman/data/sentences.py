"""Sentences to classify or tag: real sets if this machine has them, and a built-in generator."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.data.reading import read_lines
from elman.data.reviews import reviews
from elman.data.tokens import split_words
from elman.errors import UnknownName, nearest

__all__ = ["Corpus", "Sentence", "read_conllu", "sentiment", "split_words", "tagged"]

SKIPPED = re.compile(r"\d+[-.]\d+", re.ASCII)  # ids of multiword tokens and of empty nodes
REVIEWS = {"training": 2400, "validation": 400, "test": 800}  # of the generator


@dataclass(frozen=True)
class Sentence:
    """A sentence with its annotations.

    Args:
        words: at least one word.
        label: class of the sentence, "" if it has no label.
        tags: a tag for each word; empty if the words have no tags.
        kind: what makes the sentence easy or hard, such as ``"negation"``; "" if unknown.
    """

    words: tuple[str, ...]
    label: str = ""
    tags: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Corpus:
    """Sentences in three parts, with name, checksum and licence, and the tokeniser that splits a text as they are."""

    name: str
    training: Sequence[Sentence]
    validation: Sequence[Sentence]
    test: Sequence[Sentence]
    sha256: str
    licence: str
    tokeniser: str = "words"

    @property
    def labels(self) -> list[str]:
        """Classes of the training part, sorted."""
        return sorted({sentence.label for sentence in self.training})

    @property
    def tags(self) -> list[str]:
        """Tags of the training part, sorted."""
        return sorted({tag for sentence in self.training for tag in sentence.tags})


def sentiment(name: str = "auto", seed: int = 0) -> Corpus:
    """Return sentences of two classes, ``"negative"`` and ``"positive"`` in the sets known by name.

    Args:
        name: ``"sst2"`` in its official parts; ``"rt-polarity"``, shuffled once by ``seed`` and split 80 / 10 / 10;
            ``"reviews"``, the built-in generator, whose sentences also have tags and kinds; ``"auto"``, sst2 if
            this machine has it, else reviews; or your own table or folder, see
            :func:`elman.data.own_sentences.own_labelled`. SST-2 was built from rt-polarity: never train on one and
            test on the other.
        seed: seed of the generator and of the shuffle.

    Raises:
        NotHere: if a named set is not on this machine; the message says how to get it.
        DataError: if a file is damaged.
        UnknownName: for any other name.
    """
    if name == "auto":
        try:
            return sentiment("sst2")
        except NotHere:
            return sentiment("reviews", seed)
    if name == "reviews":
        return _generated(seed)
    if name == "sst2":
        parts = [_read_sst2(find(find_set("sst2"), f"{part}.tsv")) for part in ("train", "dev", "test")]
        return Corpus("sst2", parts[0], parts[1], parts[2], _checksum("sst2"), find_set("sst2").licence, "sst2")
    if name == "rt-polarity":
        return _rt_polarity(seed)
    if Path(name).exists():
        from elman.data.own_sentences import own_labelled

        return own_labelled(Path(name), seed)
    raise UnknownName(f"no sentences {name!r}{nearest(name, ['sst2', 'rt-polarity', 'reviews', 'auto'])}")


def tagged(name: str = "auto", seed: int = 0) -> Corpus:
    """Return sentences whose words have universal part-of-speech tags.

    Args:
        name: ``"ewt"``, UD English-EWT in its official parts; ``"reviews"``, the built-in generator; ``"auto"``,
            ewt if this machine has it, else reviews; or your own file, see
            :func:`elman.data.own_sentences.own_tagged`.
        seed: seed of the generator and of the split.

    Raises:
        NotHere: if EWT is not on this machine; the message says how to get it.
        DataError: if a file is damaged.
        UnknownName: for any other name.
    """
    if name == "auto":
        try:
            return tagged("ewt")
        except NotHere:
            return tagged("reviews", seed)
    if name == "reviews":
        return _generated(seed)
    if name == "ewt":
        ewt = find_set("english_ewt")
        parts = [read_conllu(find(ewt, f"en_ewt-ud-{part}.conllu")) for part in ("train", "dev", "test")]
        return Corpus(
            "ewt", parts[0], parts[1], parts[2], _checksum("english_ewt"), ewt.licence, "ud-english"
        )  # fmt: skip
    if Path(name).exists():
        from elman.data.own_sentences import own_tagged

        return own_tagged(Path(name), seed)
    raise UnknownName(f"no tagged sentences {name!r}{nearest(name, ['ewt', 'reviews', 'auto'])}")


def read_conllu(path: Path) -> list[Sentence]:
    """Read words and universal tags from a CoNLL-U file; multiword tokens and empty nodes are skipped.

    Raises:
        DataError: if the file is missing, not UTF-8, or has no sentences, a line does not have ten columns, a word or
            tag is empty, or the words of a sentence are not numbered from 1.
    """
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if not line.strip():
            if words:
                sentences.append(Sentence(tuple(words), tags=tuple(tags)))
            words, tags = [], []
        elif not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != 10:
                raise DataError(f"{path}, line {number}: expected ten columns, got {len(columns)}")
            if columns[0] == str(len(words) + 1):
                if not columns[1].strip() or not columns[3].strip():
                    raise DataError(f"{path}, line {number}: a word and its tag must not be empty")
                words.append(columns[1])
                tags.append(columns[3])
            elif not SKIPPED.fullmatch(columns[0]):
                raise DataError(f"{path}, line {number}: got id {columns[0][:40]!r}, expected {len(words) + 1}")
    if not sentences:
        raise DataError(f"{path} holds no sentences")
    return sentences


def _generated(seed: int) -> Corpus:
    parts, drawn = [], reviews(sum(REVIEWS.values()), seed)
    text = hashlib.sha256()
    for size in REVIEWS.values():
        some, drawn = drawn[:size], drawn[size:]
        parts.append([Sentence(*one) for one in some])
        text.update(repr(some).encode())
    return Corpus("reviews", parts[0], parts[1], parts[2], text.hexdigest(), "generated by this library")


def _read_sst2(path: Path) -> list[Sentence]:
    names = {"0": "negative", "1": "positive"}
    sentences = []
    for number, line in enumerate(read_lines(path), start=1):
        text, _, label = line.rpartition("\t")
        if label not in names or not text.split():
            raise DataError(f"{path}, line {number}: expected a sentence, a tab and 0 or 1")
        sentences.append(Sentence(tuple(text.split()), names[label]))
    return sentences


def _rt_polarity(seed: int) -> Corpus:
    import numpy as np

    both = []
    for label, part in (("negative", "neg"), ("positive", "pos")):
        text = find(find_set("rt_polarity"), f"rt-polarity.{part}")
        both += [Sentence(tuple(line.split()), label) for line in read_lines(text) if line.strip()]
    order = np.random.default_rng(seed).permutation(len(both))
    a, b = int(0.8 * len(both)), int(0.9 * len(both))
    parts = [[both[k] for k in some] for some in (order[:a], order[a:b], order[b:])]
    return Corpus(
        "rt-polarity", parts[0], parts[1], parts[2], _checksum("rt_polarity"), find_set("rt_polarity").licence,
        "rt-polarity",
    )  # fmt: skip


def _checksum(name: str) -> str:
    joined = "".join(file.sha256 for file in find_set(name))
    return hashlib.sha256(joined.encode()).hexdigest()
