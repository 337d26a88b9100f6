"""A melody: one note at a time, in sixteenths and exact fractions of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

__all__ = [
    "LONGEST",
    "REST",
    "TONICS",
    "Duration",
    "Melody",
    "Note",
    "edit_distance",
    "note_names",
    "spelled",
    "tonic_number",
]

REST = -1
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LONGEST = 100_000  # sixteenths of a tune: more than three hours


Duration = int | Fraction  # sixteenths; a Fraction only if not whole


class Note(NamedTuple):
    """A note: its pitch as a MIDI number (60 is middle C; -1, ``REST``, is silence) and its length in sixteenths: an
    ``int`` if whole, otherwise a ``Fraction`` (4/3 for each eighth note of a triplet)."""

    pitch: int
    duration: Duration


@dataclass(frozen=True)
class Melody:
    """A tune for one voice.

    Args:
        notes: notes, at least one of them not a rest; pitches 0 to 127 or ``REST``, positive durations.
        metre: beats per bar and the note value of a beat, such as ``(6, 8)``.
        pickup: sixteenths before the first bar line, fewer than a bar.
        tonic: pitch class of the key, 0 for C to 11 for B; default unknown.
        minor: whether that key is minor.
        title: its name.
        changes: what changes within the tune, ``"key"`` or ``"metre"``; ``metre``, ``tonic`` and ``minor`` are then
            those at its beginning.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> tune = Melody((Note(67, 4), Note(69, 8)), metre=(3, 4))
        >>> tune.bar, tune.length, tune.transposed(-2).notes
        (12, 12, (Note(pitch=65, duration=4), Note(pitch=67, duration=8)))
    """

    notes: tuple[Note, ...]
    metre: tuple[int, int] = (4, 4)
    pickup: Duration = 0
    tonic: int | None = None
    minor: bool = False
    title: str = field(default="", compare=False)
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(Note(pitch, _plain(duration)) for pitch, duration in self.notes))
        object.__setattr__(self, "pickup", _plain(self.pickup))
        beats, unit = self.metre
        if beats < 1 or unit not in (1, 2, 4, 8, 16):
            raise ValueError(f"expected a metre of beats over 1, 2, 4, 8 or 16, got {beats}/{unit}")
        if not 0 <= self.pickup < self.bar:
            raise ValueError(f"pickup must be 0 to {self.bar - 1} sixteenths in {beats}/{unit}, got {self.pickup}")
        if self.tonic is not None and not 0 <= self.tonic < 12:
            raise ValueError(f"tonic must be a pitch class from 0 to 11, got {self.tonic}")
        for pitch, duration in self.notes:
            if not (pitch == REST or 0 <= pitch <= 127) or duration <= 0:
                raise ValueError(
                    f"expected a pitch from 0 to 127 or {REST} and a positive duration, got {pitch}, {duration}"
                )
        if all(note.pitch == REST for note in self.notes):
            raise ValueError("a melody needs at least one note that sounds")

    @property
    def bar(self) -> int:
        """Sixteenths of a bar."""
        return 16 * self.metre[0] // self.metre[1]

    @property
    def length(self) -> Duration:
        """Sixteenths in all."""
        return _plain(sum(note.duration for note in self.notes))

    @property
    def whole(self) -> bool:
        """Whether every note, and so the pickup, lasts a whole number of sixteenths."""
        return all(isinstance(note.duration, int) for note in self.notes) and isinstance(self.pickup, int)

    @cached_property
    def pitches(self) -> tuple[int, ...]:
        """The pitches that sound, without rests."""
        return tuple(note.pitch for note in self.notes if note.pitch != REST)

    @property
    def key(self) -> str:
        """Name of the key, such as ``"F#m"``; empty if unknown."""
        return "" if self.tonic is None else TONICS[self.tonic] + "m" * self.minor

    def transposed(self, semitones: int) -> "Melody":
        """Return the tune and its key transposed up by some semitones.

        Raises:
            ValueError: if a note would be outside MIDI's range.
        """
        moved = tuple(Note(p if p == REST else p + semitones, d) for p, d in self.notes)
        if any(note.pitch < 0 for note, old in zip(moved, self.notes, strict=True) if old.pitch != REST):
            raise ValueError(f"transposed by {semitones} semitones, the tune would have pitches below 0")
        return replace(self, notes=moved, tonic=None if self.tonic is None else (self.tonic + semitones) % 12)

    def tidied(self) -> "Melody":
        """Return the tune in a normal form: consecutive rests joined, a rest at the beginning turned into a shorter
        pickup."""
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
    def shape(self) -> tuple[tuple[int | None, Duration], ...]:
        """For each note, the interval in semitones from the previous sounding note (None for a rest, 0 for the first
        note) and the duration. All transpositions of a tune have the same shape."""
        last, steps = self.pitches[0], []
        for pitch, duration in self.notes:
            steps.append((None if pitch == REST else pitch - last, duration))
            last = last if pitch == REST else pitch
        return tuple(steps)


def _plain(duration: Duration) -> Duration:
    """Return a whole number as an ``int``, whatever its type, and anything else as it is."""
    return int(duration) if duration.denominator == 1 else duration


def tonic_number(name: str) -> tuple[int, bool]:
    """Read the name of a key: its pitch class and whether it is minor.

    Raises:
        ValueError: if the name is not a key.

    Example:
        >>> tonic_number("F#m"), tonic_number("Bb")
        ((6, True), (10, False))
    """
    plain = name.strip().removesuffix("in").removesuffix(" ") if name.strip().endswith("min") else name.strip()
    letter, rest = plain[:1].upper(), plain[1:]
    minor = rest.endswith("m")
    sharps = {"": 0, "#": 1, "b": -1}.get(rest.removesuffix("m"))
    if letter not in tuple("CDEFGAB") or sharps is None:
        raise ValueError(f"no key {name!r}; expected a name such as C, F#, Bb, Am or C#m")
    return (TONICS.index(letter) + sharps) % 12, minor


def note_names(key: str = "") -> tuple[str, ...]:
    """Return the names of the twelve pitch classes as they are spelled in a key.

    Args:
        key: such as ``"D"`` or ``"Gm"``; empty for a key that is not known.

    Example:
        >>> note_names("D")[1], note_names("Ab")[1], note_names("Bm")[6], note_names("Gm")[3]
        ('C#', 'Db', 'F#', 'Eb')
    """
    if not key:
        return TONICS
    tonic, minor = tonic_number(key)
    sharps = 7 * (tonic + 3 * minor) % 12  # of the key signature; more than six are written as flats
    if not sharps:
        return TONICS
    names = zip("CCDDEFFGGAAB", "CDDEEFGGAABB", TONICS, strict=True)
    return tuple(one if len(one) == 1 else f"{low}#" if sharps <= 6 else f"{high}b" for low, high, one in names)


def spelled(collection: Iterable[Melody]) -> list[str]:
    """Return each tune's shape as a string with one character per note, to compare by edit distance."""
    letters: dict[tuple[int | None, Duration], str] = {}
    return [
        "".join(letters.setdefault(step, chr(0x4E00 + len(letters))) for step in tune.shape) for tune in collection
    ]


def edit_distance() -> Any:
    """Return rapidfuzz's module for Levenshtein distances.

    Raises:
        RuntimeError: if rapidfuzz is not installed.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError:
        raise RuntimeError("distances between tunes need rapidfuzz: pip install 'elman[lab]'") from None
    return Levenshtein
