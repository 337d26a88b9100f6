"""ABC read against notes written out by hand."""

import re
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.errors import DataError
from elman.data.music.abc_notation import parse_tune, read_abc
from elman.data.music.melody import REST


def notes(body, head="M:4/4\nL:1/8\nK:C"):
    return [tuple(note) for note in parse_tune(f"X:1\n{head}\n{body}").notes]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C C, c c' B,", [(60, 2), (48, 2), (72, 2), (84, 2), (59, 2)]),
        ("C2 C/ C/2 C3/2 C//", [(60, 4), (60, 1), (60, 1), (60, 3), (60, Fraction(1, 2))]),
        ("^C C | C _D =D", [(61, 2), (61, 2), (60, 2), (61, 2), (62, 2)]),
        ("C>D E<F", [(60, 3), (62, 1), (64, 1), (65, 3)]),
        ("C2-C2 | D2-|D2", [(60, 8), (62, 8)]),
        ('"Am"[CEG]2 {d}z2 !trill!~c2', [(67, 4), (REST, 4), (72, 4)]),
        ("(C D) z z D", [(60, 2), (62, 2), (REST, 4), (62, 2)]),
        ("|:C2 D2|[1 E4:|[2 F4|]", [(60, 4), (62, 4), (65, 8)]),
    ],
)
def test_notes(body, expected):
    assert notes(body) == expected


@pytest.mark.parametrize(
    ("key", "expected", "name"),
    [
        ("D", [66, 61], "D"), ("Bm", [66, 61], "Bm"), ("Edor", [66, 61], "Em"), ("Amix", [66, 61], "A"),
        ("F", [65, 60], "F"), ("Cm", [65, 60], "Cm"), ("F#", [66, 61], "F#"), ("Bb", [65, 60], "Bb"),
    ],
)  # fmt: skip
def test_keys(key, expected, name):
    tune = parse_tune(f"X:1\nM:2/4\nL:1/8\nK:{key}\nF C")
    assert (list(tune.pitches), tune.key) == (expected, name)


def test_the_unit_goes_by_the_metre():
    assert [notes("C", head=f"M:{metre}\nK:C")[0][1] for metre in ("4/4", "2/4", "6/8", "C|")] == [2, 1, 2, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("X:1\nM:4/4\nK:C\nC \"D", "quotation mark"), ("X:1\nM:4/4\nK:C\nz4", "no notes"),
        ("X:1\nM:4/4\nK:H\nC", "no valid key"), ("X:1\nM:free\nK:C\nC", "no metre"),
        ("X:1\nM:4/4\nK:C\nC [CE", "a bracket"), ("X:1\nM:4/4\nK:C\nC ;", "unknown sign, ';'"),
        ("X:1\nM:4/4\nC", "no key"), ("X:1\nM:4/4\n\nK:C\nC", "no key"), ("X:1\nK:C\n^/C", "quarter tones"),
        ("X:1\nK:C\nV:1\nC\nV:*\nC", "all voices at once"), ("X:1\nm:C=D\nK:C\nC", "a macro"),
        ("X:1\nK:C\n[C;]", "a chord that cannot"), ("X:1\nK:C\nZ99999", "longer than 100,000"),
        ("X:1\nK:C\nC 2", "unknown sign, '2'"), ("X:1\nK:C\nC\nM:free\nC", "no metre"),
        ("X:1\nM:4/4\nK:C\nC/0", "divided by zero"), ("X:1\nM:4/4\nK:C\n>C", "broken rhythm"),
        ("X:1\nL:half\nM:4/4\nK:C\nC", "unit that is not a fraction"), ("X:1\nM:4/4\nK:C\nC''''''", "MIDI's range"),
        ("X:1\nM:4/4\nK:C\nC0", "of length zero"), ("X:1\nL:1/0\nM:4/4\nK:C\nC", "unit"),
        ("X:1\nM:4/4\nK:C\n", "no notes"),
        ("", "no key"),
    ],
)  # fmt: skip
def test_what_is_left_aside(text, said):
    with pytest.raises(DataError, match=said):
        parse_tune(text)


BODIES = {
    "endings": ("CDEF GABc|1 c8:|2 C8|]", "60 62 64 65 67 69 71 72 60:16"),
    "three endings": ("C8|1 D8:|2 E8:|3 F8||G8|", "60:16 65:16 67:16"),
    "listed endings": ("C8|[1,3 D8:|[2,4 E8||", "60:16 64:16"),
    "named endings": ('C8|["first" D8:|["second" E8||', "60:16 64:16"),
    "one ending": ("C8|1 D8:|E8", "60:16 62:16 64:16"),
    "two groups": ("C8|1 D8:|2 E8||F8|1 G8:|2 A8|]", "60:16 64:16 65:16 69:16"),
    "an inline key": ("F8|[K:D]F8|", "65:16 66:16"),
    "an inline unit": ("C2[L:1/16]C2", "60:4 60:2"),
    "an inline metre": ("C8|[M:3/4]Z|D8", "60:16 -1:12 62:16"),
    "fields in lines": ("F8|\nK:D\nL:1/16\nF8|", "65:16 66:8"),
    "voices": ("V:1\nc8|\nV:2\nE8|\nV:1\nd8|\nV:2\nF8|", "72:16 74:16"),
    "inline voices": ("[V:1] c8|[V:2] E8|\n[V:1] d8|[V:2] F8|", "72:16 74:16"),
    "a melody second": ("V:1 name=Bass\nC8|\nV:2 name=Melody\nc8|", "72:16"),
    "a silent first voice": ("V:1\nz8|\nV:2\nc8|", "72:16"),
    "an octave clef": ("V:1 clef=treble-8\nc8|", "60:16"),
    "overlays": ("E4 F4 & C4 D4|G8", "64:8 65:8 67:16"),
    "a tie's accidental": ("C4 ^F4-|F4 C4 F8", "60:8 66:16 60:8 65:16"),
    "a tie's accidental in an ending": ("^F8-|1 F8:|2 F4 F4|]", "66:24 65:8"),
    "a tie in a chord": ("[CE-]2 [CE]2", "64:8"),
    "a tied rest": ("C2-z2 C2", "60:4 -1:4 60:4"),
    "a tie to another note": ("C2-D2", "60:4 62:4"),
    "broken rhythm after a tie": ("A-A>B", "69:5 71:1"),
    "broken rhythm of three": ("A>>B c<<d", "69:7/2 71:1/2 72:1/2 74:7/2"),
    "octaves of an accidental": ("^C c =c C|C", "61 73 72 60 60"),
    "the same pitch written otherwise": ("^c C'|c", "73 73 72"),
    "accidentals by octave": ("%%propagate-accidentals octave\n^C c", "61 72"),
    "text after an empty line": ("C8\n\nA bad cab, free text", "60:16"),
    "a comment is no empty line": ("C8\n% comment\nD8", "60:16 62:16"),
    "a block of text": ("C8\n%%begintext\nA bad cab\n%%endtext\nD8", "60:16 62:16"),
    "lyrics": ("C8\nw: A bad cab\nW: Egad", "60:16"),
    "old ornaments": ("+f+C +fermata+D +CEG+E", "60 62 67 64"),
    "ornaments": ("!f!C !D.C.!D !>(!E ~F .G TA uB", "60 62 64 65 67 69 71"),
    "a line break sign": ("C! D", "60 62"),
    "grace notes": ("{/cd}C {e}D", "60 62"),
    "chords": ("[C2E2G2] [CE]3", "67:4 64:6"),
    "triplets": ("(3CDE F", "60:4/3 62:4/3 64:4/3 65:2"),
    "tuplets": ("(2CD (4CDEF (5CDEFG (6CDEFGA",
                "60:3 62:3 60:3/2 62:3/2 64:3/2 65:3/2 60:4/5 62:4/5 64:4/5 65:4/5 67:4/5 "
                "60:2/3 62:2/3 64:2/3 65:2/3 67:2/3 69:2/3"),
    "tuplets by numbers": ("(3:2:2C2D E (3::2C2D", "60:8/3 62:4/3 64:2 60:8/3 62:4/3"),
    "a triplet with a rest, a chord and grace": ("(3z[CE]{d}D", "62:4/3"),
    "a note before a repeat at a line's begin": ("C8|:\nA:|", "60:16 69"),
    "annotations": ('"^Slow"C "<(" "50 Ab"D', "60 62"),
    "spacers and backticks": ("C`D y2 E$", "60 62 64"),
    "invisible rests": ("C x2 D", "60 -1:4 62"),
    "a chord of strings and a tie over a bar": ("[C2-G2-]|[C2G2]", "67:8"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_what_abc_writers_write(name):
    body, expected = BODIES[name]
    wanted = [(int(p), Fraction(d or 2)) for p, _, d in (word.partition(":") for word in expected.split())]
    found = notes(body)
    if name.endswith("grace"):
        found = found[1:]
    assert found == wanted


@pytest.mark.parametrize(
    ("key", "scale"),
    [
        ("C ^f _b", "60 62 64 66 67 69 70"),
        ("D Phr ^f", "60 62 63 66 67 69 70"),
        ("D exp _b", "60 62 64 65 67 69 70"),
        ("G minor", "60 62 63 65 67 69 70"),
        ("Gmin", "60 62 63 65 67 69 70"),
        ("G Dorian", "60 62 64 65 67 69 70"),
        ("A mixolydian", "61 62 64 66 67 69 71"),
        ("E Locrian", "60 62 64 65 67 69 70"),
        ("F Lyd", "60 62 64 65 67 69 71"),
        ("C#", "61 63 65 66 68 70 72"),
        ("Cb", "59 61 63 64 66 68 70"),
        ("G# maj", "61 63 65 67 68 70 72"),
        ("HP", "61 62 64 66 67 69 71"),
        ("none", "60 62 64 65 67 69 71"),
        ("G clef=treble", "60 62 64 66 67 69 71"),
        ("D =c", "60 62 64 66 67 69 71"),
        ("C treble", "60 62 64 65 67 69 71"),
        ("C octave=1", "72 74 76 77 79 81 83"),
        ("clef=bass", "60 62 64 65 67 69 71"),
        ("Am clef=treble-8", "48 50 52 53 55 57 59"),
        ("D mix transpose=-2", "58 60 62 64 65 67 69"),
    ],
)  # fmt: skip
def test_scales(key, scale):
    tune = parse_tune(f"X:1\nM:4/4\nL:1/8\nK:{key}\nCDEFGAB")
    assert list(tune.pitches) == [int(pitch) for pitch in scale.split()]


def test_headers():
    header = "X:1\nT:Name\nT:Other\nH:A history\nA bad cab of it\n%%begintext\nA cab\n%%endtext\nM:4/4\nL:1/4\nK:C"
    tune = parse_tune(f"{header}\nC4|")
    assert (tune.title, tune.notes) == ("Name", ((60, 16),))
    assert parse_tune("X:1\nM:2+3/8\nK:C\nC").metre == (5, 8)
    assert parse_tune("X:1\nM:6/8\nL:1/8\nK:C\n(5CDEFG").notes[0].duration == Fraction(6, 5)


def test_changes():
    tune = parse_tune("X:1\nM:4/4\nL:1/8\nK:G\nG8|[M:3/4]F6|\nK:F\nF6|")
    assert (tune.changes, tune.key, tune.metre, tune.pitches) == (("key", "metre"), "G", (4, 4), (67, 66, 65))
    begun = parse_tune("X:1\nM:4/4\nL:1/8\nK:C\n[M:3/4][K:D]F6|[K:D]")
    assert (begun.changes, begun.key, begun.metre, begun.pitches) == ((), "D", (3, 4), (66,))


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ("|:A:|B", "AAB"), ("A:|B", "AAB"), ("A|1 B:|2 C|]D", "ABACD"), ("|:A|1 B:|2 C:|3 D||E", "ABACADE"),
        ("|:A|1,3 B:|2 C:|[4D||E", "ABACABADE"), ("|::A::|B", "AAAB"), ("|:A::B:|C", "AABBC"),
        ("|:A|[1B:|[2C|]|:D|[1E:|[2F|]", "ABACDEDF"), ("|:A|1 B:|C", "ABABC"), ("A|B|C", "ABC"),
    ],
)  # fmt: skip
def test_repeats_played(body, order):
    music = re.sub(r"[A-F]", r"\g<0>8", body)
    tune = parse_tune(f"X:1\nM:4/4\nL:1/8\nK:C\n{music}", played=True)
    assert "".join({60: "C", 62: "D", 64: "E", 65: "F", 69: "A", 71: "B"}[pitch] for pitch in tune.pitches) == order


def test_a_chosen_voice():
    text = 'X:1\nM:4/4\nL:1/8\nK:C\nV:T name="Tune"\nV:B\n[V:T]c8|\n[V:B]C8|'
    assert parse_tune(text).pitches == parse_tune(text, voice="Tune").pitches == (72,)
    assert parse_tune(text, voice="B").pitches == (60,)
    with pytest.raises(DataError, match="no voice 'X' among its voices 'T', 'B'"):
        parse_tune(text, voice="X")
    assert parse_tune("X:1\nM:4/4\nK:C\nC8|", voice="X").pitches == (60,)  # a tune of one voice has no other


def test_titles_of_older_files(tmp_path):
    book = tmp_path / "book.abc"
    book.write_bytes("M:3/4\n\nX:1\nT:Für Élise\nL:1/4\nK:C\nC3|\n".encode("latin-1"))
    (tune,), _, _ = read_abc(book)
    assert (tune.title, tune.metre) == ("Für Élise", (3, 4))  # the metre of the file's header


@given(st.text("ABCabcz^_=,'/>-|:[](123 \n\"{}!&;KLM", max_size=40))
def test_whatever_is_written(body):
    with suppress(DataError):  # nothing else may be raised
        parse_tune("X:1\nM:4/4\nL:1/4\nK:G\n" + body)


def test_a_book(tmp_path):
    book = tmp_path / "book.abc"
    book.write_bytes(b"\xef\xbb\xbfX:1\r\nT:One\r\nM:4/4\r\nK:G\r\nGFED|\r\nX:2\r\nT:Two\r\nM:4/4\r\nK:C\r\nz4|\r\n")
    tunes, aside, _ = read_abc(book)
    assert [tune.title for tune in tunes] == ["One"]
    assert tunes[0].pitches == (67, 66, 64, 62)
    assert dict(aside) == {"has no notes": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no ABC tune"), (b"X:1\n\0", "zero byte at offset 4"), (None, "cannot be read")],
)
def test_no_book(tmp_path, content, said):
    path = tmp_path / "book.abc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_abc(path)
