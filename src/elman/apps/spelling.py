"""Train spelling models and correct words with them: shared by study 15.23 and ``elman correct``."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from elman.baselines.norvig import Candidates
    from elman.data.pairs import Pairs
    from elman.decode import Beams, Trie
    from elman.nn.seq2seq import Seq2Seq

__all__ = [
    "batch",
    "best",
    "channel_scores",
    "found_words",
    "log_likelihood",
    "rank_words",
    "ranked",
    "search",
    "settings",
    "train_speller",
    "training_pairs",
    "tree_of",
    "write_greedily",
]

Near = Sequence[tuple[str, int]]  # candidates and their distances
AZ = "abcdefghijklmnopqrstuvwxyz"  # the alphabet of study 15.23, and of models whose notes name no other
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)  # of the log count, to choose from
SPARE = 4  # a correction may exceed its typo by this many letters


def settings(hidden_size: int, head: str, alphabet: str = AZ) -> dict[str, Any]:
    """Return the settings of a bidirectional GRU encoder and a GRU decoder with multiplicative attention."""
    from elman.data.typos import ids_of

    size = ids_of(alphabet)[2]
    return {
        "source_size": size, "target_size": size, "embedding_size": 32, "hidden_size": hidden_size,
        "attention": "multiplicative", "head": head,
    }  # fmt: skip


def batch(read: Sequence[str], written: Sequence[str], alphabet: str = AZ) -> "Pairs":
    """Batch source and target words, padded."""
    from elman.data.pairs import batch_pairs
    from elman.data.typos import encode, ids_of

    begin, end, _ = ids_of(alphabet)
    return batch_pairs(
        [encode(word, alphabet) for word in read], [encode(word, alphabet) for word in written], begin, end
    )


def training_pairs(
    count: int,
    words: Sequence[str],
    real: Sequence[tuple[str, str]],
    clean: float,
    two: float,
    random: Random,
    alphabet: str = AZ,
) -> list[tuple[str, str]]:
    """Draw pairs of a written and an intended word.

    Args:
        count: number of pairs.
        words: words to misspell.
        real: real pairs; if there are any, half of all pairs are drawn from them.
        clean: share of words left unchanged.
        two: share of the synthetic misspellings with two edits; the others have one.
        random: random number generator.
        alphabet: the letters that a synthetic misspelling can have; default a to z.

    Example:
        >>> training_pairs(2, ["word"], [], clean=1.0, two=0.3, random=Random(0))
        [('word', 'word'), ('word', 'word')]
    """
    from elman.data.typos import misspell

    pairs = []
    for _ in range(count):
        is_clean, is_real = random.random() < clean, bool(real) and random.random() < 0.5
        if is_real:
            wrong, right = random.choice(real)
            pairs.append((right if is_clean else wrong, right))
        else:
            right = random.choice(words)
            edits = 0 if is_clean else 1 + (random.random() < two)
            pairs.append((misspell(right, edits, random, alphabet), right))
    return pairs


def train_speller(
    model: "Seq2Seq", draw: Callable[[], Sequence[tuple[str, str]]], backwards: bool, updates: int,
    learning_rate: float, each: Callable[[int, float], None], alphabet: str = AZ,
) -> list[float]:  # fmt: skip
    """Train on drawn pairs (wrong, right) to write the right word or, if ``backwards``, the wrong one."""
    from elman.train.loop import losses, train
    from elman.train.seq2seq import sequence_loss

    def pairs(update: int) -> "Pairs":
        wrong, right = zip(*draw(), strict=True)
        return batch(right, wrong, alphabet) if backwards else batch(wrong, right, alphabet)

    steps = train(model, lambda update: sequence_loss(model, pairs(update)), updates, learning_rate=learning_rate)
    return losses(steps, each)


def write_greedily(model: "Seq2Seq", typos: Sequence[str], alphabet: str = AZ) -> list[str]:
    """Return the model's greedy output for each word."""
    import torch

    from elman.data.typos import decode, ids_of
    from elman.decode import greedy

    begin, end, _ = ids_of(alphabet)
    read = batch(typos, typos, alphabet)
    longest = max(map(len, typos)) + SPARE
    with torch.inference_mode():
        start = torch.full((len(typos), 1), begin)
        written = greedy(model.step, start, longest, eos=end, state=model.encode(read.source, read.lengths))
    return [decode(row, alphabet) for row in written.tolist()]


def tree_of(words: Sequence[str], alphabet: str = AZ) -> "Trie":
    """Return the prefix tree of a dictionary, which restricts a search to its words."""
    from elman.data.typos import encode, ids_of
    from elman.decode import Trie

    _, end, size = ids_of(alphabet)
    return Trie([encode(word, alphabet) for word in words], size, end)


def search(
    model: "Seq2Seq",
    typos: Sequence[str],
    trie: "Trie",
    width: int,
    n_best: int = 1,
    tree: bool = False,
    alphabet: str = AZ,
) -> "Beams":
    """Return the ``n_best`` likeliest dictionary words for each typo, found with a beam of ``width``."""
    import torch

    from elman.data.typos import ids_of
    from elman.decode import beam_search

    begin, end, _ = ids_of(alphabet)
    read = batch(typos, typos, alphabet)
    longest = max(map(len, typos)) + SPARE
    with torch.inference_mode():
        return beam_search(
            model.step, torch.full((len(typos),), begin), eos=end, max_length=longest, beam_width=width,
            n_best=n_best, state=model.encode(read.source, read.lengths), allowed=trie, tree=tree,
        )  # fmt: skip


def found_words(beams: "Beams", alphabet: str = AZ) -> list[list[tuple[str, float]]]:
    """Return each typo's completed words and their scores, best first."""
    from elman.data.typos import decode

    rows = zip(beams.sequences(), beams.scores.tolist(), beams.ended.tolist(), strict=True)
    return [
        [(decode(tokens, alphabet), score) for tokens, score, ended in zip(*row, strict=False) if ended]
        for row in rows
    ]


def log_likelihood(model: "Seq2Seq", pairs: "Pairs") -> "Tensor":
    """Return the log-probability ``[B]``, in nats, of each whole target given its source."""
    import torch

    log_probs = model(pairs.source, pairs.target[:-1], pairs.lengths, pairs.copied)
    real = torch.arange(1, len(pairs.target))[:, None] < pairs.target_lengths
    chosen = log_probs.gather(-1, pairs.target[1:, :, None])[..., 0]
    return torch.where(real, chosen, 0.0).sum(0)


def channel_scores(
    model: "Seq2Seq", typos: Sequence[str], near: Sequence[Near], size: int = 1024, alphabet: str = AZ
) -> list[dict[str, float]]:
    """Return log P(typo | word) in nats of every candidate of each typo, scored in batches of ``size``."""
    import torch

    asked = [(k, word) for k, words in enumerate(near) for word, _ in words]
    asked.sort(key=lambda one: len(one[1]))  # batch words of similar length, for little padding
    scores: list[dict[str, float]] = [{} for _ in typos]
    with torch.inference_mode():
        for begin in range(0, len(asked), size):
            some = asked[begin : begin + size]
            values = log_likelihood(model, batch([word for _, word in some], [typos[k] for k, _ in some], alphabet))
            for (k, word), value in zip(some, values.tolist(), strict=True):
                scores[k][word] = value
    return scores


def ranked(scores: Mapping[str, float], counts: Mapping[str, int], weight: float) -> list[tuple[str, float]]:
    """Return the candidates with log P(typo | word) + weight log count(word), best first.

    Example:
        >>> ranked({"the": -1.0, "tea": -1.0}, {"the": 9, "tea": 1}, weight=1.0)[0][0]
        'the'
    """
    from math import log

    total = {word: score + weight * log(counts[word]) for word, score in scores.items()}
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))


def rank_words(
    model: "Seq2Seq", typos: Sequence[str], candidates: "Candidates", *, weight: float, edits: int, most: int,
    alphabet: str = AZ,
) -> list[list[tuple[str, float]]]:  # fmt: skip
    """Return the ranked corrections of each word: see :func:`ranked`.

    Args:
        model: the channel model.
        typos: words of letters of the alphabet.
        candidates: the dictionary.
        weight: weight of the log count.
        edits: largest distance of a correction.
        most: corrections to rank, the nearest ones.
        alphabet: the letters that the model knows.
    """
    near = candidates.near(typos, edits, most)
    return [
        ranked(scores, candidates.counts, weight) for scores in channel_scores(model, typos, near, alphabet=alphabet)
    ]


def best(typo: str, scores: Mapping[str, float], counts: Mapping[str, int], weight: float) -> str:
    """Return the best candidate, or the typo itself if there are no candidates."""
    return ranked(scores, counts, weight)[0][0] if scores else typo
