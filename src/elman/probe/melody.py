"""Statistics of melodies: key, filled bars, steps, durations, and the distance to training tunes."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from elman.data.music.melody import REST, TONICS, Duration, Melody, edit_distance, spelled

__all__ = [
    "KRUMHANSL", "Key", "bars_filled", "best_key", "durations", "in_scale", "intervals", "kl", "nearest_distance",
    "pooled", "shuffled",
]  # fmt: skip

T = TypeVar("T", bound=Hashable)

# Listeners' ratings of how well each pitch class fits a key on C: Krumhansl & Kessler (1982), figure 3; the numbers
# are printed in Krumhansl (1990), Cognitive Foundations of Musical Pitch, p. 30. Keyed by whether the key is minor.
KRUMHANSL = {
    False: (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    True: (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
SCALES = {False: frozenset((0, 2, 4, 5, 7, 9, 11)), True: frozenset((0, 2, 3, 5, 7, 8, 10))}  # minor: natural


@dataclass(frozen=True)
class Key:
    """A key and how well it fits: Pearson's correlation of the melody's pitch classes with the key's profile."""

    tonic: int
    minor: bool
    correlation: float

    @property
    def name(self) -> str:
        """Such as ``"F#m"``."""
        return TONICS[self.tonic] + "m" * self.minor


def best_key(melody: Melody) -> Key:
    """Find the key by the algorithm of Krumhansl & Schmuckler (Krumhansl, 1990, chapter 4).

    The time that each pitch class sounds is correlated with the profiles of all 24 keys, and the highest correlation
    wins. The order of the notes does not matter.

    Raises:
        ValueError: if all twelve pitch classes sound equally long, because then no key fits better than another.

    Example:
        >>> scale = Melody(tuple((60 + p, 2) for p in (0, 2, 4, 5, 7, 9, 11, 12)))
        >>> key = best_key(scale)
        >>> key.name, round(key.correlation, 3)
        ('C', 0.901)
    """
    heard = np.zeros(12)
    for pitch, duration in melody.notes:
        if pitch != REST:
            heard[pitch % 12] += duration
    if heard.min() == heard.max():
        raise ValueError("all twelve pitch classes sound equally long; no key fits better than another")
    fits = [
        Key(tonic, minor, float(np.corrcoef(heard, np.roll(profile, tonic))[0, 1]))
        for minor, profile in KRUMHANSL.items()
        for tonic in range(12)
    ]
    return max(fits, key=lambda key: key.correlation)


def in_scale(melody: Melody, tonic: int, minor: bool) -> float:
    """Return the share of notes, rests left out, in a key's scale; in minor the natural one.

    For notes drawn uniformly from all twelve pitch classes the share is 7/12.

    Example:
        >>> in_scale(Melody(((60, 1), (62, 1), (63, 1), (64, 1))), tonic=0, minor=False)
        0.75
    """
    return sum((pitch - tonic) % 12 in SCALES[minor] for pitch in melody.pitches) / len(melody.pitches)


def bars_filled(melody: Melody) -> float:
    """Return the share of whole bars that begin and end with a note or rest, so that no note crosses the bar line;
    NaN if there are no whole bars.

    Example:
        >>> bars_filled(Melody(((60, 8), (62, 8), (64, 12), (65, 4), (67, 12), (69, 8), (71, 12))))
        0.5
    """
    edges: set[Duration] = {0}
    now: Duration = 0
    for note in melody.notes:
        now += note.duration
        edges.add(now)
    bars = [melody.pickup + k * melody.bar for k in range(int((now - melody.pickup) // melody.bar))]
    return sum(line in edges and line + melody.bar in edges for line in bars) / len(bars) if bars else math.nan


def intervals(melodies: Iterable[Melody]) -> Counter[int]:
    """Count the steps in semitones from each note to the next that sounds."""
    return Counter(b - a for tune in melodies for a, b in zip(tune.pitches, tune.pitches[1:], strict=False))


def durations(melodies: Iterable[Melody]) -> Counter[Duration]:
    """Count the durations in sixteenths, of rests too."""
    return Counter(note.duration for tune in melodies for note in tune.notes)


def kl(found: Mapping[T, float], reference: Mapping[T, float], smoothing: float = 0.5) -> float:
    r"""Return the divergence :math:`\sum_x p(x) \ln \frac{p(x)}{q(x)}` of found counts from a reference's, in nats.

    Args:
        found: counts that give p.
        reference: counts that give q.
        smoothing: added to the count of every value that occurs in either, so that no count is zero; default 0.5.

    Raises:
        ValueError: if ``found`` or ``reference`` is empty, or the smoothing is not positive.

    Example:
        >>> kl({"a": 1, "b": 1}, {"a": 1, "b": 1}), round(kl({"a": 9}, {"b": 9}), 3)
        (0.0, 2.65)
    """
    if not sum(found.values()) or not sum(reference.values()) or smoothing <= 0:
        raise ValueError("a divergence needs two sets of counts and a positive smoothing")
    every = sorted(set(found) | set(reference), key=str)
    p, q = (np.array([counts.get(one, 0) + smoothing for one in every], float) for counts in (found, reference))
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())


def nearest_distance(melodies: Sequence[Melody], training: Sequence[Melody]) -> list[float]:
    """Return the distance of each melody from the most similar training tune, whatever the keys: the edit distance
    of their :attr:`~elman.data.music.melody.Melody.shape` s, in notes, divided by the length of the longer one.

    0 means a copy or a transposition, 1 that the two share no step with its duration.

    Raises:
        ValueError: if there are no training tunes.
        RuntimeError: if rapidfuzz is not installed.

    Example:
        >>> tune = Melody(((60, 4), (62, 4), (64, 8)))
        >>> nearest_distance([tune.transposed(5), Melody(((60, 4), (62, 4), (64, 4)))], [tune])
        [0.0, 0.333...]
    """
    if not training:
        raise ValueError("there are no training tunes to compare with")
    measure = edit_distance()
    words = spelled([*melodies, *training])
    mine, theirs = words[: len(melodies)], words[len(melodies) :]
    return [min(measure.normalized_distance(word, other) for other in theirs) for word in mine]


def shuffled(melody: Melody, seed: int) -> Melody:
    """Return the same notes in a random order. A statistic that does not change, such as :func:`best_key`, does not
    measure the order of the notes."""
    order = np.random.default_rng(seed).permutation(len(melody.notes))
    return replace(melody, notes=tuple(melody.notes[k] for k in order))


def pooled(melodies: Sequence[Melody], seed: int) -> list[Melody]:
    """Return melodies with the same numbers of notes, drawn from the notes of all melodies, which destroys the keys.

    A melody that would receive only rests keeps its own notes.
    """
    every = [note for melody in melodies for note in melody.notes]
    order = iter(np.random.default_rng(seed).permutation(len(every)).tolist())
    dealt = [tuple(every[next(order)] for _ in melody.notes) for melody in melodies]
    return [
        replace(melody, notes=notes) if any(note.pitch != REST for note in notes) else melody
        for melody, notes in zip(melodies, dealt, strict=True)
    ]
