"""The parts of a MIDI file: the notes of each track and channel, and which of them is the melody."""

import re
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from elman.data.errors import DataError
from elman.data.music.melody import LONGEST

__all__ = ["Part", "Span", "choose_part", "one_voice", "parts_of", "snapped", "text_of"]

Span = tuple[Fraction, Fraction, int]  # begin and end in sixteenths, and pitch

DRUMS = 9
GRIDS = (4, 8, 12, 24)  # steps per quarter: sixteenths, 32nds, triplets, both
OFF_GRID = 5  # a note may begin a fifth of a step off the grid
SHORT = Fraction(1, 2)  # sixteenths; a shorter overlap of a lower note is cut
SHARE = 0.25  # a melody sounds at least this share of the time of the part that sounds longest
_MELODY = re.compile(r"melod|lead|vocal|soprano|\bsolo\b", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """The notes of one channel in one track; drums are left out.

    Args:
        track: number of the track in the file, from 0.
        channel: number of the channel, from 0.
        name: of the track.
        spans: begin and end in ticks, and pitch, of every note, sorted.
    """

    track: int
    channel: int
    name: str
    spans: tuple[tuple[int, int, int], ...]


def text_of(name: str) -> str:
    """Return a MIDI text as its writer meant it: UTF-8 if its bytes are, otherwise Latin-1."""
    with suppress(UnicodeError):
        name = name.encode("latin-1").decode("utf-8")
    return name.replace("\0", "").strip()


def parts_of(path: Path, song: Any) -> list[Part]:
    """Return the parts of a file that have notes.

    Raises:
        DataError: if a note never ends.
    """
    parts: list[Part] = []
    for number, track in enumerate(song.tracks):
        now, name = 0, ""
        spans: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
        sounding: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
        for message in track:
            now += message.time
            if message.type == "track_name":
                name = name or text_of(message.name)
            if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
                continue
            begun = sounding[message.channel, message.note]
            if message.type == "note_on" and message.velocity:
                begun.append(now)
            elif begun:
                spans[message.channel].append((begun.popleft(), now, message.note))
        if endless := [pitch for (_, pitch), begun in sounding.items() if begun]:
            raise DataError(f"{path} is a damaged MIDI file: the note {endless[0]} never ends; export the file again")
        parts += [Part(number, channel, name, tuple(sorted(found))) for channel, found in sorted(spans.items())]
    return parts


def choose_part(parts: list[Part]) -> Part:
    """Return the melody: the part whose track is named so, otherwise the one with the highest notes.

    A part that sounds less than a quarter of the time of the longest-sounding one is not a melody. Height is the mean
    pitch of the highest notes, each counted by its length.
    """
    times = [_time(part) for part in parts]
    lasting = [part for part, time in zip(parts, times, strict=True) if time >= SHARE * max(times)]
    return max(lasting, key=lambda part: (bool(_MELODY.search(part.name)), _height(part), -part.track))


def _time(part: Part) -> int:
    """Return the ticks during which a part sounds."""
    total, until = 0, 0
    for begin, end, _ in part.spans:
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total


def _height(part: Part) -> float:
    highest: dict[int, tuple[int, int]] = {}
    for begin, end, pitch in part.spans:
        if begin not in highest or pitch > highest[begin][0]:
            highest[begin] = (pitch, max(1, end - begin))
    return sum(pitch * time for pitch, time in highest.values()) / sum(time for _, time in highest.values())


def snapped(path: Path, part: Part, ticks: int) -> tuple[list[Span], Fraction]:
    """Return the notes on the coarsest grid that every beginning fits: sixteenths, 32nds, triplets, or both.

    An end is rounded to the same grid. A gap before the next note that is shorter than half a sixteenth is closed.

    Args:
        path: the file, for messages.
        part: the notes.
        ticks: per quarter.

    Returns:
        The notes, and the size of a step in sixteenths.

    Raises:
        DataError: if the part is longer than a tune may be, or fits no grid.
    """
    if 4 * max(end for _, end, _ in part.spans) > LONGEST * ticks:
        raise DataError(f"{path} is longer than {LONGEST:,} sixteenths; cut it, or it may be damaged")
    begins = sorted({begin for begin, _, _ in part.spans})
    grid = next((grid for grid in GRIDS if not any(_off(begin, grid, ticks) for begin in begins)), 0)
    if not grid:
        off = [begin for begin, _, _ in part.spans if _off(begin, GRIDS[0], ticks)]
        raise DataError(
            f"{path} does not fit a grid of sixteenths, 32nds or triplets: {len(off)} of {len(part.spans)} notes "
            f"begin off the sixteenths, the first at beat {off[0] / ticks:.3f}; quantise it first"
        )
    size = Fraction(4, grid)  # of a step, in sixteenths
    placed = {begin: round(Fraction(begin * grid, ticks)) for begin in begins}
    after = dict(pairwise(begins))
    spans: set[Span] = set()
    for begin, end, pitch in part.spans:
        start, stop = placed[begin], round(Fraction(end * grid, ticks))
        later = placed[after[begin]] if begin in after else start
        gap = later * ticks - end * grid  # in steps, times ticks
        if later > start and 0 < 8 * gap < grid * ticks:  # shorter than half a sixteenth
            stop = later
        spans.add((start * size, max(start + 1, stop) * size, pitch))
    return sorted(spans), size


def _off(begin: int, grid: int, ticks: int) -> bool:
    """Return whether a beginning lies more than a fifth of a step off a grid."""
    beside = begin * grid % ticks
    return OFF_GRID * min(beside, ticks - beside) > ticks


def one_voice(spans: list[Span]) -> tuple[list[Span], int]:
    """Return one note at a time, and the number of notes that were left out.

    Of notes that begin together the highest is kept. A note that begins while a higher one still sounds for a
    sixteenth or more is left out; any other cuts the note before it short.
    """
    kept: list[Span] = []
    for begin, end, pitch in spans:
        if kept and kept[-1][0] == begin:
            if pitch > kept[-1][2]:
                kept[-1] = (begin, end, pitch)
            continue
        if kept and kept[-1][1] > begin:
            last = kept[-1]
            if last[2] > pitch and last[1] - begin > SHORT and last[1] >= min(end, begin + 1):
                continue
            kept[-1] = (last[0], begin, last[2])
        kept.append((begin, end, pitch))
    return kept, len(spans) - len(kept)
