"""Melodies from ABC notation: the subset that folk-tune books use (Chris Walshaw's standard 2.1, sections 3 and 4).

Chord symbols, ornaments and slurs are dropped; of simultaneous notes the highest is kept. Repeats are not played: a
tune is read once as written, with its last ending.
"""

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

from elman.data.errors import DataError
from elman.data.music.melody import LONGEST, REST, Melody, Note
from elman.data.reading import read_text

__all__ = ["parse_tune", "read_abc"]

SCALE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
FIFTHS = "FCGDAEB"
CHANGED = {"M": "metre", "K": "key", "L": "unit"}
MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1,
         "loc": -5}  # fmt: skip
MINOR = {"m", "min", "aeo", "dor", "phr", "loc"}
DIGITS = 5  # maximum digits of a length
TUPLETS = {2: Fraction(3, 2), 3: Fraction(2, 3), 4: Fraction(3, 4), 6: Fraction(1, 3)}
_KEY = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]{0,3})")
_DROPPED = re.compile(r'"[^"]*"|![^!]*!|\{[^}]*\}|\[[A-Z]:[^\]]*\]|[\\~`.$\s]+')
_LENGTH = r"(\d*)(/*)(\d*)"
_PITCH = r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)"
_NOTE = re.compile(_PITCH + _LENGTH)
_TOKEN = re.compile(
    r"(?P<ending>(?:\[|\|)[1-9](?:[,-][1-9])*)|(?P<tuplet>\([2-9](?::\d*)*)|(?P<chord>\[[^\]|:\d][^\]]*\]\d*/*\d*)"
    rf"|(?P<note>{_PITCH}{_LENGTH})|(?P<rest>[zx]{_LENGTH})|(?P<tie>-)|(?P<broken><<?<?|>>?>?)"
    r"|(?P<bar>[|:\[]*[|:]+\]?)|(?P<slur>[()])".replace("(\\d*)(/*)(\\d*)", r"\d*/*\d*")
)


def read_abc(path: Path) -> tuple[list[Melody], Counter[str]]:
    """Read the tunes of an ABC file.

    Returns:
        The tunes of one voice on a grid of sixteenths in one metre and one key, and the number of other tunes by
        reason.

    Raises:
        DataError: if the file cannot be read, is not text, or has no tune.
    """
    parts = re.split(r"^X:", read_text(path), flags=re.MULTILINE)[1:]
    if not parts:
        raise DataError(f"{path} holds no ABC tune: no line begins with X:")
    tunes: list[Melody] = []
    aside: Counter[str] = Counter()
    for part in parts:
        try:
            tunes.append(parse_tune("X:" + part))
        except DataError as error:
            aside[str(error)] += 1
    return tunes, aside


def parse_tune(text: str) -> Melody:
    """Read one tune.

    Args:
        text: header and body.

    Raises:
        DataError: if the tune is not a melody on a grid of sixteenths in one metre and key; the message says why.

    Example:
        >>> tune = parse_tune("X:1\\nM:6/8\\nK:G\\nD|GFG A2B|[1 d3 d2:|[2 G3 G2|]")
        >>> tune.key, tune.pickup, [tuple(note) for note in tune.notes[:4]], tune.notes[-1].pitch
        ('G', 2, [(62, 2), (67, 2), (66, 2), (67, 2)], 67)
    """
    fields: dict[str, str] = {}
    music = []
    for line in text.splitlines():
        line = line.partition("%")[0].strip()
        if re.match(r"[A-Za-z]:", line):
            name, value = line[0], line[2:].strip()
            if name in CHANGED and music and fields.get(name, value) != value:
                raise DataError(f"changes its {CHANGED[name]}")
            if name == "T" and "T" in fields:
                continue
            fields[name] = value
        elif line:
            music.append(line)
    beats, unit = _metre(fields.get("M", "4/4"))
    length = fields.get("L", "1/8" if Fraction(beats, unit) >= Fraction(3, 4) else "1/16")
    tonic, minor, signs = _key(fields.get("K", "C"))
    found = re.fullmatch(r"1/([1-9]\d{0,3})", length)
    if not found:
        raise DataError("has a unit that is not 1/n")
    body = _DROPPED.sub(" ", " ".join(music))
    bars = _Reader(Fraction(16, int(found[1])), signs).read(body)
    return _melody(bars, (beats, unit), tonic, minor, fields.get("T", ""))


def _metre(text: str) -> tuple[int, int]:
    plain = {"C": "4/4", "C|": "2/2"}.get(text, text)
    found = re.fullmatch(r"(\d{1,3})/(1|2|4|8|16)", plain)
    if not found or not int(found[1]):
        raise DataError("has no metre in beats, such as 4/4")
    return int(found[1]), int(found[2])


def _key(text: str) -> tuple[int, bool, dict[str, int]]:
    """Return the pitch class, whether the key is minor, and the signature's sharps (1) and flats (-1)."""
    found = _KEY.match(text)
    mode = found[3].lower() if found else ""
    if not found or mode not in MODES:
        raise DataError("has no valid key")
    sign = {"": 0, "#": 1, "b": -1}[found[2]]
    number = FIFTHS.index(found[1]) - 1 + 7 * sign + MODES[mode]
    signs = dict.fromkeys(FIFTHS[:number], 1) if number > 0 else dict.fromkeys(FIFTHS[::-1][:-number], -1)
    return (SCALE[found[1]] + sign) % 12, mode in MINOR, signs


def _melody(
    bars: list[list[tuple[int, Fraction]]], metre: tuple[int, int], tonic: int, minor: bool, title: str
) -> Melody:
    sounds = [note for bar in bars for note in bar]
    if any(duration.denominator != 1 for _, duration in sounds):
        raise DataError("has notes that are not whole sixteenths")
    if sum(duration for _, duration in sounds) > LONGEST:
        raise DataError(f"is longer than {LONGEST:,} sixteenths")
    if all(pitch == REST for pitch, _ in sounds):
        raise DataError("has no notes")
    if any(pitch != REST and not 0 <= pitch <= 127 for pitch, _ in sounds):
        raise DataError("has notes outside MIDI's range")
    bar = 16 * metre[0] // metre[1]
    first = sum(int(duration) for _, duration in next(b for b in bars if b))
    notes = tuple(Note(pitch, int(duration)) for pitch, duration in sounds)
    return Melody(notes, metre, first if first < bar else 0, tonic, minor, title).tidied()


class _Reader:
    """The state of the parser from one sign to the next."""

    def __init__(self, unit: Fraction, signs: dict[str, int]):
        self.unit, self.signs = unit, signs
        self.bars: list[list[tuple[int, Fraction]]] = [[]]
        self.first_ending: list[list[tuple[int, Fraction]]] | None = None
        self.accidentals: dict[str, int] = {}
        self.tied = False
        self.tuplet, self.left = Fraction(1), 0
        self.broken = Fraction(1)

    def read(self, body: str) -> list[list[tuple[int, Fraction]]]:
        place = 0
        while place < len(body):
            found = _TOKEN.match(body, place)
            if found is None:
                if body[place] not in " *_^=',/0123456789+trilsTHLMPSOuvJR]&":
                    raise DataError(f"has an unknown sign, {body[place]!r}")
                place += 1
                continue
            place = found.end()
            kind = str(found.lastgroup)
            getattr(self, f"_{kind}")(found[kind])
        if self.first_ending is not None:
            self.bars = self.first_ending + self.bars
        return self.bars

    def _bar(self, text: str) -> None:
        self.accidentals = {}
        if self.bars[-1]:
            self.bars.append([])

    def _ending(self, text: str) -> None:
        self._bar(text)
        if text[1] == "1":
            self.first_ending, self.bars = self.bars, [[]]
        elif self.first_ending is not None:  # self.bars holds an ending that is not the last
            self.bars, self.first_ending = self.first_ending, None
            self._bar(text)

    def _tuplet(self, text: str) -> None:
        number = int(text[1])
        if number not in TUPLETS or ":" in text:
            raise DataError("has unsupported tuplets")
        self.tuplet, self.left = TUPLETS[number], number

    def _tie(self, text: str) -> None:
        self.tied = True

    def _slur(self, text: str) -> None:
        """Ignore a slur: it changes no note."""

    def _broken(self, text: str) -> None:
        if not self.bars[-1]:
            raise DataError("begins a bar with a broken rhythm")
        short = Fraction(1, 2 ** len(text))
        pitch, duration = self.bars[-1][-1]
        before, self.broken = (2 - short, short) if text[0] == ">" else (short, 2 - short)
        self.bars[-1][-1] = (pitch, duration * before)

    def _note(self, text: str) -> None:
        found = _NOTE.fullmatch(text)
        assert found is not None
        self._add(self._pitch(found), _duration(*found.groups()[3:]))

    def _chord(self, text: str) -> None:
        inside, _, length = text[1:].partition("]")
        notes = list(_NOTE.finditer(inside))
        if not notes:
            raise DataError("has a chord without notes")
        found = re.fullmatch(_LENGTH, length)
        assert found is not None
        self._add(max(map(self._pitch, notes)), _duration(*notes[0].groups()[3:]) * _duration(*found.groups()))

    def _rest(self, text: str) -> None:
        found = re.fullmatch(_LENGTH, text[1:])
        assert found is not None
        self._add(REST, _duration(*found.groups()))

    def _pitch(self, note: re.Match[str]) -> int:
        sign, letter, octave = note.groups()[:3]
        name = letter.upper()
        where = letter + octave
        if sign:
            self.accidentals[where] = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}[sign]
        raised = self.accidentals.get(where, self.signs.get(name, 0))
        height = 12 * (letter.islower() + octave.count("'") - octave.count(","))
        return 60 + SCALE[name] + raised + height

    def _add(self, pitch: int, units: Fraction) -> None:
        if not units:
            raise DataError("has a note of length zero")
        duration = units * self.unit * self.broken
        self.broken = Fraction(1)
        if self.left:
            duration, self.left = duration * self.tuplet, self.left - 1
        last = next((bar for bar in reversed(self.bars) if bar), None)
        if self.tied and last and last[-1][0] == pitch:
            last[-1] = (pitch, last[-1][1] + duration)
        else:
            self.bars[-1].append((pitch, duration))
        self.tied = False


def _duration(number: str, slashes: str, divisor: str) -> Fraction:
    if max(map(len, (number, slashes, divisor))) > DIGITS:
        raise DataError("has a note of an invalid length")
    below = int(divisor) if divisor and slashes else 2 ** len(slashes)
    if not below:
        raise DataError("has a length divided by zero")
    return Fraction(int(number or 1), below)
