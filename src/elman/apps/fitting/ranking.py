"""Average precision of scores of a series, with an interval that allows for their dependence."""

import numpy as np

from elman.apps.fitting.score import Score

__all__ = ["average_precision"]


def average_precision(scores: np.ndarray, labels: np.ndarray, blocks: np.ndarray) -> Score:
    """Return the average precision, the area under the curve of precision over recall, as a score of blocks.

    Args:
        scores: a score for each value, ``[N]``; higher where the value is likelier to be labelled.
        labels: which values are labelled, ``[N]``, at least one of them.
        blocks: number of the block that each value belongs to, ``[N]``; whole blocks are drawn for the interval,
            since neighbours in a series are not independent.

    Raises:
        ValueError: if no value is labelled.

    Example:
        >>> average_precision(np.array([0.9, 0.5, 0.1]), np.array([True, False, True]), np.arange(3)).value
        0.8333333333333333
    """
    if not labels.any():
        raise ValueError(f"average precision needs a labelled value, got none among {len(labels)}")
    order = np.argsort(-scores, kind="stable")
    ranked, found = scores[order], labels[order]
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))  # equal scores are decided together
    _, of = np.unique(blocks, return_inverse=True)
    of = of[order]

    def measure(counts: np.ndarray) -> float:
        weights = counts[of].astype(float)
        hits, every = np.cumsum(weights * found)[ends], np.cumsum(weights)[ends]
        if not hits[-1]:
            return np.nan
        precision = hits / np.maximum(every, 1)
        return float(np.diff(hits, prepend=0.0) @ precision / hits[-1])

    return Score("average precision", [0.0] * (int(of.max()) + 1), measure=measure)
