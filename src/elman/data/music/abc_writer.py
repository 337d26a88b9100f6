"""Write a melody as ABC notation (Chris Walshaw's standard 2.1)."""

from fractions import Fraction

from elman.data.music.abc_fields import SCALE, SIGNS, read_key
from elman.data.music.melody import REST, Duration, Melody

__all__ = ["write_abc"]

MARKS = {sharps: sign for sign, sharps in SIGNS.items()}
LINE = 4  # bars on a line


def write_abc(tune: Melody, number: int = 1) -> str:
    """Return a tune in ABC notation, with a sixteenth as its unit, notes that cross a bar line tied, and no repeats.

    Args:
        tune: the tune; without a key it is written in C.
        number: its number in the book, ``X:``.

    Example:
        >>> print(write_abc(Melody(((62, 4), (66, 12), (67, 4), (68, 4)), (3, 4), tonic=2)), end="")
        X:1
        M:3/4
        L:1/16
        K:D
        D4F8-|F4G4^G4|]
    """
    head = [f"X:{number}", *([f"T:{' '.join(tune.title.split())}"] if tune.title else [])]
    head += [f"M:{tune.metre[0]}/{tune.metre[1]}", "L:1/16", f"K:{tune.key or 'C'}"]
    bars = _bars(tune)
    lines = ["|".join(bars[k : k + LINE]) for k in range(0, len(bars), LINE)]
    return "\n".join([*head, *(f"{line}|" for line in lines[:-1]), f"{lines[-1]}|]"]) + "\n"


def _bars(tune: Melody) -> list[str]:
    """Return the notes of each bar."""
    signs = read_key(tune.key or "C").signs
    flat = sum(signs.values()) < 0
    bars, left = [""], Fraction(tune.pickup or tune.bar)
    altered: set[str] = set()  # letters that had a sign in this bar
    for pitch, duration in tune.notes:
        rest = Fraction(duration)
        while rest:
            if not left:
                bars.append("")
                left = Fraction(tune.bar)
                altered.clear()
            part = min(left, rest)
            rest, left = rest - part, left - part
            tie = "-" if rest and pitch != REST else ""
            name = "z" if pitch == REST else _named(pitch, signs, flat, altered)
            bars[-1] += name + _length(part) + tie
    return bars


def _named(pitch: int, signs: dict[str, int], flat: bool, altered: set[str]) -> str:
    """Return a pitch's letter, with its sign where the key or the bar needs it."""
    found = [
        (letter, sharps)
        for letter, step in SCALE.items()
        for sharps in (signs.get(letter, 0), 0, -1 if flat else 1)
        if (step + sharps - pitch) % 12 == 0
    ]
    letter, sharps = min(found, key=lambda one: (one[1] != signs.get(one[0], 0), abs(one[1])))
    octave = (pitch - sharps) // 12 - 5
    sign = ""
    if sharps != signs.get(letter, 0) or letter in altered:
        altered.add(letter)
        sign = MARKS[sharps]
    return sign + (letter + "," * -octave if octave <= 0 else letter.lower() + "'" * (octave - 1))


def _length(duration: Duration) -> str:
    top, bottom = Fraction(duration).as_integer_ratio()
    return ("" if top == 1 else str(top)) + ("" if bottom == 1 else f"/{bottom}")
