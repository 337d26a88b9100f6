"""What the study of spelling and ``elman correct`` share: two encoder-decoders, and three ways to correct by them."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from elman.data.pairs import Pairs
    from elman.decode import Beams, Trie
    from elman.nn.seq2seq import Seq2Seq

__all__ = [
    "batch",
    "best",
    "channel_scores",
    "found_words",
    "log_likelihood",
    "ranked",
    "search",
    "settings",
    "train_speller",
    "training_pairs",
    "tree_of",
    "write_greedily",
]

Near = Sequence[tuple[str, int]]  # candidates and their distances
SPARE = 4  # letters that a correction may be longer than what it corrects


def settings(hidden_size: int, head: str) -> dict[str, Any]:
    """A bidirectional GRU that reads letters and a GRU that writes them, looking by multiplicative attention."""
    from elman.data.typos import SIZE

    return {
        "source_size": SIZE, "target_size": SIZE, "embedding_size": 32, "hidden_size": hidden_size,
        "attention": "multiplicative", "head": head,
    }  # fmt: skip


def batch(read: Sequence[str], written: Sequence[str]) -> "Pairs":
    """Pad words to read and words to write."""
    from elman.data.pairs import batch_pairs
    from elman.data.typos import BEGIN, END, encode

    return batch_pairs([encode(word) for word in read], [encode(word) for word in written], BEGIN, END)


def training_pairs(
    count: int, words: Sequence[str], real: Sequence[tuple[str, str]], clean: float, two: float, random: Random
) -> list[tuple[str, str]]:
    """Draw pairs of what was written and what was meant.

    Args:
        count: how many.
        words: words to misspell.
        real: real pairs, from which half of the misspelt ones are drawn if there are any.
        clean: share of words left as they are.
        two: of the synthetic slips, share of words with two.
        random: source of chance.

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
            pairs.append((misspell(right, edits, random), right))
    return pairs


def train_speller(
    model: "Seq2Seq", draw: Callable[[], Sequence[tuple[str, str]]], backwards: bool, updates: int,
    learning_rate: float, each: Callable[[int, float], None],
) -> list[float]:  # fmt: skip
    """Train on drawn pairs (wrong, right): to write the right word, or, backwards, the wrong one from the right."""
    from elman.train.loop import losses, train
    from elman.train.seq2seq import sequence_loss

    def pairs(update: int) -> "Pairs":
        wrong, right = zip(*draw(), strict=True)
        return batch(right, wrong) if backwards else batch(wrong, right)

    made = train(model, lambda update: sequence_loss(model, pairs(update)), updates, learning_rate=learning_rate)
    return losses(made, each)


def write_greedily(model: "Seq2Seq", typos: Sequence[str]) -> list[str]:
    """Return what the model writes for each word, the likeliest letter each time."""
    import torch

    from elman.data.typos import BEGIN, END, decode
    from elman.decode import greedy

    read = batch(typos, typos)
    longest = max(map(len, typos)) + SPARE
    with torch.inference_mode():
        start = torch.full((len(typos), 1), BEGIN)
        written = greedy(model.step, start, longest, eos=END, state=model.encode(read.source, read.lengths))
    return [decode(row) for row in written.tolist()]


def tree_of(words: Sequence[str]) -> "Trie":
    """Return the tree of a dictionary, to which a search is held."""
    from elman.data.typos import END, SIZE, encode
    from elman.decode import Trie

    return Trie([encode(word) for word in words], SIZE, END)


def search(
    model: "Seq2Seq", typos: Sequence[str], trie: "Trie", width: int, n_best: int = 1, tree: bool = False
) -> "Beams":
    """Search for the likeliest words of a dictionary, ``n_best`` for each typo, by a beam of ``width``."""
    import torch

    from elman.data.typos import BEGIN, END
    from elman.decode import beam_search

    read = batch(typos, typos)
    longest = max(map(len, typos)) + SPARE
    with torch.inference_mode():
        return beam_search(
            model.step, torch.full((len(typos),), BEGIN), eos=END, max_length=longest, beam_width=width,
            n_best=n_best, state=model.encode(read.source, read.lengths), allowed=trie, tree=tree,
        )  # fmt: skip


def found_words(beams: "Beams") -> list[list[tuple[str, float]]]:
    """Return for each typo the whole words that were found and their scores, the best first."""
    from elman.data.typos import decode

    rows = zip(beams.sequences(), beams.scores.tolist(), beams.ended.tolist(), strict=True)
    return [[(decode(tokens), score) for tokens, score, ended in zip(*row, strict=False) if ended] for row in rows]


def log_likelihood(model: "Seq2Seq", pairs: "Pairs") -> "Tensor":
    """Return the log-probability ``[B]``, in nats, of each whole target given its source."""
    import torch

    log_probs = model(pairs.source, pairs.target[:-1], pairs.lengths, pairs.copied)
    real = torch.arange(1, len(pairs.target))[:, None] < pairs.target_lengths
    chosen = log_probs.gather(-1, pairs.target[1:, :, None])[..., 0]
    return torch.where(real, chosen, 0.0).sum(0)


def channel_scores(
    model: "Seq2Seq", typos: Sequence[str], near: Sequence[Near], size: int = 1024
) -> list[dict[str, float]]:
    """Return for each typo log P(typo | word) of every candidate, in nats; ``size`` are scored at once."""
    import torch

    asked = [(k, word) for k, words in enumerate(near) for word, _ in words]
    asked.sort(key=lambda one: len(one[1]))  # words of a length together, for little padding
    scores: list[dict[str, float]] = [{} for _ in typos]
    with torch.inference_mode():
        for begin in range(0, len(asked), size):
            some = asked[begin : begin + size]
            values = log_likelihood(model, batch([word for _, word in some], [typos[k] for k, _ in some]))
            for (k, word), value in zip(some, values.tolist(), strict=True):
                scores[k][word] = value
    return scores


def ranked(scores: Mapping[str, float], counts: Mapping[str, int], weight: float) -> list[tuple[str, float]]:
    """Return the candidates and log P(typo | word) + weight log count(word), the best first.

    Example:
        >>> ranked({"the": -1.0, "tea": -1.0}, {"the": 9, "tea": 1}, weight=1.0)[0][0]
        'the'
    """
    from math import log

    total = {word: score + weight * log(counts[word]) for word, score in scores.items()}
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))


def best(typo: str, scores: Mapping[str, float], counts: Mapping[str, int], weight: float) -> str:
    """Return the best candidate, or the typo where there is none."""
    return ranked(scores, counts, weight)[0][0] if scores else typo
