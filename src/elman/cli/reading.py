"""``elman classify`` and ``elman tag``: saved models read text from arguments, files or standard input."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli.lines import Answer, Files, Json, Lines, answer_lines, given_lines
from elman.cli.models import RESULTS, Model, Results, newest_model

if TYPE_CHECKING:
    import numpy as np

    from elman.apps.tasks.classify import FittedClassifier

Tokeniser = Annotated[
    str,
    typer.Option(
        help="How to split the text into words: words, spaces, ud-english, sst2, rt-polarity or multi30k; "
        "default: as the model's training data is split."
    ),
]

CLASSIFIERS, TAGGERS = "15.14-bidirectional-sentiment", "15.34-multi-task"


def classify(
    text: Lines = None,
    file: Files = None,
    tokeniser: Tokeniser = "",
    model: Model = None,
    out: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Print the class of each line and its probability, with a model of study 15.14 or of ``elman fit classify``."""
    import torch

    lines = given_lines(text, file)
    folder = model or newest_model(out, CLASSIFIERS)
    read, classes, encode, split = _load(folder, "TextClassifier", tokeniser)
    weighed = _weighed(folder)

    def answer(sentence: str) -> Answer:
        words = _words(split, sentence)
        tokens = torch.from_numpy(encode(words))
        if weighed is None:
            with torch.no_grad():
                found = torch.softmax(read(tokens[:, None], [len(words)])[0], -1)
        else:
            found = torch.from_numpy(weighed.log_probabilities([words])[0]).exp()
        shares = dict(zip(classes, found.tolist(), strict=True))
        best = max(shares, key=shares.__getitem__)
        unknown = int((tokens[:, 0] == 0).sum())
        note = f"   ({unknown} of {len(words)} words unknown)" if unknown * 2 >= len(words) else ""
        return Answer(f"{best} {shares[best]:.3f}\t{sentence}{note}", {"classes": shares})

    answer_lines(lines, answer, as_json)


def tag(
    text: Lines = None,
    file: Files = None,
    tokeniser: Tokeniser = "",
    model: Model = None,
    out: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Print the tag of every word of each line and its probability, with a model of study 15.34 or a fit."""
    from elman.apps.tagging import shown, tag_words

    lines = given_lines(text, file)
    read, classes, encode, split = _load(model or newest_model(out, TAGGERS), "Tagger", tokeniser)

    def answer(sentence: str) -> Answer:
        words = _words(split, sentence)
        tagged = tag_words(read, encode(words), words, classes)
        return Answer(shown(tagged), {"words": tagged})

    answer_lines(lines, answer, as_json)


def _words(split: Callable[[str], list[str]], sentence: str) -> list[str]:
    words = split(sentence)
    if not words:
        raise ValueError(f"expected at least one word, got {sentence!r}")
    return words


def _weighed(folder: Path) -> "FittedClassifier | None":
    """Return a classifier of ``elman fit``, which weighs its network against naive Bayes, or None."""
    from elman.apps.fitting.saving import kind_of

    if kind_of(folder) != "classify":
        return None
    from elman.apps.tasks.classify import TASK

    return TASK.load(folder)


def _load(
    folder: Path, kind: str, tokeniser: str
) -> "tuple[Any, list[str], Callable[[Sequence[str]], np.ndarray], Callable[[str], list[str]]]":
    """Return a model, the names of its classes, and the functions that encode words and split text for it."""
    from functools import partial

    import numpy as np

    from elman.apps.saved_notes import Reader, fit, parse
    from elman.baselines.naive_bayes import Evidence
    from elman.data.lexicon import Lexicon
    from elman.data.tokens import TOKENISERS, tokenise
    from elman.errors import named
    from elman.nn.saving import load_text_model

    model, notes = load_text_model(folder)
    if type(model).__name__ != kind:
        raise ValueError(f"got a {type(model).__name__} in {folder}, expected a {kind}")
    what = "the words and classes of its model"
    said = parse(folder, what, Reader, notes)
    columns: list[Lexicon | Evidence] = [Lexicon.from_json(notes["lexicon"])]
    if said.evidence is not None:
        columns.append(Evidence.from_json(notes["evidence"]))
    embeddings: Any = model.embedding.columns
    noted, built = [n for one in columns for n in one.sizes], [one.num_embeddings for one in embeddings]
    fit(folder, what, classes=(len(said.classes), model.head.out_features), columns=(len(noted), len(built)),
        words=(sum(noted), sum(built)))  # fmt: skip
    name = named("tokeniser", tokeniser or said.tokeniser or _usual(kind, said.lexicon.entries), TOKENISERS)
    return (
        model,
        said.classes,
        lambda words: np.concatenate([one.encode(words) for one in columns], 1),
        partial(tokenise, name),
    )


def _usual(kind: str, entries: Sequence[Sequence[str]]) -> str:
    """Return the tokeniser of a model that was saved before models named theirs, by the set it can be trained on."""
    if kind == "Tagger":
        return "ud-english"
    known = set(entries[0])
    return "sst2" if "lrb" in known and "." not in known else "words"
