"""The music of a voice in ABC notation, sign by sign (ABC standard 2.1, sections 4 and 7)."""

import re
from fractions import Fraction
from functools import lru_cache

from elman.data.errors import DataError
from elman.data.music.abc_bars import Bar, Sound, joined
from elman.data.music.abc_fields import SCALE, SIGNS, read_key, read_metre, read_unit, shift
from elman.data.music.abc_text import Written
from elman.data.music.melody import LONGEST, REST, Melody, Note

__all__ = ["Reader"]

DIGITS = 5  # maximum digits of a length
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # notes -> the time of how many; 5, 7 and 9 go by the metre
_LENGTH = r"(\d*)(/*)(\d*)"
_SKIPPED = r"\d*/*\d*"
_NOTE = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)" + _LENGTH + r"\s*(-?)")
_SIGN = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*" + _SKIPPED
_CLEF_ALONE = re.compile(r"(clef|octave|transpose|middle|stafflines|treble|bass|alto|tenor|perc)\b")
_TOKEN = re.compile(
    rf"(?P<note>{_SIGN})|(?P<space>[ \n]+)"
    r"|(?P<field>\[[A-Za-z]:[^\]]*\])|(?P<ending>\[\s*(?:[1-9][\d,.-]*|\"[^\"\n]*\"))"
    rf"|(?P<chord>\[(?![|:])[^\]|\n]*\]{_SKIPPED})|(?P<bar>\[?[|:]+\]?(?:[1-9][\d,.-]*)?)"
    rf"|(?P<rest>[zx]{_SKIPPED})|(?P<pause>[ZX]\d*)|(?P<tie>-)"
    r"|(?P<tuplet>\([2-9](?::\d{0,2}){0,2})|(?P<broken><{1,3}|>{1,3})|(?P<overlay>&)"
    r"|(?P<plus>\+[^+\s|]+\+)"
    r"|(?P<skipped>\"[^\"\n]*\"|![^!\s|]+!|\{[^}\n]*\}|[()\s\\~`.$!*]|y\d*|[H-Wh-w])"
)


class Reader:
    """The parser of a voice's music: its state from one sign to the next."""

    def __init__(self, tune: Written, voice: str):
        self.title = tune.fields.get("T", "")
        self.key = self.first_key = read_key(tune.fields["K"])
        self.metre = self.first_metre = read_metre(tune.fields.get("M", "4/4"))
        self.unit = read_unit(tune.fields.get("L"), self.metre)
        self.properties = tune.properties.get(voice, "")
        self.shift = shift(f"{tune.fields['K']} {self.properties}")
        self.reach = tune.settings.get("propagate-accidentals", "pitch")
        self.bars = [Bar()]
        self.chosen: set[str] = set()
        self.changes: list[str] = []
        self.accidentals: dict[int, int] = {}  # step -> sharps
        self.now: dict[int, int] = {}  # step -> sharps, of the last note or chord
        self.tied: dict[int, int] = {}  # step -> sharps, of the note before a tie
        self.before_endings: dict[int, int] = {}
        self.tuplet, self.left = Fraction(1), 0
        self.broken = Fraction(1)
        self.overlaid = False

    def read(self, music: str) -> list[Bar]:
        """Return the bars of a voice.

        Raises:
            DataError: if a sign cannot be read.
        """
        place = 0
        while place < len(music):
            found = _TOKEN.match(music, place)
            if found is None:
                raise DataError(_complaint(music[place:]))
            place = found.end()
            kind = str(found.lastgroup)
            if kind not in ("space", "skipped") and (not self.overlaid or kind in ("bar", "ending")):
                getattr(self, f"_{kind}")(found[kind])
        return self.bars

    def melody(self, bars: list[Bar]) -> Melody:
        """Return bars as a melody in the voice's first key and metre.

        Raises:
            DataError: if there is no note, or the melody is too long or out of MIDI's range.
        """
        notes = joined(bars)
        if sum(duration for _, duration in notes) > LONGEST:
            raise DataError(f"is longer than {LONGEST:,} sixteenths")
        if all(pitch == REST for pitch, _ in notes):
            raise DataError("has no notes")
        if any(pitch != REST and not 0 <= pitch <= 127 for pitch, _ in notes):
            raise DataError("has notes outside MIDI's range")
        bar = 16 * self.first_metre[0] // self.first_metre[1]
        first = sum(sound.duration for sound in next(one.sounds for one in bars if one.sounds))
        return Melody(
            tuple(Note(*note) for note in notes), self.first_metre, first if first < bar else 0, self.first_key.tonic,
            self.first_key.minor, self.title, tuple(sorted(self.changes)),
        ).tidied()  # fmt: skip

    def _field(self, text: str) -> None:
        name, value = text[1], text[3:-1].strip()
        if name == "L":
            self.unit = read_unit(value, self.metre)
        elif name == "M":
            self.metre = read_metre(value)
            self._changed("metre", self.metre != self.first_metre)
        elif name == "K":
            if re.search(r"octave=|transpose=|[+-]8", value):
                self.shift = shift(f"{value} {self.properties}")
            if not _CLEF_ALONE.match(value):
                self.key, self.accidentals = read_key(value), {}
                self._changed("key", self.key != self.first_key)

    def _changed(self, what: str, different: bool) -> None:
        if not different or what in self.changes:
            return
        if any(sound.pitch != REST for bar in self.bars for sound in bar.sounds):
            self.changes.append(what)
        elif what == "key":
            self.first_key = self.key
        else:
            self.first_metre = self.metre

    def _bar(self, text: str) -> None:
        signs = text.rstrip("0123456789,.-")
        number = text[len(signs) :]
        self.accidentals, self.overlaid = {}, False
        bars = self.bars
        if not bars[-1].sounds and len(bars) > 1:
            last = bars[-2]
        else:
            last = bars[-1]
            bars.append(Bar())
        before, _, after = signs.strip("[]").partition("|")
        if "|" not in signs:  # "::" is ":||:"
            before = after = ":" * (len(signs) // 2)
        last.closes = max(last.closes, before.count(":"))
        last.ends |= "||" in signs or "]" in signs or "[" in signs
        bars[-1].opens |= ":" in after
        if number:
            self._ending(number)

    def _ending(self, text: str) -> None:
        if self.bars[-1].sounds:
            self._bar("|")
        numbers = _numbers(text)
        if not numbers:  # a label in words
            numbers = [1 + max((n for bar in self.bars for n in bar.ending), default=0)]
        if 1 in numbers:
            self.before_endings = self.tied
        self.tied = self.before_endings
        self.bars[-1].ending = tuple(numbers)

    def _tuplet(self, text: str) -> None:
        parts = [int(part or 0) for part in text[1:].split(":")]
        notes = parts[0]
        beats = self.metre[0]
        usual = TUPLETS.get(notes, 3 if beats % 3 == 0 and beats > 3 else 2)
        time = parts[1] if len(parts) > 1 and parts[1] else usual
        self.tuplet = Fraction(time, notes)
        self.left = parts[2] if len(parts) > 2 and parts[2] else notes

    def _tie(self, text: str) -> None:
        last = next((bar for bar in reversed(self.bars) if bar.sounds), None)
        if last and last.sounds[-1].pitch != REST:
            last.sounds[-1] = last.sounds[-1]._replace(tied=True)
            self.tied = self.now

    def _overlay(self, text: str) -> None:
        self.overlaid = True
        self.chosen.add("overlays")

    def _broken(self, text: str) -> None:
        if not self.bars[-1].sounds:
            raise DataError("begins a bar with a broken rhythm")
        short = Fraction(1, 2 ** len(text))
        before, self.broken = (2 - short, short) if text[0] == ">" else (short, 2 - short)
        last = self.bars[-1].sounds[-1]
        self.bars[-1].sounds[-1] = last._replace(duration=last.duration * before)

    def _plus(self, text: str) -> None:
        """Read a chord of ABC 1.6, ``+CEG+``; any other ``+name+`` is an ornament."""
        inside = text[1:-1]
        if re.fullmatch(f"(?:{_SIGN})+", inside) and inside.strip("f"):
            self._chord(f"[{inside}]")

    def _note(self, text: str) -> None:
        found = _NOTE.fullmatch(text)
        assert found is not None
        self.now = {}
        self._add(self._pitch(found), _duration(*found.groups()[3:6]))

    def _chord(self, text: str) -> None:
        inside, _, length = text[1:].partition("]")
        inside = re.sub(r'"[^"]*"|![^!\s]*!|[~.+H-Wh-w()]', "", inside)
        notes = list(_NOTE.finditer(inside))
        if not notes or re.sub(rf"[zx]{_SKIPPED}", "", _NOTE.sub("", inside)).strip(" `"):
            raise DataError(f"has a chord that cannot be read, {text!r}")
        found = re.fullmatch(_LENGTH, length)
        assert found is not None
        self.now = {}
        pitches = [self._pitch(note) for note in notes]
        highest = pitches.index(max(pitches))
        if len(notes) > 1:
            self.chosen.add("chords")
        self._add(pitches[highest], _duration(*notes[0].groups()[3:6]) * _duration(*found.groups()))
        if notes[highest][7]:
            self._tie("-")

    def _rest(self, text: str) -> None:
        found = re.fullmatch(_LENGTH, text[1:])
        assert found is not None
        self.now = {}
        self._add(REST, _duration(*found.groups()))

    def _pause(self, text: str) -> None:
        """Read a rest of whole bars."""
        bars = _duration(text[1:], "", "")
        self.bars[-1].sounds.append(Sound(REST, bars * 16 * self.metre[0] / self.metre[1]))
        self.tied = {}

    def _pitch(self, note: re.Match[str]) -> int:
        sign, letter, octave = note.groups()[:3]
        name = letter.upper()
        height = letter.islower() + octave.count("'") - octave.count(",")
        step = 7 * height + "CDEFGAB".index(name)
        place = step % 7 if self.reach == "pitch" else step
        sharps = self.key.signs.get(name, 0)
        if sign:
            sharps = SIGNS[sign]
            if self.reach != "not":
                self.accidentals[place] = sharps
        elif step in self.tied:
            sharps = self.tied[step]
        elif place in self.accidentals:
            sharps = self.accidentals[place]
        self.now[step] = sharps
        return 60 + SCALE[name] + sharps + 12 * height + self.shift

    def _add(self, pitch: int, units: Fraction) -> None:
        if not units:
            raise DataError("has a note of length zero")
        duration = units * self.unit
        if self.broken != 1:
            duration, self.broken = duration * self.broken, Fraction(1)
        self.tied = {}
        if self.left:
            duration, self.left = duration * self.tuplet, self.left - 1
        self.bars[-1].sounds.append(Sound(pitch, duration))


def _complaint(rest: str) -> str:
    if re.match(r"[\^_]\d*/", rest) or re.match(r"[\^_]\d", rest):
        return "has quarter tones"
    if rest[0] == '"':
        return "has a quotation mark without its partner on the line"
    if rest[0] in "[]":
        return "has a bracket without its partner in the bar"
    return f"has an unknown sign, {rest[0]!r}"


def _numbers(text: str) -> list[int]:
    """Return the numbers of an ending, such as 1, 2 and 4 for ``1-2,4``."""
    numbers: list[int] = []
    for first, last in re.findall(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?", text):
        numbers += range(int(first), int(last or first) + 1)
    return numbers


@lru_cache(maxsize=1024)
def _duration(number: str, slashes: str, divisor: str) -> Fraction:
    if max(map(len, (number, slashes, divisor))) > DIGITS:
        raise DataError("has a note of an invalid length")
    below = int(divisor) if divisor and slashes else 2 ** len(slashes)
    if not below:
        raise DataError("has a length divided by zero")
    return Fraction(int(number or 1), below)
