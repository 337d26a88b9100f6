"""Generated utterances: classes of multichannel trajectories of varying length."""

import numpy as np

from elman.data.ts import LabelledSequence

__all__ = ["utterances"]


def utterances(
    count: int,
    seed: int = 0,
    classes: int = 9,
    channels: int = 12,
    lengths: tuple[int, int] = (7, 29),
    noise: float = 0.8,
) -> list[LabelledSequence]:
    """Draw utterances similar to Japanese Vowels (Kudo et al., 1999): few, short, and of varying length.

    Every class has its own curve, a parabola in each channel. An utterance follows the curve once, at its own speed,
    with its own offset and autocorrelated noise. The classes are always the same; the seed determines the utterances.

    Args:
        count: utterances, at least one; the classes alternate.
        seed: seed of the utterances.
        classes: number of classes, labelled ``"1"``, ``"2"`` and so on; default 9.
        channels: features of a frame; default 12.
        lengths: minimum and maximum number of frames, drawn uniformly; default (7, 29).
        noise: standard deviation of the offsets and of the noise, relative to the classes' curves; default 0.8.

    Raises:
        ValueError: if a number is less than 1, or the minimum length exceeds the maximum.

    Example:
        >>> some = utterances(3)
        >>> [one.label for one in some], some[0].values.shape[1]
        (['1', '2', '3'], 12)
    """
    shortest, longest = lengths
    if min(count, classes, channels, shortest) < 1 or shortest > longest:
        raise ValueError(
            f"count, classes, channels and lengths must be at least 1 and the lengths in order, "
            f"got {count}, {classes}, {channels} and {lengths}"
        )
    curves = np.random.default_rng(15_13).normal(size=(classes, 3, channels)) / np.sqrt(3)
    random = np.random.default_rng((15_13, seed))
    drawn = []
    for k in range(count):
        steps = int(random.integers(shortest, longest + 1))
        path = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, steps), 2) @ curves[k % classes]
        errors = random.normal(size=(steps, channels))
        for t in range(1, steps):
            errors[t] = 0.8 * errors[t - 1] + 0.6 * errors[t]
        values = path + noise * (0.5 * random.normal(size=channels) + errors)
        drawn.append(LabelledSequence(values.astype(np.float32), str(k % classes + 1)))
    return drawn
