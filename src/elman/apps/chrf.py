"""chrF, a score of a translation by the character n-grams that it shares with a reference (Popović, WMT 2015)."""

from collections import Counter

__all__ = ["chrf"]


def chrf(written: str, reference: str, order: int = 6, beta: float = 2.0) -> float:
    """Return the sentence-level chrF, from 0 to 100.

    Precision and recall are averaged over the orders that both texts are long enough for; spaces do not count.

    Args:
        written: the translation.
        reference: the right translation.
        order: longest n-gram; default 6.
        beta: weight of the recall; default 2.

    Example:
        >>> chrf("a cat", "a cat"), chrf("a cat", "dogs"), round(chrf("ab", "abc"), 2)
        (100.0, 0.0, 63.64)
    """
    texts = ["".join(text.split()) for text in (written, reference)]
    precisions, recalls = [], []
    for n in range(1, order + 1):
        ours, theirs = (Counter(text[k : k + n] for k in range(len(text) - n + 1)) for text in texts)
        if ours and theirs:
            both = (ours & theirs).total()
            precisions.append(both / ours.total())
            recalls.append(both / theirs.total())
    precision, recall = sum(precisions), sum(recalls)
    if not precision + recall:
        return 0.0
    factor = beta**2
    return 100 * (1 + factor) * precision * recall / (factor * precision + recall) / len(precisions)
