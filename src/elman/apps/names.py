"""What study 15.22 and ``elman names`` share: to learn names, to write them, and to judge them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.data.vocabulary import Vocabulary
    from elman.nn.conditional import ConditionalLanguageModel

END = "\n"  # before a name and after it
LONGEST = 40  # characters a sample may have
MEASURES = ("valid", "novel", "distinct", "hits", "likelihood")
GRAMS = {"bigram": (2, False), "5-gram": (5, False), "bigram, told": (2, True), "5-gram, told": (5, True)}

Pair = tuple[str, str]  # culture, name
Row = tuple[Any, Any]  # both as tensors


def learn(
    model: "ConditionalLanguageModel",
    rows: Sequence[Row],
    check: Sequence[Row],
    updates: int,
    *,
    batch_size: int,
    learning_rate: float,
    each: Callable[[int, float], None] | None = None,
) -> tuple[list[float], list[float]]:
    """Train on coded names, and leave the weights that did best on the checking ones, in evaluation mode.

    Args:
        model: what to train.
        rows: names to train on, as :func:`coded` gives them.
        check: names to choose by, ten times in the run.
        updates: steps of the optimiser in all.
        batch_size: names a step, drawn at random.
        learning_rate: its highest value.
        each: called with the number of updates done and the last loss.

    Returns:
        Nats a character in training, means over tenths of the run, and on the checking names at the end of each.

    Raises:
        LossNotFinite: with the update at which it happened.
    """
    import torch
    from torch.nn.functional import cross_entropy

    from elman.train.loop import train
    from elman.train.stopping import Best

    def loss(update: int):
        drawn = torch.randint(len(rows), (batch_size,), generator=torch.Generator().manual_seed(update))
        conditions, inputs, targets = batch([rows[int(row)] for row in drawn])
        return cross_entropy(model(inputs, conditions)[0].flatten(0, 1), targets.flatten(), ignore_index=-100)

    best, losses, checks = Best(model), [], []
    every = max(1, updates // 10)
    recent: list[float] = []
    for update in train(model, loss, updates, learning_rate=learning_rate):
        recent.append(update.loss)
        if each is not None:
            each(update.number, update.loss)
        if len(recent) == every or update.number == updates:
            losses.append(sum(recent) / len(recent))
            checks.append(nats_a_character(nats_of_each(model, check)))
            best.saw(checks[-1])
            recent.clear()
    best.restore()
    model.eval()
    return losses, checks


def nats_a_character(each: Sequence[tuple[float, int]]) -> float:
    """Return the mean over all characters of what :func:`nats_of_each` found.

    Example:
        >>> nats_a_character([(4.0, 2), (2.0, 1)])
        2.0
    """
    return sum(nats for nats, _ in each) / sum(length for _, length in each)


def coded(pairs: Sequence[Pair], cultures: Sequence[str], vocabulary: "Vocabulary") -> list[Row]:
    """Return the number of each name's culture, and those of its letters, between two ends, ``[T]``."""
    import torch

    return [
        (torch.tensor(cultures.index(culture)), torch.from_numpy(vocabulary.encode(END + name + END)))
        for culture, name in pairs
    ]


def batch(rows: Sequence[Row]) -> tuple[Any, Any, Any]:
    """Join coded names: cultures ``[B]``, letters ``[T, B]``, and the letters they are to predict ``[T, B]``, -100
    where a name has ended."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    names = [name for _, name in rows]
    inputs = pad_sequence([name[:-1] for name in names])
    targets = pad_sequence([name[1:] for name in names], padding_value=-100)
    return torch.stack([culture for culture, _ in rows]), inputs, targets


def nats_of_each(model: "ConditionalLanguageModel", rows: Sequence[Row]) -> list[tuple[float, int]]:
    """Return the nats of each coded name, and how many characters they are for, its end one of them."""
    import torch
    from torch.nn.functional import cross_entropy

    model.eval()
    found: list[tuple[float, int]] = []
    with torch.inference_mode():
        for start in range(0, len(rows), 512):
            conditions, inputs, targets = batch(rows[start : start + 512])
            logits, _ = model(inputs, conditions)
            nats = cross_entropy(logits.movedim(-1, 1), targets, ignore_index=-100, reduction="none").sum(0)
            found += zip(nats.tolist(), (targets != -100).sum(0).tolist(), strict=True)
    return found


def write_names(
    model: "ConditionalLanguageModel", notes: dict[str, Any], cultures: Sequence[str], temperature: float, seed: int
) -> list[str]:
    """Write a name for each of some cultures; a model seldom writes an empty one, and then it writes another.

    Args:
        model: a trained model.
        notes: its ``"cultures"`` and ``"vocabulary"``.
        cultures: each one of the model's.
        temperature: 0 takes the likeliest character, 1 follows the model.
        seed: the same seed writes the same names.

    Returns:
        A name of each, of at most 40 characters.

    Raises:
        UnknownName: for a culture that the model does not know, with the nearest.
        ValueError: for a negative temperature, or if a model writes nothing but empty names.
    """
    import torch

    from elman.data.vocabulary import Vocabulary
    from elman.decode.sampling import sample
    from elman.errors import UnknownName, nearest

    for culture in cultures:
        if culture not in notes["cultures"]:
            raise UnknownName(f"the model knows no culture {culture!r}{nearest(culture, notes['cultures'])}")
    vocabulary = Vocabulary.from_json(notes["vocabulary"])
    eos = int(vocabulary.encode(END)[0])
    generator = torch.Generator().manual_seed(seed)
    written = [""] * len(cultures)
    for _ in range(100):
        left = [k for k, name in enumerate(written) if not name]
        if not left:
            return written
        told = model.conditioned(torch.tensor([notes["cultures"].index(cultures[k]) for k in left]))
        prompt = torch.full((len(left), 1), eos)
        drawn = sample(told, prompt, LONGEST, temperature=temperature, eos=eos, generator=generator)
        for k, row in zip(left, drawn.tolist(), strict=True):
            written[k] = vocabulary.decode(row).partition(END)[0].strip()
    raise ValueError(f"the model writes only empty names at temperature {temperature:g}; take another")


class Judges:
    """What measures names, samples or real ones, trained on names that the network has not seen.

    Args:
        parts: as :func:`elman.data.names.split` makes them.
        alphabet: the characters there can be, the end one of them.

    Raises:
        ValueError: if the judges' part holds names of one culture only.
    """

    def __init__(self, parts: Mapping[str, Sequence[Pair]], alphabet: Sequence[str]):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        from elman.baselines.sequence_gram import SequenceGram

        self.training = set(parts["training"])
        self.seen = {name.casefold() for _, name in parts["training"]}
        self.unseen = {(of, name.casefold()) for part in ("check", "judge", "test") for of, name in parts[part]}
        cultures, names = zip(*parts["judge"], strict=True)
        self.gram = SequenceGram(names, 3, len(alphabet), told=told(parts["judge"]))
        self.classifier = make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True),
            LogisticRegression(C=10, class_weight="balanced", max_iter=300),
        ).fit(names, cultures)

    def measure(self, pairs: Sequence[Pair]) -> dict[str, float]:
        """The measures of the article, of at least one name."""
        folded = [(culture, name.casefold()) for culture, name in pairs]
        given = self.classifier.predict([name for _, name in pairs])
        return {
            "valid": sum(culture == judged for (culture, _), judged in zip(pairs, given, strict=True)) / len(pairs),
            "novel": sum(name not in self.seen for _, name in folded) / len(pairs),
            "distinct": len(set(folded)) / len(pairs),
            "hits": sum(pair in self.unseen for pair in folded) / len(pairs),
            "likelihood": self.gram.nats_a_token([name for _, name in pairs], told(pairs)),
        }

    def confusion(self, pairs: Sequence[Pair], cultures: Sequence[str]) -> Any:
        """How many names of each culture asked for, a row, are given to each, a column."""
        import numpy as np

        counts = np.zeros((len(cultures), len(cultures)))
        judged = self.classifier.predict([name for _, name in pairs])
        for (culture, _), to in zip(pairs, judged, strict=True):
            counts[cultures.index(culture), cultures.index(to)] += 1
        return counts


def told(pairs: Sequence[Pair]) -> list[list[str]]:
    """The culture at each character of each name, and at its end."""
    return [[culture] * (len(name) + 1) for culture, name in pairs]


def grams_of(parts: Mapping[str, Sequence[Pair]], alphabet: int) -> dict[str, float]:
    """Nats a character of each n-gram of :data:`GRAMS`, fitted on the training part, on the test part.

    Args:
        parts: as :func:`elman.data.names.split` makes them.
        alphabet: how many characters there can be, the end one of them.
    """
    from elman.baselines.sequence_gram import SequenceGram

    training, test = ([name for _, name in parts[part]] for part in ("training", "test"))
    found = {}
    for label, (order, knows) in GRAMS.items():
        gram = SequenceGram(training, order, alphabet, told(parts["training"]) if knows else None)
        found[label] = gram.nats_a_token(test, told(parts["test"]) if knows else None)
    return found
