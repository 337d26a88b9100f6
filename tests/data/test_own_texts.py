"""A user's own words: tagged columns, folders of texts, pairs of texts, dictionaries and misspellings."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.catalogue import find_set
from elman.data.class_folders import read_class_folders
from elman.data.copying import Example
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.data.own_spelling import read_dictionary, read_misspellings
from elman.data.sentences import read_conllu
from elman.data.spelling import read_counts, read_pairs
from elman.data.tag_columns import read_tagged
from elman.data.text_pairs import read_text_pairs


def file(folder, text, name="own.txt"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def row(number, word, tag, other="X"):
    return f"{number}\t{word}\t_\t{tag}\t{other}" + "\t_" * 5


def test_columns_and_conllu_say_the_same(tmp_path):
    conllu = "# text = don't go\n1-2\tdon't" + "\t_" * 8 + "\n" + "\n".join(
        [row(1, "do", "AUX"), row(2, "n't", "PART"), "2.1\tx" + "\t_" * 8, row(3, "go", "VERB", "VB")]
    ) + "\n\n" + row(1, "Go", "VERB", "VB")  # fmt: skip
    plain = "do\tAUX\nn't\tPART\ngo\tVERB\n\n\nGo\tVERB\n"
    first, second = (read_tagged(file(tmp_path, text)) for text in (conllu, plain))
    assert first.records == second.records == read_conllu(file(tmp_path, conllu))
    assert first.understood == [
        "own.txt has CoNLL-U, 2 sentences of 4 words with 3 tags; a word is in column 2 and its tag in column 4."
    ]
    assert read_tagged(file(tmp_path, conllu), "xpos").records[0].tags == ("X", "X", "VB")
    spaced = "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n"
    assert read_tagged(file(tmp_path, spaced)).records[0].tags == ("B-ORG", "O")
    assert read_tagged(file(tmp_path, spaced), "2").records[0].tags == ("NNP", "VBZ")


def test_a_malformed_sentence_is_left_out_and_named(tmp_path):
    text = "a\tX\n\nb\tX\nc\n\nd\tX\n"
    found = read_tagged(file(tmp_path, text))
    assert [one.words for one in found.records] == [("a",), ("d",)]
    assert found.understood[1] == "Left out 1 sentence, because a line has other columns: line 4 'c'."


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", "", "no tagged sentences"),
        ("a\nb\n", "", "the first that is not: line 1 'a'"), (b"\0\1", "", "not text"),
        ("a\tX\n", "7", "no tagged sentences"), ("a\tX\n", "1", "from 2, got '1'"),
        (row(1, "a", "X"), "tag", "upos or xpos, got 'tag'"),
    ],
)  # fmt: skip
def test_what_is_not_tagged(tmp_path, text, column, said):
    with pytest.raises(DataError, match=said):
        read_tagged(file(tmp_path, text), column)


@given(st.text("aX\t\n #1-", max_size=60))
def test_tagged_columns_never_fail_otherwise(tmp_path_factory, text):
    with contextlib.suppress(DataError):
        found = read_tagged(file(tmp_path_factory.mktemp("t"), text))
        assert all(len(one.words) == len(one.tags) > 0 for one in found.records)


def test_a_folder_a_class(tmp_path):
    for name, text in {
        "good/a.txt": "Fine film.", "good/deep/b": "It's good!\nReally.", "bad/c.TXT": "Caf\xe9".encode("cp1252"),
        "bad/d.txt": "", "bad/e.jpg": b"\xff\xd8\0\1", "bad/.hidden": "x", "README.txt": "about",
        "good/README": "about", "empty/x.txt": " ",
    }.items():  # fmt: skip
        file(tmp_path, text, name)
    found = read_class_folders(tmp_path)
    assert [(one.label, one.text) for one in found.records] == [
        ("bad", "Café"), ("good", "Fine film."), ("good", "It's good! Really."),
    ]  # fmt: skip
    assert found.understood[0].endswith("3 texts of 2 classes (a folder a class, a file a text): bad (1), good (2).")
    assert found.understood[1] == (
        "c.TXT: the text is not UTF-8 and was read as cp1252; name its encoding if it is another."
    )
    for name in (
        "d.txt (it is empty)",
        "e.jpg (is not text",
        "README (not",
        "x.txt (it is empty)",
        "README.txt (in no",
    ):
        assert name in found.understood[2]


def test_a_file_a_class(tmp_path):
    file(tmp_path, "One a.\n\nTwo b.\n", "good.txt")
    file(tmp_path, "Three c.\n", "bad.TXT")
    file(tmp_path, "about", "readme.txt")
    found = read_class_folders(tmp_path)
    assert [(one.label, one.text) for one in found.records] == [
        ("bad", "Three c."), ("good", "One a."), ("good", "Two b."),
    ]  # fmt: skip
    assert "Left out: readme.txt (not a text of a class)." in found.understood
    (tmp_path / "bad.TXT").unlink()
    with pytest.raises(DataError, match="has 1 class with texts, expected at least 2"):
        read_class_folders(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        read_class_folders(tmp_path / "good.txt")


def test_pairs_of_texts(tmp_path):
    a, b = file(tmp_path, "the cat\na dog\n\n", "x.en"), file(tmp_path, "die Katze\nein Hund\n\n", "x.de")
    both = read_text_pairs(a, b)
    table = read_text_pairs(file(tmp_path, "the cat\tdie Katze\na dog\tein Hund\nonly\n\tx\n"))
    assert both.records == table.records == [
        Example(("the", "cat"), ("die", "Katze")), Example(("a", "dog"), ("ein", "Hund")),
    ]  # fmt: skip
    assert both.understood == ["x.en and x.de have a source and its target in the same line: 2 pairs, read as words."]
    assert "line 3 (1 column, the others have 2), line 4 (a side is empty)" in table.understood[1]
    letters = read_text_pairs(file(tmp_path, "abc\tcba\n"))
    assert letters.records == [Example(("a", "b", "c"), ("c", "b", "a"))]
    with pytest.raises(DataError, match=r"has 3 lines and .* 1; parallel files"):
        read_text_pairs(a, file(tmp_path, "x\n"))


@pytest.mark.parametrize("text", ["walk\twalked\tV;PST\n", "walk\tV;PST\twalked\n"])
def test_inflection(tmp_path, text):
    found = read_text_pairs(file(tmp_path, text))
    assert found.records == [Example(("V", "PST", *"walk"), tuple("walked"))]
    assert "the features and the lemma are the source: 1 pair, read as characters." in found.understood[0]


def test_the_inflections_of_a_real_set():
    try:
        path = find(find_set("sigmorphon2017"), "finnish-train-low.tsv")
    except NotHere as error:
        pytest.skip(str(error))
    found = read_text_pairs(path)
    assert len(found.records) == 100
    assert len(found.understood) == 1
    assert found.records[0] == Example(
        ("V", "ACT", "PRS", "PRF", "POS", "IMP", "2", "SG", *"maikkua"), tuple("ole maikkunut")
    )


@pytest.mark.parametrize("text", ["", "a\n", "a\tb\tc\td\n", "a\tb\tc\n", b"\0"])
def test_what_is_not_pairs(tmp_path, text):
    with pytest.raises(DataError):
        read_text_pairs(file(tmp_path, text))


def test_own_dictionaries(tmp_path):
    found = read_dictionary(file(tmp_path, "The 3\nthe\ndon\u2019t\t2\nnaïve,5\nwell-made\n\n# x\na b c\n12\n"))
    assert found.records == [("the", 4), ("don't", 2), ("naïve", 5), ("well-made", 1)]
    assert found.understood == [
        "own.txt is a dictionary of 4 words, 3 lines with a count.",
        "Left out 2 lines, not a word and a count: line 8 'a b c', line 9 '12'.",
    ]
    plain = "you 28787591\nthe 22761659\nof 3\n"
    assert dict(read_dictionary(file(tmp_path, plain)).records) == read_counts(plain)
    with pytest.raises(DataError, match="has no words"):
        read_dictionary(file(tmp_path, "1\n"))


def test_own_misspellings(tmp_path):
    found = read_misspellings(file(tmp_path, "Teh->the\nalot\ta lot\nhte,the\nreceive: recieve receeve\nthe->the\n"))
    assert found.records == [("teh", "the"), ("hte", "the"), ("recieve", "receive"), ("receeve", "receive")]
    assert "Left out 2 lines" in found.understood[1]
    plain = "absense->absence\nalot->a lot\n"
    assert read_misspellings(file(tmp_path, plain)).records == read_pairs(plain)
    with pytest.raises(DataError, match="has no misspellings"):
        read_misspellings(file(tmp_path, "the\n"))
