"""A melody drawn as a piano roll."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from elman.lab.findings import Heatmap
from elman.lab.tunes import PIANO_ROLL

if TYPE_CHECKING:
    from elman.data.music.melody import Melody

__all__ = ["BARS", "piano_roll", "roll"]

BARS = 8  # bars drawn, at most


def roll(melody: "Melody", bars: int = BARS) -> Any:
    """Draw a melody's first bars as a matrix ``[128, N]``, one column per sixteenth, pickup included: 2 where a note
    starts, 1 where it still sounds. Lengths that are not whole sixteenths are rounded."""
    import numpy as np

    drawn, now = np.zeros((128, int(melody.pickup) + bars * melody.bar), np.int8), Fraction(0)
    for pitch, duration in melody.notes:
        begin, now = round(now), now + duration
        if pitch >= 0:
            drawn[pitch, begin : max(begin + 1, round(now))] = 1
            drawn[pitch, begin : begin + 1] = 2
    return drawn[:, : min(round(now), drawn.shape[1])]


def piano_roll(drawn: Any, title: str, key: str = "") -> Heatmap:
    """Return a heat map of a :func:`roll`, from its lowest to its highest pitch, the highest on top.

    Args:
        drawn: the matrix.
        title: one line.
        key: such as ``"D"``, in which the pitches are spelled.
    """
    import numpy as np

    from elman.data.music.melody import note_names

    names = note_names(key)
    (sounding,) = np.nonzero(drawn.any(1))
    pitches = range(int(sounding.max()), int(sounding.min()) - 1, -1)
    return Heatmap(
        title, "sixteenth", "pitch", [[float(v) for v in drawn[pitch]] for pitch in pitches],
        (), [f"{names[p % 12]}{p // 12 - 1}" for p in pitches],
        caption=f"Piano roll of the first {BARS} bars at most: brightest where a note starts.",
        unit=PIANO_ROLL,
    )  # fmt: skip
