"""Melodies from ABC notation (Chris Walshaw's standard 2.1): one voice, one note at a time.

Chord symbols, ornaments and slurs are dropped; of simultaneous notes the highest is kept, of overlaid voices the
first. A tune is read once as written, with the ending that is played last, or as played.
"""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from elman.data.errors import DataError
from elman.data.music.abc_bars import as_played, as_written
from elman.data.music.abc_music import Reader
from elman.data.music.abc_text import Written, read_abc_text, split_book, split_tune
from elman.data.music.melody import REST, Melody

__all__ = ["Book", "parse_tune", "read_abc"]


class Book(NamedTuple):
    """The tunes of an ABC file, the number of tunes that were left aside by reason, and the number of those that
    were read by what was chosen in them."""

    tunes: list[Melody]
    left_aside: Counter[str]
    chosen: Counter[str]


def read_abc(path: Path, voice: str | None = None, played: bool = False) -> Book:
    """Read the tunes of an ABC file.

    Args:
        path: the file.
        voice: name of the voice to read in tunes of several; default the melody.
        played: whether repeats are played; default False, once as written.

    Raises:
        DataError: if the file cannot be read, is not text, or has no tune.
    """
    head, parts = split_book(read_abc_text(path))
    if not parts:
        raise DataError(f"{path} holds no ABC tune: no line begins with X:")
    book = Book([], Counter(), Counter())
    for part in parts:
        try:
            tune, chosen = _parse(split_tune(part, head), voice, played)
        except DataError as error:
            book.left_aside[str(error)] += 1
        else:
            book.tunes.append(tune)
            book.chosen.update(chosen)
    return book


def parse_tune(text: str, voice: str | None = None, played: bool = False) -> Melody:
    """Read one tune.

    Args:
        text: header and body.
        voice: name of the voice to read if there are several; default the one called a melody, else the first with
            notes.
        played: whether repeats are played; default False: once as written, with the ending that is played last.

    Raises:
        DataError: if the tune cannot be read as a melody; the message says why.

    Example:
        >>> tune = parse_tune("X:1\\nM:6/8\\nK:G\\nD|GFG A2B|[1 d3 d2:|[2 G3 G2|]")
        >>> tune.key, tune.pickup, [tuple(note) for note in tune.notes[:4]], tune.notes[-1].pitch
        ('G', 2, [(62, 2), (67, 2), (66, 2), (67, 2)], 67)
    """
    return _parse(split_tune(text), voice, played)[0]


def _parse(tune: Written, voice: str | None, played: bool) -> tuple[Melody, set[str]]:
    """Return the melody and what was chosen in the tune."""
    voices = {name: music for name, music in tune.voices.items() if re.sub(r"\[[A-Za-z]:[^\]]*\]", "", music).strip()}
    chosen = {"text after"} if tune.text_after else set[str]()
    if "M" not in tune.fields:
        chosen.add("no metre")
    if len(voices) > 1:
        chosen.add("voices")
        voices = _ordered(tune, voices, voice)
    for name, music in voices.items():
        reader = Reader(tune, name)
        bars = reader.read(music)
        if len(voices) == 1 or any(sound.pitch != REST for bar in bars for sound in bar.sounds):
            break
    else:
        raise DataError("has no notes")
    if not played and any(bar.closes or bar.ending for bar in bars):
        chosen.add("repeats")
    melody = reader.melody(as_played(bars) if played else as_written(bars))
    return melody, chosen | reader.chosen | set(melody.changes)


def _ordered(tune: Written, voices: dict[str, str], wanted: str | None) -> dict[str, str]:
    """Return the wanted voice, or all with the one called a melody first, then in order of their ``V:`` fields."""
    listed = list(tune.properties)
    voices = dict(sorted(voices.items(), key=lambda item: listed.index(item[0]) if item[0] in listed else -1))
    names = {name: f"{name} {tune.properties.get(name, '')}" for name in voices}
    if wanted is None:
        return dict(sorted(voices.items(), key=lambda item: "melod" not in names[item[0]].lower()))
    called = re.compile(rf'(?:^|\s)(?:name|nm)="?{re.escape(wanted)}(?:"|\s|$)')
    found = [name for name in voices if name == wanted] or [name for name in names if called.search(names[name])]
    if not found:
        raise DataError(f"has no voice {wanted!r} among its voices {', '.join(repr(name) for name in voices)}")
    return {found[0]: voices[found[0]]}
