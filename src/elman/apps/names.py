"""Train on names, sample names and evaluate names: shared by study 15.22 and ``elman names``."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.data.vocabulary import Vocabulary
    from elman.nn.conditional import ConditionalLanguageModel

END = "\n"  # before a name and after it
LONGEST = 40  # characters of a sample, at most
SEEDS_APART = 10_000_019  # updates between the draws of one seed and of the next
MEASURES = ("valid", "novel", "distinct", "hits", "likelihood")
GRAMS = {"bigram": (2, False), "5-gram": (5, False), "bigram, conditioned": (2, True),
         "5-gram, conditioned": (5, True)}  # order, and whether conditioned on culture  # fmt: skip

Pair = tuple[str, str]  # culture, name
Row = tuple[Any, Any]  # a Pair as tensors


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
    """Train on encoded names; leave the model in evaluation mode with the weights of the lowest validation loss.

    Args:
        model: the model to train, in place.
        rows: training names, as :func:`coded` returns them.
        check: validation names, scored ten times during training.
        updates: optimizer steps in total.
        batch_size: names per step, drawn at random.
        learning_rate: the highest learning rate.
        each: called with the number of updates done and the last loss.

    Returns:
        Training loss in nats per character, averaged over each tenth of the run, and the validation loss at the end
        of each tenth.

    Raises:
        LossNotFinite: with the update at which it happened.
    """
    from elman.train.loop import train
    from elman.train.stopping import Best

    loss = loss_of(model, rows, batch_size)
    best, losses, checks = Best(model), [], []
    every = max(1, updates // 10)
    recent: list[float] = []
    for update in train(model, loss, updates, learning_rate=learning_rate):
        recent.append(update.loss)
        if each is not None:
            each(update.number, update.loss)
        if len(recent) == every or update.number == updates:
            losses.append(sum(recent) / len(recent))
            checks.append(nats_per_character(nats_of_each(model, check)))
            best.saw(checks[-1])
            recent.clear()
    best.restore()
    model.eval()
    return losses, checks


def loss_of(
    model: "ConditionalLanguageModel", rows: Sequence[Row], batch_size: int, seed: int = 0
) -> Callable[[int], Any]:
    """Return the loss of an update by its number, nats per character of names drawn at random.

    Args:
        model: the model to train.
        rows: training names, as :func:`coded` returns them.
        batch_size: names to draw.
        seed: the same seed and update draw the same names; default 0.
    """
    import torch
    from torch.nn.functional import cross_entropy

    def loss(update: int) -> Any:
        generator = torch.Generator().manual_seed((update + SEEDS_APART * seed) % 2**63)
        drawn = torch.randint(len(rows), (batch_size,), generator=generator)
        conditions, inputs, targets = batch([rows[int(row)] for row in drawn])
        return cross_entropy(model(inputs, conditions)[0].flatten(0, 1), targets.flatten(), ignore_index=-100)

    return loss


def nats_per_character(each: Sequence[tuple[float, int]]) -> float:
    """Return the mean nats per character over the names that :func:`nats_of_each` scored.

    Example:
        >>> nats_per_character([(4.0, 2), (2.0, 1)])
        2.0
    """
    return sum(nats for nats, _ in each) / sum(length for _, length in each)


def coded(pairs: Sequence[Pair], cultures: Sequence[str], vocabulary: "Vocabulary") -> list[Row]:
    """Encode names: the index of the culture, and the indices ``[T]`` of the characters between two end symbols."""
    import torch

    return [
        (torch.tensor(cultures.index(culture)), torch.from_numpy(vocabulary.encode(END + name + END)))
        for culture, name in pairs
    ]


def batch(rows: Sequence[Row]) -> tuple[Any, Any, Any]:
    """Batch encoded names: cultures ``[B]``, characters ``[T, B]``, and the next characters ``[T, B]``, -100 after a
    name's end."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    names = [name for _, name in rows]
    inputs = pad_sequence([name[:-1] for name in names])
    targets = pad_sequence([name[1:] for name in names], padding_value=-100)
    return torch.stack([culture for culture, _ in rows]), inputs, targets


def nats_of_each(model: "ConditionalLanguageModel", rows: Sequence[Row]) -> list[tuple[float, int]]:
    """Return each encoded name's total nats and its number of characters, its end included."""
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
    """Sample a name for each of the given cultures; an empty sample is drawn again, up to 100 times.

    Args:
        model: a trained model.
        notes: its ``"cultures"`` and ``"vocabulary"``.
        cultures: one per name, each known to the model.
        temperature: 0 takes the likeliest character, 1 samples from the model's distribution.
        seed: the same seed gives the same names.

    Returns:
        One name per culture, of at most 40 characters.

    Raises:
        UnknownName: for a culture that the model does not know; the message suggests the nearest.
        ValueError: for a negative temperature, or if the model writes only empty names.
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
        conditioned = model.conditioned(torch.tensor([notes["cultures"].index(cultures[k]) for k in left]))
        prompt = torch.full((len(left), 1), eos)
        drawn = sample(conditioned, prompt, LONGEST, temperature=temperature, eos=eos, generator=generator)
        for k, row in zip(left, drawn.tolist(), strict=True):
            written[k] = vocabulary.decode(row).partition(END)[0].strip()
    raise ValueError(f"the model writes only empty names at temperature {temperature:g}; choose another temperature")


class Judges:
    """A classifier and a trigram that evaluate names, trained on names that the network has not seen.

    Args:
        parts: as :func:`elman.data.names.split` returns them.
        alphabet: every possible character, the end included.

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
        self.gram = SequenceGram(names, 3, len(alphabet), known=culture_labels(parts["judge"]))
        self.classifier = make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True),
            LogisticRegression(C=10, class_weight="balanced", max_iter=300),
        ).fit(names, cultures)

    def measure(self, pairs: Sequence[Pair]) -> dict[str, float]:
        """Return the study's measures of at least one name."""
        folded = [(culture, name.casefold()) for culture, name in pairs]
        given = self.classifier.predict([name for _, name in pairs])
        return {
            "valid": sum(culture == judged for (culture, _), judged in zip(pairs, given, strict=True)) / len(pairs),
            "novel": sum(name not in self.seen for _, name in folded) / len(pairs),
            "distinct": len(set(folded)) / len(pairs),
            "hits": sum(pair in self.unseen for pair in folded) / len(pairs),
            "likelihood": self.gram.nats_per_token([name for _, name in pairs], culture_labels(pairs)),
        }

    def confusion(self, pairs: Sequence[Pair], cultures: Sequence[str]) -> Any:
        """Return the confusion matrix: one row per requested culture, one column per predicted culture."""
        import numpy as np

        counts = np.zeros((len(cultures), len(cultures)))
        judged = self.classifier.predict([name for _, name in pairs])
        for (culture, _), to in zip(pairs, judged, strict=True):
            counts[cultures.index(culture), cultures.index(to)] += 1
        return counts


def culture_labels(pairs: Sequence[Pair]) -> list[list[str]]:
    """Return each name's culture, repeated for every character and for the end."""
    return [[culture] * (len(name) + 1) for culture, name in pairs]


def grams_of(parts: Mapping[str, Sequence[Pair]], alphabet: int) -> dict[str, float]:
    """Return nats per character on the test part of each n-gram of :data:`GRAMS`, fitted on the training part.

    Args:
        parts: as :func:`elman.data.names.split` returns them.
        alphabet: number of possible characters, the end included.
    """
    from elman.baselines.sequence_gram import SequenceGram

    training, test = ([name for _, name in parts[part]] for part in ("training", "test"))
    found = {}
    for label, (order, knows) in GRAMS.items():
        gram = SequenceGram(training, order, alphabet, culture_labels(parts["training"]) if knows else None)
        found[label] = gram.nats_per_token(test, culture_labels(parts["test"]) if knows else None)
    return found
