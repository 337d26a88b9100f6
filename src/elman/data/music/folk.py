"""Tunes from a small grammar: what a machine without tune books learns from. Nobody ever played them.

A tune has a key, a metre, and four phrases of four bars, A A' B B': the primed phrase repeats the one before it but
for its last bar, where the half cadence (on the dominant) becomes a full one (on the tonic). Every bar has a chord;
a note on a strong beat belongs to it, and the others go by step. So every bar is filled, every note is in the
scale, and the last note is the tonic."""

import random

from elman.data.music.melody import Melody, Note

__all__ = ["write_tune"]

KEYS = {"G": (7, False, 5), "D": (2, False, 5), "A": (9, False, 3), "C": (0, False, 3), "F": (5, False, 1),
        "Am": (9, True, 2), "Em": (4, True, 2), "Dm": (2, True, 1)}  # fmt: skip
SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 10)}
# A beat's durations in sixteenths, as often as they are listed.
RHYTHMS = {
    (4, 4): ((4,), (2, 2), (2, 2), (2, 2), (3, 1), (2, 1, 1)),
    (3, 4): ((4,), (4,), (2, 2), (3, 1)),
    (6, 8): ((2, 2, 2), (2, 2, 2), (4, 2), (6,), (3, 1, 2)),
}
PICKUPS = {(4, 4): (0, 2, 4), (3, 4): (0, 4), (6, 8): (0, 2)}
CHORDS = ((0, 3, 0), (0, 5, 3), (0, 0, 3), (3, 0, 1), (0, 4, 0))  # degrees of a phrase's bars before its cadence
RANGE = range(-3, 10)  # degrees of the scale about the tonic above middle C


def write_tune(seed: int) -> Melody:
    """Write a tune.

    Args:
        seed: the same seed writes the same tune.

    Example:
        >>> tune = write_tune(3)
        >>> tune.length == 16 * tune.bar, tune.pitches[-1] % 12 == tune.tonic
        (True, True)
    """
    choice = random.Random(seed)
    (name,) = choice.choices(list(KEYS), [weight for *_, weight in KEYS.values()])
    tonic, minor, _ = KEYS[name]
    metre = choice.choice(list(RHYTHMS))
    pickup = choice.choice(PICKUPS[metre])
    degree = choice.choice((0, 2, 4))
    phrases: list[list[tuple[int, int]]] = []
    for begins in (degree, degree + choice.choice((2, 3))):  # the second part lies higher
        bars, at = [], begins
        for chord in choice.choice(CHORDS):
            written, at = _bar(choice, metre, chord, at)
            bars.append(written)
        phrases += [[*_joined(bars), *_cadence(choice, metre, at, goal)] for goal in (4, 0)]
    degrees = _joined(phrases)
    low = 60 + tonic - (12 if tonic > 8 else 0)
    notes = [Note(low + 12 * (d // 7) + SCALES[minor][d % 7], duration) for d, duration in degrees]
    if pickup:  # the last bar is shorter by what the first note came early
        lead = Note(low + SCALES[minor][4] - 12, pickup)
        last = notes[-1]
        notes = [lead, *notes[:-1], Note(last.pitch, last.duration - pickup)]
    return Melody(tuple(notes), metre, pickup, tonic, minor, f"Grammar's tune {seed}")


def _bar(choice: random.Random, metre: tuple[int, int], chord: int, at: int) -> tuple[list[tuple[int, int]], int]:
    """One bar over a chord, from a degree on: degrees and durations, and the degree it leaves off at."""
    beats = metre[0] // 3 if metre == (6, 8) else metre[0]
    notes = []
    for beat in range(beats):
        for place, duration in enumerate(choice.choice(RHYTHMS[metre])):
            if place == 0 and beat % 2 == 0:
                near = [d for d in RANGE if (d - chord) % 7 in (0, 2, 4)]
                at = min(near, key=lambda d: abs(d - at) + 2 * choice.random())
            else:
                at = min(max(at + choice.choice((-1, -1, 1, 1, 2, -2)), RANGE[0]), RANGE[-1])
            notes.append((at, duration))
    return notes, at


def _cadence(choice: random.Random, metre: tuple[int, int], at: int, goal: int) -> list[tuple[int, int]]:
    """A bar that walks to a degree and stays there."""
    bar = 16 * metre[0] // metre[1]
    goal = min((goal - 7, goal, goal + 7), key=lambda d: (abs(d - at), d) if d in RANGE else (99, d))
    above = choice.choice((1, -1))
    step = bar // 2 // (3 if metre in ((6, 8), (3, 4)) else 2)
    walk = [(goal + above * k, step) for k in range(bar // 2 // step, 0, -1)]
    return [*walk, (goal, bar - bar // 2 // step * step)]


def _joined(parts: list[list[tuple[int, int]]]) -> list[tuple[int, int]]:
    return [note for part in parts for note in part]
