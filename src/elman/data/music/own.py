"""Tunes from people's own files: ABC and MIDI, files and folders, mixed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from elman.data.errors import DataError
from elman.data.music.abc_notation import read_abc
from elman.data.music.melody import Melody
from elman.data.music.midi import read_midi_part

__all__ = ["Gathered", "gather", "read_tunes", "tune_files"]

ABC, MIDI = (".abc",), (".mid", ".midi")
NAMED = 10  # files left aside that are named

# What was chosen or assumed in a tune, in words; {n} is "1 tune" or "3 tunes".
CHOSEN = {
    "repeats": "{n} with repeats: read once as written, with the ending that is played last.",
    "voices": "{n} in several voices: the voice called a melody was read, otherwise the first with notes; voice= "
    "chooses another.",
    "voice": "{n} in several voices: the voice {voice} was read.",
    "tracks": "{n} in several tracks or channels: the track called a melody was read, otherwise the one with the "
    "highest notes ({tracks}); track= chooses another.",
    "track": "{n} in several tracks or channels: track {track} was read.",
    "chords": "{n} with notes that sound together: the highest was kept.",
    "overlays": "{n} with overlaid voices (&): the first was read.",
    "key": "{n} in which the key changes: the pitches are right, and the first key is given.",
    "metre": "{n} in which the metre changes: the lengths are right, and the first metre is given.",
    "no metre": "{n} without a metre (M:): 4/4 was assumed.",
    "text after": "{n} followed by text after an empty line, which ends a tune: the text was not read.",
    "triplets": "{n} with notes that are not whole sixteenths, such as triplets.",
    "no key": "{n} without a known key.",
}


@dataclass
class Gathered:
    """What files hold: melodies; what was chosen in how many; the ABC tunes left aside, by reason; why whole files
    were; the tracks that were chosen among several; and the number of files of each kind."""

    tunes: list[Melody] = field(default_factory=list)
    chosen: Counter[str] = field(default_factory=Counter)
    left_aside: Counter[str] = field(default_factory=Counter)
    bad_files: list[str] = field(default_factory=list)
    tracks: Counter[int] = field(default_factory=Counter)
    books: int = 0
    midi: int = 0


def read_tunes(
    paths: Sequence[str | Path], voice: str | None = None, track: int | None = None
) -> tuple[list[Melody], list[str]]:
    """Read the melodies of ABC and MIDI files, and say in sentences what was read and what was left aside.

    A tune or a MIDI file that cannot be read is left aside and counted, with the reason.

    Args:
        paths: files and folders; of a folder every ABC and MIDI file in it and below is read.
        voice: name of the voice to read in ABC tunes of several; default the melody.
        track: number of the track to read in MIDI files, from 0; default the melody.

    Returns:
        The melodies in the order of the files, and one sentence for each thing that was understood.

    Raises:
        DataError: if a path does not exist, a folder holds no ABC or MIDI file, or nothing can be read.
        RuntimeError: if there are MIDI files and mido is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "one.abc"
        ...     _ = path.write_text("X:1\\nM:4/4\\nL:1/4\\nK:G\\nG2 A B|1 c4:|2 G4|]\\n\\nX:2\\nK:H\\nG\\n")
        ...     melodies, understood = read_tunes([path])
        >>> len(melodies)
        1
        >>> for sentence in understood:
        ...     print(sentence)
        Read 1 tune from 1 ABC file.
        1 tune with repeats: read once as written, with the ending that is played last.
        Left aside: 1 tune that has no valid key, such as K:G, K:Am or K:D dorian.
    """
    found = gather(tune_files(paths), voice, track)
    if not found.tunes:
        raise DataError(f"there is no usable tune in {', '.join(map(str, paths))}. {' '.join(_aside(found))}")
    return found.tunes, _sentences(found, voice, track)


def tune_files(paths: Sequence[str | Path]) -> list[Path]:
    """Return the ABC and MIDI files among paths and in folders, each once.

    Raises:
        DataError: if a path does not exist or is neither, or a folder holds no such file.
    """
    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise DataError(f"there is no file or folder {path}")
        inside = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        known = [one for one in inside if one.suffix.lower() in ABC + MIDI]
        if not known:
            what = "has no ABC or MIDI file" if path.is_dir() else "is not an ABC or MIDI file"
            raise DataError(f"{path} {what} (.abc, .mid, .midi)")
        files.update(dict.fromkeys(known))
    if not files:
        raise DataError("got no files, expected ABC or MIDI files or folders of them")
    return list(files)


def gather(files: Sequence[Path], voice: str | None = None, track: int | None = None) -> Gathered:
    """Read ABC and MIDI files; what cannot be read is left aside.

    Raises:
        RuntimeError: if there are MIDI files and mido is not installed.
    """
    found = Gathered()
    for file in files:
        try:
            if file.suffix.lower() in ABC:
                _add_book(found, file, voice)
            else:
                _add_midi(found, file, track)
        except DataError as error:
            found.bad_files.append(str(error))
    found.chosen["triplets"] = sum(not tune.whole for tune in found.tunes)
    found.chosen["no key"] = sum(tune.tonic is None for tune in found.tunes)
    return found


def _add_book(found: Gathered, file: Path, voice: str | None) -> None:
    book = read_abc(file, voice)
    found.tunes += book.tunes
    found.chosen.update(book.chosen)
    found.left_aside.update(book.left_aside)
    found.books += 1


def _add_midi(found: Gathered, file: Path, track: int | None) -> None:
    tune, chosen = read_midi_part(file, track)
    found.tunes.append(tune)
    found.chosen.update(tune.changes)
    found.midi += 1
    if chosen.parts > 1:
        found.chosen["tracks"] += 1
        found.tracks[chosen.track] += 1
    if chosen.dropped:
        found.chosen["chords"] += 1


def _sentences(found: Gathered, voice: str | None, track: int | None) -> list[str]:
    kinds = [_counted(count, kind) for count, kind in ((found.books, "ABC file"), (found.midi, "MIDI file")) if count]
    said = [f"Read {_counted(len(found.tunes), 'tune')} from {' and '.join(kinds)}."]
    tracks = ", ".join(f"track {number} in {count}" for number, count in sorted(found.tracks.items()))
    for name, template in CHOSEN.items():
        count = found.chosen["voices" if name == "voice" else "tracks" if name == "track" else name]
        given = {"voice": voice is not None, "voices": voice is None, "track": track is not None,
                 "tracks": track is None}.get(name, True)  # fmt: skip
        if count and given:
            said.append(template.format(n=_counted(count, "tune"), voice=voice, track=track, tracks=tracks))
    return said + _aside(found)


def _aside(found: Gathered) -> list[str]:
    said = [f"Left aside: {_counted(count, 'tune')} that {why}." for why, count in found.left_aside.most_common()]
    said += [f"Left aside: {reason}." for reason in found.bad_files[:NAMED]]
    more = len(found.bad_files) - NAMED
    return said + ([f"Left aside: {_counted(more, 'more file')}."] if more > 0 else [])


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
