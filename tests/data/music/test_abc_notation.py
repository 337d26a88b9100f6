"""ABC read against notes written out by hand."""

from contextlib import suppress

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
        ("C2 C/ C/2 C3/2 C//", [(60, 4), (60, 1), (60, 1), (60, 3)]),
        ("^C C | C _D =D", [(61, 2), (61, 2), (60, 2), (61, 2), (62, 2)]),
        ("C>D E<F", [(60, 3), (62, 1), (64, 1), (65, 3)]),
        ("C2-C2 | D2-|D2", [(60, 8), (62, 8)]),
        ('"Am"[CEG]2 {d}z2 !trill!~c2', [(67, 4), (REST, 4), (72, 4)]),
        ("(C D) z z D", [(60, 2), (62, 2), (REST, 4), (62, 2)]),
        ("|:C2 D2|[1 E4:|[2 F4|]", [(60, 4), (62, 4), (65, 8)]),
    ],
)
def test_notes(body, expected):
    if body.endswith("C//"):  # half of a sixteenth
        with pytest.raises(DataError, match="not whole sixteenths"):
            notes(body)
        body = body.removesuffix("C//")
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
        ("X:1\nM:4/4\nK:C\nC D (3EFG", "not whole sixteenths"), ("X:1\nM:4/4\nK:C\nz4", "no notes"),
        ("X:1\nM:4/4\nK:H\nC", "no valid key"), ("X:1\nM:free\nK:C\nC", "no metre"),
        ("X:1\nM:4/4\nK:C\nC\nK:G\nC", "changes its key"), ("X:1\nM:4/4\nK:C\nC ;", "unknown sign, ';'"),
        ("X:1\nM:4/4\nK:C\nC/0", "divided by zero"), ("X:1\nM:4/4\nK:C\n>C", "broken rhythm"),
        ("X:1\nL:half\nM:4/4\nK:C\nC", "unit that is not 1/n"), ("X:1\nM:4/4\nK:C\nC''''''", "MIDI's range"),
        ("X:1\nM:4/4\nK:C\nC0", "of length zero"), ("X:1\nL:1/0\nM:4/4\nK:C\nC", "unit"),
        ("X:1\nM:4/4\nK:C\n", "no notes"),
        ("X:1\nM:4/4\nL:1/8\nK:C\n(5CDEFG", "unsupported tuplets"), ("", "no notes"),
    ],
)  # fmt: skip
def test_what_is_left_aside(text, said):
    with pytest.raises(DataError, match=said):
        parse_tune(text)


@given(st.text("ABCabcz^_=,'/>-|:[](123 \n\"{}!&;KLM", max_size=40))
def test_whatever_is_written(body):
    with suppress(DataError):  # nothing else may be raised
        parse_tune("X:1\nM:4/4\nL:1/4\nK:G\n" + body)


def test_a_book(tmp_path):
    book = tmp_path / "book.abc"
    book.write_bytes(b"\xef\xbb\xbfX:1\r\nT:One\r\nM:4/4\r\nK:G\r\nGFED|\r\nX:2\r\nT:Two\r\nM:4/4\r\nK:C\r\nz4|\r\n")
    tunes, aside = read_abc(book)
    assert [tune.title for tune in tunes] == ["One"]
    assert tunes[0].pitches == (67, 66, 64, 62)
    assert dict(aside) == {"has no notes": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no ABC tune"), (b"X:1\n\xff", "not UTF-8: byte 0xff at offset 4"), (None, "cannot be read")],
)
def test_no_book(tmp_path, content, said):
    path = tmp_path / "book.abc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_abc(path)
