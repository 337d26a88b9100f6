"""The bars of a tune with their repeats and endings, and the order in which they are read or played."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from elman.data.errors import DataError
from elman.data.music.melody import LONGEST, REST

__all__ = ["Bar", "Sound", "as_played", "as_written", "joined"]


class Sound(NamedTuple):
    """A written note or rest, its length in sixteenths, and whether a tie follows it."""

    pitch: int
    duration: Fraction
    tied: bool = False


@dataclass
class Bar:
    """What lies between two bar lines.

    Args:
        sounds: its notes and rests.
        opens: whether a repeated part begins here.
        closes: how many times the part that ends here is repeated.
        ends: whether the bar line at its end ends an ending, as a double line does.
        ending: numbers of the ending that begins here, (1, 3) for ``[1,3``.
    """

    sounds: list[Sound] = field(default_factory=list)
    opens: bool = False
    closes: int = 0
    ends: bool = False
    ending: tuple[int, ...] = ()


def as_written(bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars without repeats; of several endings only the one that is played last."""
    kept: list[Bar] = []
    endings: list[tuple[int, list[Bar]]] = []
    ended = False

    def close() -> None:
        if endings:
            kept.extend(max(endings, key=lambda ending: ending[0])[1])
            endings.clear()

    for bar in bars:
        if bar.ending:
            if 1 in bar.ending:
                close()
            endings.append((max(bar.ending), []))
        elif ended:
            close()
        (endings[-1][1] if endings else kept).append(bar)
        ended = bool(bar.closes or bar.ends)
    close()
    return kept


def as_played(bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars in the order in which they are played, with repeats and every ending.

    Raises:
        DataError: if the tune would be longer than any tune may be.
    """
    played: list[Bar] = []
    at, start, time, length = 0, 0, 1, Fraction(0)
    ending: tuple[int, ...] = ()
    while at < len(bars):
        bar = bars[at]
        if bar.ending:
            if time not in bar.ending and (after := _after(bars, at)) < len(bars) and _goes_on(bars, at):
                at = after
                continue
            ending = bar.ending
        elif at and (bars[at - 1].closes or bars[at - 1].ends):
            ending = ()
        if bar.opens and not bar.ending and at != start:
            start, time = at, 1
        played.append(bar)
        length += sum(sound.duration for sound in bar.sounds)
        if length > LONGEST:
            raise DataError(f"is longer than {LONGEST:,} sixteenths")
        at += 1
        if not bar.closes:
            if ending and bar.ends:
                start, time = at, 1
            continue
        numbers = _numbers(bars, start, at) if ending else set[int]()
        again = time + 1 in numbers if len(numbers) > 1 else time <= bar.closes
        if again:
            at, time = start, time + 1
        else:
            start, time, ending = at, 1, ()
    return played


def _after(bars: Sequence[Bar], at: int) -> int:
    """Return the number of the first bar after an ending that begins at a bar."""
    while True:
        done = bars[at].closes or bars[at].ends
        at += 1
        if at == len(bars) or done or bars[at].ending:
            return at


def _goes_on(bars: Sequence[Bar], at: int) -> bool:
    """Return whether another ending follows one, now or after further endings."""
    return bool(bars[_after(bars, at)].ending)


def _numbers(bars: Sequence[Bar], start: int, at: int) -> set[int]:
    """Return the numbers of all endings from a bar on, up to and including those that follow bar ``at - 1``."""
    found = {number for bar in bars[start:at] for number in bar.ending}
    while at < len(bars) and bars[at].ending and 1 not in bars[at].ending:
        found.update(bars[at].ending)
        at = _after(bars, at)
    return found


def joined(bars: Sequence[Bar]) -> list[tuple[int, Fraction]]:
    """Return pitches and durations, tied notes of one pitch joined."""
    notes: list[tuple[int, Fraction]] = []
    tied = False
    for sound in (sound for bar in bars for sound in bar.sounds):
        if tied and sound.pitch != REST and notes[-1][0] == sound.pitch:
            notes[-1] = (sound.pitch, notes[-1][1] + sound.duration)
        else:
            notes.append((sound.pitch, sound.duration))
        tied = sound.tied
    return notes
