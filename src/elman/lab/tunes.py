"""The notes of a piano roll, so that a page can play it."""

import re

from elman.lab.findings import Figure, Heatmap

__all__ = ["PIANO_ROLL", "notes_of"]

PIANO_ROLL = "0 silent, 1 sounds, 2 starts"  # the unit of a heat map that is a piano roll
_PITCH = re.compile(r"([A-G])([b#]?)(-?\d)")
_SEMITONES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))


def notes_of(figure: Figure) -> list[list[int]]:
    """Return the notes of a piano roll as ``[first sixteenth, sixteenths, MIDI pitch]``, in the order of time.

    The list is empty if the figure is not a piano roll.

    Example:
        >>> notes_of(Heatmap("Tune", "sixteenth", "pitch", [[0, 2], [2, 1]], (), ["D4", "C4"], unit=PIANO_ROLL))
        [[0, 2, 60], [1, 1, 62]]
    """
    if not isinstance(figure, Heatmap) or figure.unit != PIANO_ROLL or len(figure.y_ticks) != len(figure.values):
        return []
    notes = []
    for name, row in zip(figure.y_ticks, figure.values, strict=True):
        found = _PITCH.fullmatch(name)
        if found is None:
            return []
        pitch = 12 * (int(found[3]) + 1) + _SEMITONES[found[1]] + {"b": -1, "#": 1, "": 0}[found[2]]
        for at, value in enumerate(row):
            if value == 2:
                length = next((n for n, later in enumerate(row[at + 1 :], 1) if later != 1), len(row) - at)
                notes.append([at, length, pitch])
    return sorted(notes)
