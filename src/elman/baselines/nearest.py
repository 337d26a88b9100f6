"""The nearest neighbour: the class of the training sequence that is most alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["NearestNeighbour", "stretched"]

STEPS = 50  # to which every sequence is stretched
ROWS = 256  # sequences compared at once


@dataclass(frozen=True)
class NearestNeighbour:
    """Give a sequence the class of its nearest neighbour by Euclidean distance, all stretched to one length.

    Args:
        known: training sequences, each ``[T, C]``, with channels of similar spread.
        labels: their classes.

    Raises:
        ValueError: if there are no sequences, or not as many labels.

    Example:
        >>> up, down = np.array([[0.0], [1.0], [2.0]]), np.array([[2.0], [0.0]])
        >>> NearestNeighbour([up, down], ["up", "down"]).classes([np.array([[0.0], [3.0]])])
        ['up']
    """

    known: Sequence[np.ndarray]
    labels: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.known) or len(self.known) != len(self.labels):
            raise ValueError(
                f"a nearest neighbour needs at least one sequence and as many labels, got {len(self.known)} and "
                f"{len(self.labels)}"
            )

    def classes(self, sequences: Sequence[np.ndarray]) -> list[str]:
        """Return the class of each sequence's nearest neighbour."""
        steps = min(STEPS, max(len(one) for one in self.known))
        known = np.stack([stretched(one, steps).ravel() for one in self.known])
        squares = (known**2).sum(1)
        found: list[str] = []
        for start in range(0, len(sequences), ROWS):
            some = np.stack([stretched(one, steps).ravel() for one in sequences[start : start + ROWS]])
            best = (squares - 2 * some @ known.T).argmin(1)
            found += [str(self.labels[int(k)]) for k in best]
        return found


def stretched(values: np.ndarray, steps: int) -> np.ndarray:
    """Return a sequence ``[T, C]`` at ``steps`` even places from its first to its last step, interpolated linearly.

    Example:
        >>> stretched(np.array([[0.0], [4.0]]), 3).ravel().tolist()
        [0.0, 2.0, 4.0]
    """
    at = np.linspace(0, len(values) - 1, steps)
    return np.stack([np.interp(at, np.arange(len(values)), channel) for channel in values.T], 1)
