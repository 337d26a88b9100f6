"""Names: what is cleaned away, that no name is in two parts, and cultures that never were."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import names as room
from elman.data.errors import DataError, NotHere
from elman.data.names import SHARES, Names, clean, invented, names, split

WORDS = st.text(st.sampled_from("abcABCßéñ'- "), max_size=8)


def write(folder, **lists):
    for culture, text in lists.items():
        (folder / f"{culture}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder)


def test_a_folder_of_lists(tmp_path):
    folder = write(
        tmp_path, Ruritanian="\ufeffOtto\r\n otto \nÉva\n\nE\u0301va\n", Freedonian="Rufus-T\nMaxa/B\n1st\n"
    )
    read = names(folder)
    assert read.by_culture == {"Freedonian": ("Rufus-T",), "Ruritanian": ("otto", "Éva")}
    assert read.cultures == ("Freedonian", "Ruritanian")
    assert read.pairs == [("Freedonian", "Rufus-T"), ("Ruritanian", "otto"), ("Ruritanian", "Éva")]
    assert (read.name, read.lines) == (tmp_path.name, 8)
    assert read.sha256 != Names("", {"Freedonian": ("Rufus-T",)}, 1, "").sha256


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({}, "has no lists of names; put a file Culture.txt there"),
        ({"Empty": "\n \n"}, "has no name of Empty: a name is up to 30 letters"),
        ({"Numbers": "12\n"}, "has no name of Numbers"),
        ({"Binary": b"Zu\xf1iga\0\n"}, "is not text: it holds a zero byte"),
    ],
)
def test_lists_that_are_none(tmp_path, lists, said):
    with pytest.raises(DataError, match=said):
        names(write(tmp_path, **lists))


def test_no_such_names():
    with pytest.raises(DataError, match="not a folder or a name; did you mean invented"):
        names("invent")


def test_without_the_real_list_the_invented_stand_in(monkeypatch):
    def nowhere(*_):
        raise NotHere("not on this machine")

    monkeypatch.setattr(room, "find", nowhere)
    assert names().name == "invented"
    with pytest.raises(NotHere):
        names("names_by_language")


def test_the_real_list_where_it_is():
    try:
        real = names("names_by_language")
    except NotHere:
        pytest.skip("the real list is not on this machine")
    assert len(real.cultures) == 18
    assert real.lines == 20050
    assert len(real.by_culture["Arabic"]) == 108
    assert len({name.casefold() for name in real.by_culture["Italian"]}) == len(real.by_culture["Italian"])
    assert "To The First Page" not in real.by_culture["Russian"]


@given(WORDS)
def test_clean_names_are_clean(line):
    name = clean(line)
    assert clean(name) == name == unicodedata.normalize("NFC", name)
    assert "  " not in name
    assert name.strip(" '-") == name


def test_no_line_of_a_list_vanishes(tmp_path):
    lines = ["Anna (f)", "Bea 2", "St. John", "J.R.", "", "50 Cent", "Ada,", "हिन्दी", "O\u2019Neill", "x" * 31]
    read = names(write(tmp_path, Own="\n".join(lines)))
    assert read.by_culture["Own"] == ("Bea 2", "J.R.", "O'Neill", "St. John", "हिन्दी")
    (said,) = read.understood[1:]
    for place in (1, 6, 7, 10):
        assert f"line {place} {lines[place - 1]!r} (" in said
    assert "Own: left out 4 lines" in said


def test_which_files_are_lists(tmp_path):
    write(tmp_path, README="This is a list.\n", B="Bo\n", LICENSE="Free\n")
    (tmp_path / "A.TXT").write_text("Ada\n")
    (tmp_path / "notes.md").write_text("Not a name\n")
    (tmp_path / ".hidden.txt").write_text("Hid\n")
    read = names(str(tmp_path))
    assert read.by_culture == {"A": ("Ada",), "B": ("Bo",)}
    assert read.understood == (
        f"{tmp_path.name} holds 2 lists of names, a class each: A, B.",
        "Not lists of names by their file names, and left out: LICENSE.txt, README.txt.",
        "Left out, because a list of names is a file Class.txt: notes.md.",
    )


def test_one_list_is_one_class(tmp_path):
    write(tmp_path, Elves="Lúthien\nElrond\n")
    read = names(str(tmp_path / "Elves.txt"))
    assert read.by_culture == {"Elves": ("Elrond", "Lúthien")}
    assert "its class is Elves" in read.understood[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_lists_in_any_encoding(tmp_path, encoding):
    (tmp_path / "Spanish.txt").write_bytes("Zuñiga\r\nÉva\r\n".encode(encoding))
    read = names(str(tmp_path))
    assert read.by_culture == {"Spanish": ("Zuñiga", "Éva")}
    assert any("the text is" in sentence for sentence in read.understood) == (encoding[:5] != "utf-8")


@given(st.lists(st.tuples(st.sampled_from(["X", "Y"]), WORDS.filter(bool)), unique=True), st.integers(0, 5))
def test_no_name_is_in_two_parts(pairs, seed):
    parts = split(pairs, seed)
    assert list(parts) == list(SHARES)
    assert sorted(pair for own in parts.values() for pair in own) == sorted(pairs)
    folded = [{name.casefold() for _, name in own} for own in parts.values()]
    assert sum(map(len, folded)) == len(set().union(*folded))
    assert split(pairs, seed) == parts


def test_invented_names_keep_the_rules():
    made = invented("Ostvik", 300)
    assert len({name.casefold() for name in made}) == 300
    assert invented("Ostvik", 300, seed=1) != made
    stems = [name.removesuffix(end) for name in made for end in ("vik", "dal", "strom", "by") if name.endswith(end)]
    assert stems
    assert not any(set(stem.lower()) & set("eiy") and set(stem.lower()) & set("aou") for stem in stems if stem)
    assert all(name.endswith(("a", "o", "u")) for name in invented("Nwamba", 100))
    with pytest.raises(ValueError, match="from 0 to 1000, got 1001"):
        invented("Nwamba", 1001)
    with pytest.raises(KeyError):
        invented("Italian", 1)
