"""Melodies: one note at a time, on a grid of sixteenths; and collections of them, split by tune."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.errors import nearest

__all__ = [
    "LONGEST",
    "REST",
    "TONICS",
    "Melody",
    "Note",
    "Tunes",
    "edit_distance",
    "spelled",
    "split_tunes",
    "tonic_number",
    "tunes",
]

REST = -1
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
NAMED = ("nottingham", "grammar")
GRAMMAR_TUNES = 500
LONGEST = 100_000  # sixteenths of a tune: more than three hours
ALIKE = 0.4  # normalised edit distance up to which two tunes count as versions of one


class Note(NamedTuple):
    """A note: its pitch as a MIDI number (60 is middle C; -1, ``REST``, is silence) and its length in sixteenths."""

    pitch: int
    duration: int


@dataclass(frozen=True)
class Melody:
    """A tune for one voice.

    Args:
        notes: at least one that sounds; pitches 0 to 127 or ``REST``, durations of at least one sixteenth.
        metre: beats of a bar and the note that is a beat, such as ``(6, 8)``.
        pickup: sixteenths before the first bar line, fewer than a bar.
        tonic: pitch class of the key, 0 for C to 11 for B; default unknown.
        minor: whether that key is minor.
        title: its name.

    Raises:
        ValueError: if a part is not what it should be.

    Example:
        >>> tune = Melody((Note(67, 4), Note(69, 8)), metre=(3, 4))
        >>> tune.bar, tune.length, tune.transposed(-2).notes
        (12, 12, (Note(pitch=65, duration=4), Note(pitch=67, duration=8)))
    """

    notes: tuple[Note, ...]
    metre: tuple[int, int] = (4, 4)
    pickup: int = 0
    tonic: int | None = None
    minor: bool = False
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(Note(*note) for note in self.notes))
        beats, unit = self.metre
        if beats < 1 or unit not in (1, 2, 4, 8, 16):
            raise ValueError(f"a metre is beats over 1, 2, 4, 8 or 16, got {beats}/{unit}")
        if not 0 <= self.pickup < self.bar:
            raise ValueError(f"a pickup is from 0 to {self.bar - 1} sixteenths in {beats}/{unit}, got {self.pickup}")
        if self.tonic is not None and not 0 <= self.tonic < 12:
            raise ValueError(f"a tonic is a pitch class from 0 to 11, got {self.tonic}")
        for pitch, duration in self.notes:
            if not (pitch == REST or 0 <= pitch <= 127) or duration < 1:
                raise ValueError(
                    f"a note has a pitch from 0 to 127 or {REST} and lasts at least 1, got {pitch}, {duration}"
                )
        if all(note.pitch == REST for note in self.notes):
            raise ValueError("a melody needs at least one note that sounds")

    @property
    def bar(self) -> int:
        """Sixteenths of a bar."""
        return 16 * self.metre[0] // self.metre[1]

    @property
    def length(self) -> int:
        """Sixteenths in all."""
        return sum(note.duration for note in self.notes)

    @cached_property
    def pitches(self) -> tuple[int, ...]:
        """The pitches that sound, without rests."""
        return tuple(note.pitch for note in self.notes if note.pitch != REST)

    @property
    def key(self) -> str:
        """Name of the key, such as ``"F#m"``; empty where it is unknown."""
        return "" if self.tonic is None else TONICS[self.tonic] + "m" * self.minor

    def transposed(self, semitones: int) -> "Melody":
        """Return the tune, and its key, higher by so many semitones.

        Raises:
            ValueError: if a note would leave MIDI's range.
        """
        moved = tuple(Note(p if p == REST else p + semitones, d) for p, d in self.notes)
        if any(note.pitch < 0 for note, old in zip(moved, self.notes, strict=True) if old.pitch != REST):
            raise ValueError(f"moved by {semitones} semitones, the tune would have pitches below 0")
        return replace(self, notes=moved, tonic=None if self.tonic is None else (self.tonic + semitones) % 12)

    def tidied(self) -> "Melody":
        """Return the same sound in its plainest form: rests that follow one another joined, and a rest at the
        beginning taken as a shorter pickup."""
        notes: list[Note] = []
        pickup = self.pickup
        for note in self.notes:
            if note.pitch != REST:
                notes.append(note)
            elif not notes:
                pickup = (pickup - note.duration) % self.bar
            elif notes[-1].pitch == REST:
                notes[-1] = Note(REST, notes[-1].duration + note.duration)
            else:
                notes.append(note)
        return replace(self, notes=tuple(notes), pickup=pickup)

    @cached_property
    def shape(self) -> tuple[tuple[int | None, int], ...]:
        """What is left of the tune when its key is forgotten, the step in semitones to each note from the last one
        that sounded (None for a rest, 0 for the first), with its duration. Transpositions share it."""
        last, steps = self.pitches[0], []
        for pitch, duration in self.notes:
            steps.append((None if pitch == REST else pitch - last, duration))
            last = last if pitch == REST else pitch
        return tuple(steps)


@dataclass(frozen=True)
class Tunes:
    """A collection: its name, tunes without repetitions, checksum, terms, and what was left aside and why."""

    name: str
    tunes: tuple[Melody, ...]
    sha256: str
    licence: str
    left_aside: dict[str, int]


def tonic_number(name: str) -> tuple[int, bool]:
    """Read the name of a key: its pitch class and whether it is minor.

    Raises:
        ValueError: if it names none.

    Example:
        >>> tonic_number("F#m"), tonic_number("Bb")
        ((6, True), (10, False))
    """
    plain = name.strip().removesuffix("in").removesuffix(" ") if name.strip().endswith("min") else name.strip()
    letter, rest = plain[:1].upper(), plain[1:]
    minor = rest.endswith("m")
    sharps = {"": 0, "#": 1, "b": -1}.get(rest.removesuffix("m"))
    if letter not in tuple("CDEFGAB") or sharps is None:
        raise ValueError(f"no key {name!r}; keys are named C, F#, Bb, Am, C#m and so on")
    return (TONICS.index(letter) + sharps) % 12, minor


def tunes(source: str = "auto") -> Tunes:
    """Return a collection of melodies; of tunes that are the same but for their key, the first is kept.

    Args:
        source: ``"nottingham"``, English folk tunes; ``"grammar"``, tunes that :func:`elman.data.folk.write_tune`
            makes, not music that anybody played; ``"auto"``, nottingham where this machine has it, else grammar; or
            an ABC file, a MIDI file, or a folder of such files.

    Raises:
        NotHere: if a named set is not on this machine, with how to get it.
        DataError: if there is nothing of that name, or a file cannot be read.

    Example:
        >>> made = tunes("grammar")
        >>> made.name, len(made.tunes) > 400
        ('grammar', True)
    """
    if source == "auto":
        try:
            return tunes("nottingham")
        except NotHere:
            return tunes("grammar")
    if source == "nottingham":
        data_set = find_set("nottingham")
        places = [file.path.partition("/")[2] for file in data_set]
        books = [find(data_set, place) for place in places if place.endswith(".abc")]
        return _collect(source, tuple(books), data_set.licence)
    if source == "grammar":
        return _grammar()
    path = Path(source)
    if not path.exists():
        known = nearest(source, [*NAMED, "auto"])
        raise DataError(f"no tunes {source!r}: it is neither a file, a folder nor a name{known}")
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = tuple(file for file in inside if file.suffix.lower() in (".abc", ".mid", ".midi"))
    if not files:
        raise DataError(f"{path} holds no ABC or MIDI file (.abc, .mid, .midi)")
    return _collect(path.name, files, "the user's own")


def spelled(collection: Iterable[Melody]) -> list[str]:
    """Write each tune's shape as a word, a letter for each note, so that words can be compared by edit distance."""
    letters: dict[tuple[int | None, int], str] = {}
    return [
        "".join(letters.setdefault(step, chr(0x4E00 + len(letters))) for step in tune.shape) for tune in collection
    ]


def split_tunes(
    collection: Sequence[Melody], held_out: float = 0.1
) -> tuple[list[Melody], list[Melody], list[Melody]]:
    """Cut a collection by tune into training, validation and test.

    Versions of one tune, whatever their keys, stay together: those whose shapes differ in fewer than four notes of
    ten (normalised edit distance) form a family. Families go, in an order that only their content decides, to the
    test until it has its share, then to validation, then to training.

    Args:
        collection: the tunes.
        held_out: share of validation, and of the test.

    Raises:
        DataError: if a part would be empty.
        RuntimeError: if rapidfuzz is not installed.
    """
    groups = sorted(_families(tuple(collection)), key=lambda group: min(_digest(tune) for tune in group))
    wanted = max(1, round(held_out * len(collection)))
    parts: list[list[Melody]] = [[], [], []]
    for group in groups:
        place = next((k for k in (2, 1) if len(parts[k]) < wanted), 0)
        parts[place] += group
    if not all(parts):
        raise DataError(
            f"{len(collection)} tunes in {len(groups)} families are too few to split into training, validation and "
            f"test; give at least 3 that differ"
        )
    return parts[0], parts[1], parts[2]


def edit_distance() -> Any:
    """Return rapidfuzz's module of Levenshtein distances.

    Raises:
        RuntimeError: if rapidfuzz is not installed.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError:
        raise RuntimeError("distances between tunes need rapidfuzz: pip install 'elman[lab]'") from None
    return Levenshtein


@lru_cache(maxsize=4)
def _families(collection: tuple[Melody, ...]) -> list[list[Melody]]:
    measure = edit_distance()

    words = spelled(collection)
    root = list(range(len(words)))

    def top(k: int) -> int:
        while root[k] != k:
            k = root[k]
        return k

    order = sorted(range(len(words)), key=lambda k: len(words[k]))
    for i, a in enumerate(order):
        for b in order[i + 1 :]:
            if len(words[a]) < (1 - ALIKE) * len(words[b]):
                break  # too different in length, as are all that follow
            limit = int(ALIKE * len(words[b]))
            if measure.distance(words[a], words[b], score_cutoff=limit) <= limit:
                root[top(b)] = top(a)
    groups: dict[int, list[Melody]] = {}
    for k, tune in enumerate(collection):
        groups.setdefault(top(k), []).append(tune)
    return list(groups.values())


def _digest(tune: Melody) -> str:
    return hashlib.sha256(repr(tune.shape).encode()).hexdigest()


def _distinct(found: Iterable[Melody]) -> tuple[tuple[Melody, ...], int]:
    kept: dict[object, Melody] = {}
    count = 0
    for tune in found:
        count += 1
        kept.setdefault((tune.shape, tune.metre), tune)
    return tuple(kept.values()), count - len(kept)


@lru_cache(maxsize=4)
def _collect(name: str, files: tuple[Path, ...], licence: str) -> Tunes:
    from elman.data.abc_tunes import read_abc
    from elman.data.midi import read_midi

    found: list[Melody] = []
    aside: Counter[str] = Counter()
    checksum = hashlib.sha256()
    for file in files:
        checksum.update(file.read_bytes())
        if file.suffix.lower() == ".abc":
            read, left = read_abc(file)
            found += read
            aside.update(left)
        else:
            found.append(read_midi(file))
    kept, repeated = _distinct(found)
    if not kept:
        raise DataError(f"{name} holds no melody that can be used: {dict(aside)}")
    return Tunes(name, kept, checksum.hexdigest(), licence, dict(aside) | {"the same as another": repeated})


@lru_cache(maxsize=1)
def _grammar() -> Tunes:
    from elman.data.folk import write_tune

    kept, repeated = _distinct(write_tune(seed) for seed in range(GRAMMAR_TUNES))
    checksum = hashlib.sha256(repr([(t.notes, t.metre, t.key) for t in kept]).encode()).hexdigest()
    return Tunes("grammar", kept, checksum, "made by this project", {"the same as another": repeated})
