"""A user's own sentences as a corpus in three parts."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from elman.data.class_folders import read_class_folders
from elman.data.errors import DataError
from elman.data.labelled import read_labelled
from elman.data.sentences import Corpus, Sentence
from elman.data.splits import split_records
from elman.data.tag_columns import read_tagged
from elman.data.tokens import tokenise

__all__ = ["own_labelled", "own_tagged"]

LICENCE = "the user's own"


def own_labelled(path: Path, seed: int = 0) -> Corpus:
    """Return texts of two classes, split 80 / 10 / 10, equal texts in the same part.

    Args:
        path: a table with a column of texts and one of classes, see :func:`elman.data.labelled.read_labelled`; or a
            folder of texts for each class.
        seed: seed of the split.

    Raises:
        DataError: if the file cannot be read, has fewer than ten texts, or not exactly two classes.
    """
    records = read_class_folders(path).records if path.is_dir() else read_labelled([path])[0]
    classes = sorted({one.label for one in records})
    if len(classes) != 2:
        raise DataError(
            f"{path} has {len(classes)} classes ({', '.join(classes)[:200]}), expected two; "
            "`elman fit classify` takes any number"
        )
    split = [(tokenise("words", one.text), one.label) for one in records]
    sentences = [Sentence(tuple(words), label) for words, label in split if words]
    corpus = _corpus(path, sentences, seed, [" ".join(one.words).lower() for one in sentences], "words")
    if corpus.labels != classes:
        raise DataError(
            f"{path} has too few texts of the class {({*classes} - {*corpus.labels}).pop()!r} to train on"
        )
    return corpus


def own_tagged(path: Path, seed: int = 0) -> Corpus:
    """Return sentences with a tag for each word, split 80 / 10 / 10, equal sentences in the same part.

    Args:
        path: see :func:`elman.data.tag_columns.read_tagged`.
        seed: seed of the split.

    Raises:
        DataError: if the file cannot be read or has fewer than ten sentences.
    """
    sentences = read_tagged(path).records
    return _corpus(path, sentences, seed, [one.words for one in sentences], "words")


def _corpus(path: Path, sentences: Sequence[Sentence], seed: int, groups: Sequence, tokeniser: str) -> Corpus:
    try:
        cut, _ = split_records(len(sentences), seed, groups=groups)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    parts = [[sentences[int(k)] for k in some] for some in cut]
    checksum = hashlib.sha256(repr(sentences).encode()).hexdigest()
    return Corpus(path.name, parts[0], parts[1], parts[2], checksum, LICENCE, tokeniser)
