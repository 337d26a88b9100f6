"""Inflection by suffix changes: the baseline of models of inflected forms (as in Cotterell et al., CoNLL 2017)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

__all__ = ["SuffixChanges"]


class SuffixChanges:
    """Inflect a lemma as the training lemmas of the same features with the longest common ending.

    Of several changes of that ending, the most frequent is taken, then the first that was seen.

    Args:
        forms: features, lemma and inflected form of each training form.

    Example:
        >>> changes = SuffixChanges([("PST", "bake", "baked"), ("PST", "walk", "walked"), ("PST", "cry", "cried")])
        >>> changes("PST", "talk"), changes("PST", "like"), changes("PST", "try"), changes("FUT", "go")
        ('talked', 'liked', 'tried', 'go')
    """

    def __init__(self, forms: Iterable[tuple[Sequence[str] | str, str, str]]):
        self._changes: defaultdict[tuple[Sequence[str] | str, str], Counter[str]] = defaultdict(Counter)
        for features, lemma, form in forms:
            same = 0
            while same < min(len(lemma), len(form)) and lemma[same] == form[same]:
                same += 1
            for cut in range(same + 1):
                self._changes[features, lemma[cut:]][form[cut:]] += 1

    def __call__(self, features: Sequence[str] | str, lemma: str) -> str:
        """Return the form; the lemma itself if no training form has these features and a matching ending."""
        for cut in range(len(lemma) + 1):
            if found := self._changes.get((features, lemma[cut:])):
                return lemma[:cut] + found.most_common(1)[0][0]
        return lemma
