"""Build, train and use taggers: shared by study 15.34, ``elman fit tag`` and ``elman tag``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from elman.data.lexicon import Lexicon
    from elman.data.sentences import Sentence
    from elman.train.epochs import Labelled

__all__ = [
    "WIDTHS",
    "accuracy",
    "labelled",
    "loss_on",
    "most_frequent",
    "settings_of",
    "shown",
    "tag_words",
]

WIDTHS = {  # of each column's vectors, as a share of the word's
    "word": 1.0, "form": 0.5, "prefix": 0.2, "suffix": 0.4, "ending": 0.2, "tail": 0.2, "shape": 0.1,
}  # fmt: skip


def settings_of(
    lexicon: "Lexicon", tags: int, *, width: int, hidden_size: int, dropout: float, word_dropout: float,
    cell: str = "LSTMCell", bidirectional: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Return the settings of a tagger for :func:`elman.nn.saving.make_text_model`.

    Args:
        lexicon: the columns of a word; those of :data:`WIDTHS`.
        tags: number of tags.
        width: width of the word's vector; the other columns' vectors are narrower.
        hidden_size: units of each direction.
        dropout: before and after the encoder.
        word_dropout: probability of replacing a column's entry by the unknown one.
        cell: name of a built-in cell; default LSTM.
        bidirectional: whether the encoder also reads backwards; default True.
    """
    return {
        "kind": "Tagger", "sizes": list(lexicon.sizes), "cell": cell, "classes": tags,
        "widths": [max(2, int(width * WIDTHS[column])) for column in lexicon.columns],
        "hidden_size": hidden_size, "bidirectional": bidirectional, "dropout": dropout, "word_dropout": word_dropout,
    }  # fmt: skip


def labelled(lexicon: "Lexicon", tags: Sequence[str], sentences: "Sequence[Sentence]") -> "Labelled":
    """Encode sentences and their tags; a tag that is not among ``tags`` does not count in a loss."""
    import torch

    from elman.train.epochs import NOTHING, Labelled

    places = {name: k for k, name in enumerate(tags)}
    return Labelled(
        [torch.from_numpy(lexicon.encode(one.words)) for one in sentences],
        [torch.tensor([places.get(tag, NOTHING) for tag in one.tags]) for one in sentences],
    )


def loss_on(model: Any, data: "Labelled", rows: "np.ndarray") -> "Tensor":
    """Return the cross-entropy of a tagger or a classifier on some sequences, nats per target."""
    from torch.nn.functional import cross_entropy

    from elman.train.epochs import NOTHING

    x, lengths, targets = data[rows]
    return cross_entropy(model(x, lengths).flatten(0, -2), targets.flatten(), ignore_index=NOTHING)


def accuracy(model: Any, data: "Labelled") -> float:
    """Return the share of right predictions of a tagger or a classifier; an unknown target is never right."""
    import torch

    from elman.train.epochs import logits_of

    said = torch.cat([one.argmax(-1).reshape(-1) for one in logits_of(model, data)])
    return (said == torch.cat([torch.as_tensor(one).reshape(-1) for one in data.targets])).double().mean().item()


def most_frequent(test: "Sequence[Sentence]", training: "Sequence[Sentence]") -> float:
    """Return the accuracy of every word's most frequent tag, on test sentences."""
    from elman.baselines.frequent_tags import FrequentTags

    best = FrequentTags((one.words, one.tags) for one in training)
    right = [said == true for one in test for said, true in zip(best(one.words), one.tags, strict=True)]
    return sum(right) / len(right)


def tag_words(model: Any, ids: "np.ndarray", words: Sequence[str], tags: Sequence[str]) -> list[dict[str, Any]]:
    """Return each word of a sentence with its likeliest tag and the tag's probability.

    Args:
        model: a tagger in evaluation mode.
        ids: the encoded words ``[T, F]``, T at least 1.
        words: the words.
        tags: the model's tags.
    """
    import torch

    with torch.no_grad():
        shares = torch.softmax(model(torch.from_numpy(ids)[:, None], [len(words)])[:, 0], -1)
    sure, best = shares.max(-1)
    return [
        {"word": word, "tag": tags[k], "probability": p}
        for word, k, p in zip(words, best.tolist(), sure.tolist(), strict=True)
    ]


def shown(tagged: Sequence[dict[str, Any]]) -> str:
    """Return tagged words in one line.

    Example:
        >>> shown([{"word": "the", "tag": "DET", "probability": 0.987}])
        'the/DET(0.99)'
    """
    return " ".join(f"{one['word']}/{one['tag']}({one['probability']:.2f})" for one in tagged)
