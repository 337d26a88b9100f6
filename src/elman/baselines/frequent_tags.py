"""Every word's most frequent tag: the baseline of a tagger."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

__all__ = ["FrequentTags"]


class FrequentTags:
    """Tag every word with its most frequent tag in the training sentences.

    An unseen word is looked up in lower case and otherwise gets the most common tag of the words seen once.

    Args:
        sentences: the words and the tags of each training sentence.

    Raises:
        ValueError: if there are no words.

    Example:
        >>> sentences = [(["The", "cat"], ["DET", "NOUN"]), (["the", "bird"], ["DET", "NOUN"])]
        >>> FrequentTags(sentences)(["The", "THE", "dog"])
        ['DET', 'DET', 'NOUN']
    """

    def __init__(self, sentences: Iterable[tuple[Sequence[str], Sequence[str]]]):
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for words, tags in sentences:
            for word, tag in zip(words, tags, strict=True):
                counts[word][tag] += 1
                if word != word.lower():
                    counts[word.lower()][tag] += 1
        if not counts:
            raise ValueError("the most frequent tags need at least one tagged word, got none")
        self._best = {word: count.most_common(1)[0][0] for word, count in counts.items()}
        rare = Counter(self._best[word] for word, count in counts.items() if count.total() == 1)
        self._unseen = (rare or Counter(self._best.values())).most_common(1)[0][0]

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Return the tag of each word."""
        return [self._best.get(word, self._best.get(word.lower(), self._unseen)) for word in words]
