"""Melodies from and to MIDI files, through mido (standard MIDI file specification 1.0)."""

import io
import re
from collections import defaultdict, deque
from itertools import pairwise
from pathlib import Path
from typing import Any

from elman.data.errors import DataError
from elman.data.music.melody import LONGEST, REST, TONICS, Melody, Note, tonic_number
from elman.files import write_atomically

__all__ = ["read_midi", "write_midi"]

TICKS = 120  # per sixteenth, in written files
ON_GRID = 0.2  # sixteenths by which a note may begin off the grid
RUN = re.compile(rb"[\x80-\xff]{5000}")  # mido would read one number of thousands of digits
DRUMS = 9
VELOCITY = 90


def write_midi(path: Path, melody: Melody, tempo: float = 120.0) -> None:
    """Write a melody as a MIDI file of one track.

    A pickup is written as in notation programs: the first bar begins with silence.

    Args:
        path: the file.
        melody: what to write.
        tempo: quarters per minute; default 120.

    Raises:
        ValueError: if the tempo is not from 4 to 1000.
        OSError: if the file cannot be written.
        RuntimeError: if mido is not installed.
    """
    if not 4 <= tempo <= 1000:
        raise ValueError(f"tempo must be 4 to 1000 quarters per minute, got {tempo}")
    mido = _mido()
    beats, unit = melody.metre
    track = mido.MidiTrack([
        mido.MetaMessage("track_name", name=melody.title.encode("latin-1", "replace").decode("latin-1")),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)),
        mido.MetaMessage("time_signature", numerator=beats, denominator=unit),
    ])  # fmt: skip
    if melody.key:
        track.append(mido.MetaMessage("key_signature", key=_midi_key(melody)))
    silence = -melody.pickup % melody.bar
    for pitch, duration in melody.notes:
        if pitch == REST:
            silence += duration
            continue
        track.append(mido.Message("note_on", note=pitch, velocity=VELOCITY, time=silence * TICKS))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=duration * TICKS))
        silence = 0
    track.append(mido.MetaMessage("end_of_track", time=silence * TICKS))
    song = mido.MidiFile(type=0, ticks_per_beat=4 * TICKS)
    song.tracks.append(track)
    write_atomically(path, lambda file: song.save(file=file))


def read_midi(path: Path, track: int | None = None) -> Melody:
    """Read a melody from a MIDI file.

    The beginning of a note is rounded to the nearest sixteenth, and may be off by up to a fifth of a sixteenth. Its
    end is rounded too, and the rounded notes must not overlap. Silence at the beginning counts as the part of the bar
    before a pickup. Metre and key are the first in the file; the defaults are 4/4 and unknown. Drums (channel 10) are
    left out.

    Args:
        path: the file.
        track: number of the track to read, from 0; default all tracks together.

    Returns:
        The melody, :meth:`tidied <elman.data.music.melody.Melody.tidied>`.

    Raises:
        DataError: if the file is missing, empty, not MIDI or damaged, has no notes or no such track, more than one
            simultaneous note, or notes off the grid.
        RuntimeError: if mido is not installed.
    """
    song = _open(path)
    if track is not None and not 0 <= track < len(song.tracks):
        raise DataError(f"{path} has no track {track}; choose a track from 0 to {len(song.tracks) - 1}")
    chosen = song.tracks if track is None else [song.tracks[track]]
    grid = song.ticks_per_beat / 4
    spans = sorted(span for one in chosen for span in _spans(path, one))
    if not spans:
        raise DataError(f"{path} holds no notes" + ("" if track is None else f" in track {track}"))
    notes = _snapped(path, spans, grid)
    clash = _clash(notes)
    if clash is not None:
        raise DataError(f"{path} is polyphonic: two notes sound at beat {clash / 4:g}{_advice(song, path, track)}")
    end = max(sum(message.time for message in one) for one in chosen) / grid
    return _melody(path, song, notes, end)


def _mido() -> Any:
    try:
        import mido
    except ImportError:
        raise RuntimeError("MIDI files need mido: pip install 'elman[lab]'") from None
    return mido


def _open(path: Path) -> Any:
    mido = _mido()
    if path.is_dir():
        raise DataError(f"{path} is a folder; give a MIDI file")
    try:
        size = path.stat().st_size
        if not size:
            raise DataError(f"{path} is empty: got 0 bytes")
        content = path.read_bytes()
        if not content.startswith(b"MThd"):
            raise DataError(f"{path} is not a MIDI file: it does not begin with MThd")
        if run := RUN.search(content):
            raise DataError(f"{path} is a damaged MIDI file: a number without end at offset {run.start():,}")
        song = mido.MidiFile(file=io.BytesIO(content))
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except DataError:
        raise
    except Exception as error:  # a damaged byte can raise any error in mido
        reason = " ".join(str(error).split()) or "it ends too early"
        raise DataError(f"{path} is a damaged MIDI file: {reason}") from None
    if song.type == 2:
        raise DataError(f"{path} is a MIDI file of type 2, independent patterns; save it as type 0 or 1")
    if song.ticks_per_beat <= 0:
        raise DataError(f"{path} counts time in film frames, not in beats; save it with ticks per quarter")
    if not song.tracks:
        raise DataError(f"{path} is a damaged MIDI file: it has no tracks")
    return song


def _spans(path: Path, track: Any) -> list[tuple[int, int, int]]:
    """Return begin and end in ticks, and pitch, of a track's notes."""
    now, spans = 0, []
    sounding: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
    for message in track:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        begun = sounding[message.channel, message.note]
        if message.type == "note_on" and message.velocity:
            begun.append(now)
        elif begun:
            spans.append((begun.popleft(), now, message.note))
    for (_, pitch), begun in sounding.items():
        if begun:
            raise DataError(f"{path} is a damaged MIDI file: the note {pitch} never ends")
    return spans


def _snapped(path: Path, spans: list[tuple[int, int, int]], grid: float) -> list[tuple[int, int, int]]:
    """Return the notes with begin and end rounded to sixteenths."""
    if max(end for _, end, _ in spans) / grid > LONGEST:
        raise DataError(f"{path} is longer than {LONGEST:,} sixteenths; it may be damaged")
    beside = [begin / grid for begin, _, _ in spans if abs(begin / grid - round(begin / grid)) > ON_GRID]
    if beside:
        raise DataError(
            f"{path} does not fit a grid of sixteenths: {len(beside)} of {len(spans)} notes begin off the grid, the "
            f"first at beat {beside[0] / 4:.3f} (triplets and free timing do not fit); quantise it first"
        )
    return sorted(
        (round(begin / grid), max(round(begin / grid) + 1, round(end / grid)), pitch) for begin, end, pitch in spans
    )


def _clash(notes: list[tuple[int, int, int]]) -> int | None:
    """Return where a note begins while another sounds."""
    return next((late[0] for early, late in pairwise(notes) if late[0] < early[1]), None)


def _advice(song: Any, path: Path, track: int | None) -> str:
    alone = []
    for number, one in enumerate(song.tracks) if track is None else ():
        spans = _spans(path, one)
        if spans and _clash(_snapped(path, spans, song.ticks_per_beat / 4)) is None:
            alone.append(str(number))
    if alone:
        return f"; track {' or '.join(alone)} alone is a melody: read that track"
    return ", and a melody has one note at a time; give a file with the melody alone"


def _melody(path: Path, song: Any, notes: list[tuple[int, int, int]], end: float) -> Melody:
    metas = {message.type: message for one in reversed(song.tracks) for message in reversed(one) if message.is_meta}
    metre = (4, 4)
    if "time_signature" in metas:
        metre = (metas["time_signature"].numerator, metas["time_signature"].denominator)
    tonic, minor = tonic_number(metas["key_signature"].key) if "key_signature" in metas else (None, False)
    parts, now = [], 0
    for begin, stop, pitch in notes:
        if begin > now:
            parts.append(Note(REST, begin - now))
        parts.append(Note(pitch, stop - begin))
        now = stop
    if now < round(end) <= LONGEST:
        parts.append(Note(REST, round(end) - now))
    title = metas["track_name"].name.strip() if "track_name" in metas else ""
    try:
        return Melody(tuple(parts), metre, 0, tonic, minor, title or path.stem).tidied()
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def _midi_key(melody: Melody) -> str:
    """Return the key in MIDI's notation, with at most seven sharps or flats."""
    assert melody.tonic is not None
    name = TONICS[melody.tonic]
    return {"Db": "C#", "Ab": "G#"}.get(name, name) + "m" if melody.minor else name
