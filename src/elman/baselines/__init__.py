"""Simple models that a network must beat: n-grams, naive Bayes, the noisy channel."""

from typing import TYPE_CHECKING

from elman.baselines.norvig import Candidates, norvig  # now, since the module has the same name
from elman.lazy import lazily

if TYPE_CHECKING:
    from elman.baselines.naive_bayes import Evidence
    from elman.baselines.ngram import NGram
    from elman.baselines.sequence_gram import SequenceGram

__all__ = [
    "Candidates",
    "Evidence",
    "NGram",
    "SequenceGram",
    "norvig",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "NGram": "elman.baselines.ngram",
        "SequenceGram": "elman.baselines.sequence_gram",
        "Evidence": "elman.baselines.naive_bayes",
        "Candidates": "elman.baselines.norvig",
        "norvig": "elman.baselines.norvig",
    },
)
