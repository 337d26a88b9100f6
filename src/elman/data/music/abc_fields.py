"""Values of ABC fields: keys, metres, unit lengths, a voice's transposition (ABC standard 2.1, section 3)."""

import re
from fractions import Fraction
from typing import NamedTuple

from elman.data.errors import DataError

__all__ = ["SCALE", "SIGNS", "Key", "read_key", "read_metre", "read_unit", "shift"]

SCALE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
FIFTHS = "FCGDAEB"
MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1,
         "loc": -5, "exp": 0}  # fmt: skip
MINOR = {"m", "min", "aeo", "dor", "phr", "loc"}
_KEY = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)(?![A-Za-z]*=)")
_EXTRA = re.compile(r"(?:^|(?<=\s))(\^\^|\^|__|_|=)([A-Ga-g])(?![A-Za-z])")
_NO_TONIC = re.compile(
    r"(none\b|$|(clef|octave|transpose|middle|stafflines|treble|bass|alto|tenor|perc|exp)\b|[\^_=])"
)
_OCTAVE_CLEF = re.compile(r"(?:treble|bass|alto|tenor|\b[GCF]\d?)([+-]8)")


class Key(NamedTuple):
    """A key: its tonic as a pitch class (None if it has none), whether it is minor, and the sharps (1) and flats (-1)
    of its signature."""

    tonic: int | None
    minor: bool
    signs: dict[str, int]


def read_key(text: str) -> Key:
    """Read the value of ``K:``: a tonic, a mode, and accidentals that the signature has besides.

    Raises:
        DataError: if it is not a key.

    Example:
        >>> read_key("D Phr ^f")
        Key(tonic=2, minor=True, signs={'B': -1, 'E': -1, 'F': 1})
    """
    extra = {letter.upper(): SIGNS[sign] for sign, letter in _EXTRA.findall(text)}
    if re.match(r"H[Pp]\b", text):  # bagpipes, which play A mixolydian whatever is printed
        return Key(9, False, {"F": 1, "C": 1})
    if _NO_TONIC.match(text):
        return Key(None, False, extra)
    found = _KEY.match(text)
    mode = found[3].lower() if found else ""
    if mode in ("clef", "treble", "bass", "alto", "tenor", "perc"):
        mode = ""
    mode = "m" if mode == "m" else mode[:3]
    if not found or mode not in MODES:
        raise DataError("has no valid key, such as K:G, K:Am or K:D dorian")
    sign = {"": 0, "#": 1, "b": -1}[found[2]]
    number = 0 if mode == "exp" else FIFTHS.index(found[1]) - 1 + 7 * sign + MODES[mode]
    signs: dict[str, int] = {}
    for k in range(abs(number)):  # beyond seven, letters get a second sharp or flat
        letter = FIFTHS[k % 7] if number > 0 else FIFTHS[6 - k % 7]
        signs[letter] = signs.get(letter, 0) + (1 if number > 0 else -1)
    return Key((SCALE[found[1]] + sign) % 12, mode in MINOR, signs | extra)


def read_metre(text: str) -> tuple[int, int]:
    """Read the value of ``M:``, such as ``6/8``, ``C|`` or ``2+2+3/8``.

    Raises:
        DataError: if it is not a number of beats over 1, 2, 4, 8 or 16.
    """
    plain = {"C": "4/4", "c": "4/4", "C|": "2/2", "c|": "2/2"}.get(text, text)
    found = re.fullmatch(r"\(?(\d{1,3}(?:\s*\+\s*\d{1,3})*)\)?\s*/\s*(1|2|4|8|16)", plain)
    beats = sum(map(int, found[1].split("+"))) if found else 0
    if not found or not 0 < beats < 1000:
        raise DataError("has no metre in beats, such as M:4/4")
    return beats, int(found[2])


def read_unit(text: str | None, metre: tuple[int, int]) -> Fraction:
    """Read the value of ``L:`` in sixteenths; without one, the unit goes by the metre.

    Raises:
        DataError: if it is not a fraction of a whole note.
    """
    if text is None:
        return Fraction(2 if Fraction(*metre) >= Fraction(3, 4) else 1)
    found = re.fullmatch(r"([1-9]\d{0,3})(?:\s*/\s*([1-9]\d{0,3}))?", text)
    if not found:
        raise DataError("has a unit that is not a fraction of a whole note, such as L:1/8")
    return 16 * Fraction(int(found[1]), int(found[2] or 1))


def shift(properties: str) -> int:
    """Return the semitones by which a voice sounds above its notes: ``octave=``, ``transpose=``, ``treble-8``."""
    semitones = sum(12 * int(n) for n in re.findall(r"\boctave=([+-]?\d{1,2})\b", properties))
    semitones += sum(int(n) for n in re.findall(r"\b(?:transpose|t)=([+-]?\d{1,2})\b", properties))
    return semitones + sum(12 if sign == "+8" else -12 for sign in _OCTAVE_CLEF.findall(properties))
