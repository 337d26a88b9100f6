"""Melodies from and to MIDI files, through mido (standard MIDI file specification 1.0)."""

import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from elman.data.errors import DataError
from elman.data.music.melody import LONGEST, REST, TONICS, Melody, Note, tonic_number
from elman.data.music.midi_parts import Part, Span, choose_part, one_voice, parts_of, snapped, text_of
from elman.files import write_atomically

__all__ = ["Chosen", "read_midi", "read_midi_part", "write_midi"]

TICKS = 120  # per sixteenth, in written files
RUN = re.compile(rb"[\x80-\xff]{5000}")  # mido would read one number of thousands of digits
VELOCITY = 90


class Chosen(NamedTuple):
    """The number of the track that was read, of all parts (tracks or channels with notes), and of the notes that were
    left out for higher ones among all notes of the part."""

    track: int
    parts: int
    dropped: int
    notes: int


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
        mido.MetaMessage("track_name", name=melody.title.encode().decode("latin-1")),  # UTF-8, through mido
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)),
        mido.MetaMessage("time_signature", numerator=beats, denominator=unit),
    ])  # fmt: skip
    if melody.key:
        track.append(mido.MetaMessage("key_signature", key=_midi_key(melody)))
    now: Fraction | int = -melody.pickup % melody.bar
    written = 0  # ticks so far
    for pitch, duration in melody.notes:
        begin, now = round(now * TICKS), now + duration
        if pitch == REST:
            continue
        end = round(now * TICKS)
        track.append(mido.Message("note_on", note=pitch, velocity=VELOCITY, time=begin - written))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=end - begin))
        written = end
    track.append(mido.MetaMessage("end_of_track", time=round(now * TICKS) - written))
    song = mido.MidiFile(type=0, ticks_per_beat=4 * TICKS)
    song.tracks.append(track)
    write_atomically(path, lambda file: song.save(file=file))


def read_midi(path: Path, track: int | None = None) -> Melody:
    """Read a melody from a MIDI file; see :func:`read_midi_part`, which also reports what was chosen.

    Raises:
        DataError: if the file is missing, empty, not MIDI or damaged, has no notes or no such track, or its notes fit
            no grid.
        RuntimeError: if mido is not installed.
    """
    return read_midi_part(path, track)[0]


def read_midi_part(path: Path, track: int | None = None) -> tuple[Melody, Chosen]:
    """Read a melody from a MIDI file, and report what was chosen in it.

    Of several tracks or channels the melody is read: the track whose name says so, otherwise the one with the highest
    notes. Drums (channel 10) are left out. Of notes that sound together the highest is kept.

    Notes may begin on sixteenths, 32nds or triplets, and up to a fifth of a step off. Silence at the beginning counts
    as the part of the bar before a pickup. Metre and key are the first in the file; the defaults are 4/4 and unknown.

    Args:
        path: the file.
        track: number of the track to read, from 0; default the melody.

    Returns:
        The melody, :meth:`tidied <elman.data.music.melody.Melody.tidied>`, and what was chosen.

    Raises:
        DataError: as :func:`read_midi`.
        RuntimeError: if mido is not installed.
    """
    song = _open(path)
    if track is not None and not 0 <= track < len(song.tracks):
        raise DataError(f"{path} has no track {track}; choose a track from 0 to {len(song.tracks) - 1}")
    parts = parts_of(path, song)
    wanted = [part for part in parts if track in (None, part.track)]
    if not wanted:
        played = ", ".join(map(str, sorted({part.track for part in parts})))
        raise DataError(
            f"{path} holds no notes"
            + (f" in track {track}" if track is not None else "")
            + (f"; choose one of the tracks with notes: {played}" if played else ", or only drums; give another file")
        )
    part = choose_part(wanted)
    spans, step = snapped(path, part, song.ticks_per_beat)
    notes, dropped = one_voice(spans)
    end = Fraction(4 * sum(message.time for message in song.tracks[part.track]), song.ticks_per_beat)
    melody = _melody(path, song, part, notes, step * round(end / step))
    return melody, Chosen(part.track, len(parts), dropped, len(spans))


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


def _melody(path: Path, song: Any, part: Part, notes: list[Span], end: Fraction) -> Melody:
    last = max(stop for _, stop, _ in part.spans)
    (metre, metres), (key, keys) = (_first(song, kind, last) for kind in ("time_signature", "key_signature"))
    tonic, minor = tonic_number(key) if key else (None, False)
    sounds, now = [], Fraction(0)
    for begin, stop, pitch in notes:
        if begin > now:
            sounds.append(Note(REST, begin - now))
        sounds.append(Note(pitch, stop - begin))
        now = stop
    if now < end <= LONGEST:
        sounds.append(Note(REST, end - now))
    names = [text_of(message.name) for one in song.tracks for message in one if message.type == "track_name"]
    title = next(filter(None, names), path.stem)
    changes = ("key",) * keys + ("metre",) * metres
    try:
        return Melody(tuple(sounds), metre or (4, 4), 0, tonic, minor, title, changes).tidied()
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}; export it in another metre") from None


def _first(song: Any, kind: str, end: int) -> tuple[Any, bool]:
    """Return the first metre or key of a file (None if it has none), and whether another follows before its end."""
    found = []
    for track in song.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == kind:
                value = message.key if kind == "key_signature" else (message.numerator, message.denominator)
                found.append((now, value))
    if not found:
        return None, False
    found.sort(key=lambda event: event[0])
    begin, first = found[0]
    return first, any(value != first for now, value in found if begin < now < end)


def _midi_key(melody: Melody) -> str:
    """Return the key in MIDI's notation, with at most seven sharps or flats."""
    assert melody.tonic is not None
    name = TONICS[melody.tonic]
    return {"Db": "C#", "Ab": "G#"}.get(name, name) + "m" if melody.minor else name
