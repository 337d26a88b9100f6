"""``elman classify`` and ``elman tag``: saved models read text from arguments or standard input."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli.models import RESULTS, Model, Results, newest_model

if TYPE_CHECKING:
    import numpy as np

Text = Annotated[list[str] | None, typer.Argument(help="Sentences; default: the lines of standard input.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]

CLASSIFIERS, TAGGERS = "15.14-bidirectional-sentiment", "15.34-multi-task"


def classify(text: Text = None, model: Model = None, out: Results = RESULTS, as_json: Json = False) -> None:
    """Print the class of each sentence and its probability, with a model that study 15.14 trained."""
    import torch

    read, classes, encode = _load(model or newest_model(out, CLASSIFIERS), "TextClassifier")
    for sentence, words in _sentences(text):
        tokens = torch.from_numpy(encode(words))
        with torch.no_grad():
            logits = read(tokens[:, None], [len(words)])[0]
        shares = dict(zip(classes, torch.softmax(logits, -1).tolist(), strict=True))
        if as_json:
            print(json.dumps({"text": sentence, "classes": shares}), flush=True)
            continue
        best = max(shares, key=shares.__getitem__)
        unknown = int((tokens[:, 0] == 0).sum())
        note = f"   ({unknown} of {len(words)} words unknown)" if unknown * 2 >= len(words) else ""
        print(f"{best} {shares[best]:.3f}\t{sentence}{note}", flush=True)


def tag(text: Text = None, model: Model = None, out: Results = RESULTS, as_json: Json = False) -> None:
    """Print the part of speech of every word and its probability, with a model that study 15.34 trained."""
    import torch

    read, classes, encode = _load(model or newest_model(out, TAGGERS), "Tagger")
    for sentence, words in _sentences(text):
        with torch.no_grad():
            shares = torch.softmax(read(torch.from_numpy(encode(words))[:, None], [len(words)])[:, 0], -1)
        sure, best = shares.max(-1)
        tags = [classes[k] for k in best.tolist()]
        if as_json:
            tagged = [
                {"word": w, "tag": t, "probability": p} for w, t, p in zip(words, tags, sure.tolist(), strict=True)
            ]
            print(json.dumps({"text": sentence, "words": tagged}), flush=True)
        else:
            said = (f"{w}/{t}({p:.2f})" for w, t, p in zip(words, tags, sure.tolist(), strict=True))
            print(" ".join(said), flush=True)


def _load(folder: Path, kind: str) -> "tuple[Any, list[str], Callable[[Sequence[str]], np.ndarray]]":
    """Return a model, the names of its classes, and the function that encodes words for it."""
    import numpy as np

    from elman.apps.saved_notes import Reader, fit, parse
    from elman.baselines.naive_bayes import Evidence
    from elman.data.lexicon import Lexicon
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
    return model, said.classes, lambda words: np.concatenate([one.encode(words) for one in columns], 1)


def _sentences(text: list[str] | None) -> Iterator[tuple[str, list[str]]]:
    """Yield each sentence and its words."""
    from elman.data.sentences import split_words

    given = text if text else _lines()
    some = False
    for sentence in given:
        words = split_words(sentence)
        if words:
            some = True
            yield sentence, words
        elif text:
            raise ValueError(f"expected at least one word, got {sentence!r}")
    if not some:
        raise ValueError("there is no text: give sentences, or pipe in lines that hold words")


def _lines() -> Iterator[str]:
    if sys.stdin.isatty():
        raise ValueError("there is no text: give sentences, or pipe in lines that hold words")
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").strip()
