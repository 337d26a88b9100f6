"""Tables as people save them: any dialect and encoding, every guess said, and what is written is read again."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.dialects import has_header
from elman.data.encodings import encoding_of
from elman.data.errors import DataError
from elman.data.numbers import parse_numbers
from elman.data.tables import read_table


@pytest.fixture
def saved(tmp_path):
    def save(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return save


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32")


@pytest.mark.parametrize("encoding", [*ENCODINGS, "cp1252", "latin-1"])
def test_encodings(saved, encoding):
    table = read_table(saved("Straße;größe\nMüllerweg;1,5\nLindenstraße;2,5\nAm Markt;3\n", encoding=encoding))
    assert table.names == ("Straße", "größe")
    assert table.text("Straße") == ["Müllerweg", "Lindenstraße", "Am Markt"]
    assert table.numbers("größe").tolist() == [1.5, 2.5, 3]
    said = " ".join(table.understood)
    assert ("read as cp1252" in said) == (encoding in ("cp1252", "latin-1"))
    assert ("UTF-" in said) == (encoding not in ("utf-8", "utf-8-sig"))


def test_a_script_that_is_not_latin_is_recognised(saved):
    text = "отзыв,оценка\n" + "Хороший и очень интересный фильм про обычных людей,5\n" * 3
    table = read_table(saved(text, encoding="cp1251"))
    assert table.text("отзыв")[0] == "Хороший и очень интересный фильм про обычных людей"
    assert read_table(saved("a\nñ\n", encoding="cp437"), wanted=["a"], encoding="cp437")["a"] == ["ñ"]


@pytest.mark.parametrize(
    ("raw", "encoding", "said"),
    [
        (b"a,b\n1,\x00\n", "", "not text: it holds a zero byte at offset 6"),
        (b"\xff\xfea", "", "not text in UTF-16"),
        (b"a\xff", "utf-8", "not text in UTF-8"),
        (b"a", "utf-9", "no encoding 'utf-9'"),
    ],
)
def test_what_is_not_text(saved, raw, encoding, said):
    with pytest.raises(DataError, match=said):
        encoding_of(saved(raw), raw, encoding)


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12).filter(
    lambda word: word.strip() == word and not word.startswith("#")
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(WORDS, st.floats(-1e9, 1e9), st.sampled_from(["pos", "neg"])), min_size=3, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(ENCODINGS), st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([".", ","]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)  # fmt: skip
def test_what_a_spreadsheet_writes_is_read_again(tmp_path_factory, rows, delimiter, encoding, end, decimal, quoting):
    """A note may hold any mark of any dialect; the numbers prove their decimal mark."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["note", "weight", "label"])
    rows = [("start of the table", 0.5, "pos"), *rows]
    for note, weight, label in rows:
        writer.writerow([note, repr(weight).replace(".", decimal), label])
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_bytes(file.getvalue().encode(encoding))
    table = read_table(path)
    assert table.names == ("note", "weight", "label")
    assert table.numbers("weight").tolist() == [weight for _, weight, _ in rows]
    assert table["note"] == [note for note, _, _ in rows]
    assert table.text("label") == [label for *_, label in rows]


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.text() | st.integers()), min_size=1))
def test_lines_of_json(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "table.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    table = read_table(path)
    assert len(table) == len(rows)
    for name in table.names:
        assert table[name] == [row.get(name) for row in rows]
    path.with_suffix(".json").write_text(json.dumps(rows))
    assert read_table(path.with_suffix(".json")).columns == table.columns


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("time,load\n2020-01-01,3\n", ["time", "load"], 1),
        ("2020-01-01,3\n2020-01-02,4\n", ["column 1", "column 2"], 2),
        ("good film\tpos\nbad film\tneg\n", ["column 1", "column 2"], 2),
        ("Kommentar;Klasse\n" + "gut;a\nschlecht;b\n" * 4, ["Kommentar", "Klasse"], 8),
        ("sep=;\na;b\n1;2\n", ["a", "b"], 1),
        ("# made by a logger\n# twice\na,b\n1,2\n", ["a", "b"], 1),
        (",value\n0,5\n1,6\n", ["column 1", "value"], 2),
        ("a,a,a\n1,2,3\n", ["column 1", "column 2", "column 3"], 2),
        ("load\n1,5\n2,7\n", ["load"], 2),
        ("1,5\n2,7\n", ["column 1", "column 2"], 2),
        ("a,b,\n1,2,\n", ["a", "b", "column 3"], 1),
        ("a,b\n1,2,\n3,4,\n", ["a", "b"], 2),
        ('a,b\n"x\ny",2\n', ["a", "b"], 1),
    ],
)
def test_header_and_dialect(saved, text, names, rows):
    table = read_table(saved(text))
    assert (list(table.names), len(table)) == (names, rows)


def test_a_header_can_be_given_or_denied(saved):
    path = saved("2019,2020\n1,2\n")
    assert read_table(path, header=True).names == ("2019", "2020")
    assert len(read_table(path, header=False)) == 2
    assert read_table(path, header=True)["2020"] == ["2"]
    assert has_header([["good", "bad"], ["x", "y"]], wanted=["good"])


def test_quotation_marks_in_tabs_belong_to_the_text(saved):
    """A quote at the beginning of a review must not swallow the lines up to the next one."""
    table = read_table(saved('text\tlabel\n"great, he said\t1\nfine\t0\n"awful" she said\t0\n', "table.tsv"))
    assert table.text("text") == ['"great, he said', "fine", '"awful" she said']
    assert "quotation marks belong to the text" in table.understood
    table = read_table(saved('text\tlabel\n"a\tb"\t1\n"c\nd"\t0\n', "table.tsv"))
    assert table.text("text") == ["a\tb", "c\nd"]


def test_ragged_rows_are_reported_by_line(saved):
    path = saved('a,b\n1,2\n3\n4,5\n"x\ny",6,7\n')
    with pytest.raises(DataError, match=r"line 3 has 1 columns; the first line names 2 \(1 more: lines 6\)"):
        read_table(path)
    table = read_table(path, ragged="skip")
    assert table.numbers("b").tolist() == [2, 5]
    assert "2 rows of another length are left out: lines 3, 6" in table.understood
    assert table.where(1) == f"{path}, line 4"


def test_a_column_that_is_not_there(saved):
    table = read_table(saved("review,label\na,b\n"))
    assert table.named("Review ") == "review"
    with pytest.raises(DataError, match=r"no column 'reviw'; did you mean review\?; its columns are review, label"):
        table.text("reviw")
    with pytest.raises(DataError, match=r"no column 'stars'; its columns are review, label"):
        read_table(table.path, wanted=["stars"])


def test_a_column_that_the_caller_did_not_name(saved):
    table = read_table(saved("comment,stars\ngood film,5\nbad film,1\n"))
    assert table.choose("text", "text", ("text",)) == "comment"
    assert table.understood == ["column 'comment' is the text: the only column of texts"]
    table = read_table(saved("comment,text\ngood film,fine\nbad film,no\n"))
    assert table.choose("text", "text", ("text",)) == "text"
    with pytest.raises(DataError, match=r"2 columns can be the label; name it. The columns are comment, text"):
        table.choose("label", "text")
    with pytest.raises(DataError, match="no column can be the label"):
        table.choose("label", "number")


def test_several_files(saved):
    first, second = saved("a,b\n1,2\n", "1.csv"), saved("b,a\n4,3\n", "2.csv")
    table = read_table([first, second])
    assert table.numbers("a").tolist() == [1, 3]
    assert table.where(1) == f"{second}, line 2"
    with pytest.raises(DataError, match="has the columns c"):
        read_table([first, saved("c\n5\n", "3.csv")])


def test_missing_cells(saved):
    table = read_table(saved("n,t\nNA,null\n,NA\n-,-\n3,None of these\n"))
    np.testing.assert_array_equal(table.numbers("n"), [np.nan, np.nan, np.nan, 3])
    assert table.text("t") == [None, None, "-", "None of these"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["7.21M", "950K", "1.5B", "2T"], [7.21e6, 950e3, 1.5e9, 2e12]),
        (["1,234.5", "2"], [1234.5, 2]),
        (["1.234,5", "2"], [1234.5, 2]),
        (["1,5", "1.234"], [1.5, 1234]),
        (["12%", "-0.5 %"], [0.12, -0.005]),
        (["$1,234", "€ 5"], [1234, 5]),
        (["1 234 567", "1'000.5", "1\u202f000"], [1234567, 1000.5, 1000]),
        (["−3", "+4", "1e-3", ".5"], [-3, 4, 0.001, 0.5]),
        (["1,234,567"], [1234567]),
        (["1.234.567"], [1234567]),
        (["0.123", "1.234"], [0.123, 1.234]),
    ],
)  # fmt: skip
def test_numbers(saved, cells, expected):
    path = saved("x\tnote\n" + "".join(f"{cell}\tn\n" for cell in cells), "t.tsv")
    assert read_table(path).numbers("x").tolist() == pytest.approx(expected, rel=1e-15)


def test_one_mark_for_a_column_and_a_guess_is_said(saved):
    table = read_table(saved('x\n"1,234"\n'), delimiter=",")
    assert table.numbers("x").tolist() == [1234]
    assert "'1,234' in column 'x' has a thousands comma" in table.understood
    table = read_table(saved("x;y\n1,234;a\n"))
    assert table.numbers("x").tolist() == [1.234]
    assert "'1,234' in column 'x' has a decimal comma" in table.understood
    table = read_table(saved("x;y\n1.234;0,5\n"))
    assert table.numbers("x").tolist() == [1234]
    assert "'1.234' in column 'x' has a thousands point" in table.understood
    assert read_table(table.path, decimal=".").numbers("x").tolist() == [1.234]
    for text, said in (
        ("x;n\n1,5;a\n1.5;b\n", "line 3 writes '1.5' with a decimal point, and .*line 2 '1,5' with a decimal comma"),
        ("x;n\n1;a\n2;c\n1o;b\n", "line 4: expected a finite number, got '1o' in column 'x'"),
        ("x;n\n12%;a\n0.5;b\n", "line 2 is '12%' and .*line 3 '0.5'; give all numbers"),
        ("x;n\n1e999;a\n", "expected a finite number"),
    ):
        with pytest.raises(DataError, match=said):
            read_table(saved(text)).numbers("x")


@given(st.lists(st.floats(-1e12, 1e12).map(lambda x: round(x, 2)), min_size=1), st.sampled_from([".", ","]))
def test_grouped_numbers(values, decimal):
    cells = [f"{value:,.2f}" for value in values]
    if decimal == ",":
        cells = [cell.translate({44: ".", 46: ","}) for cell in cells]
    assert parse_numbers(cells, str, decimal)[0].tolist() == values


def test_json_that_is_not_a_table(saved):
    for text, said in (('{"a": 1\n', "line 1 is not JSON"), ("[1]", "expected a JSON object"), ('{"a": NaN}', "NaN")):
        with pytest.raises(DataError, match=said):
            read_table(saved(text, "table.jsonl"))


def test_files_that_are_too_large_or_absent(saved, tmp_path):
    with pytest.raises(DataError, match=r"has 8 bytes, more than 5; cut it into parts"):
        read_table(saved("a,b\n1,2\n"), largest=5)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_table(tmp_path / "nowhere.csv")


def test_progress(saved):
    seen = []
    table = read_table(saved("a,b\n" + "1,x\n" * 120_000), progress=seen.append)
    assert seen == [50_000, 100_000]
    assert len({id(cell) for cell in table["b"]}) == 1, "equal cells are stored once"
