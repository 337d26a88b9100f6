"""A user's own sentences in the place of a data set's name."""

import pytest

from elman.data.errors import DataError
from elman.data.sentences import sentiment, tagged
from elman.errors import UnknownName

ROWS = [f"word{k} is {'good' if k % 2 else 'bad'},{'yes' if k % 2 else 'no'}" for k in range(40)]


def test_a_table_of_two_classes(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "\n".join([*ROWS, ROWS[3].upper().replace("YES", "yes")]) + "\n")
    corpus = sentiment(str(path), seed=1)
    parts = [corpus.training, corpus.validation, corpus.test]
    assert sum(map(len, parts)) == 41
    assert corpus.labels == ["no", "yes"]
    assert (corpus.name, corpus.tokeniser) == ("mine.csv", "words")
    keys = [{" ".join(one.words).lower() for one in part} for part in parts]
    assert sum(map(len, keys)) == 40, "a text that comes twice stays in one part"
    assert sentiment(str(path), seed=1) == corpus
    assert sentiment(str(path), seed=2).training != corpus.training


def test_a_folder_of_two_classes(tmp_path):
    for name, word in (("good", "fine"), ("bad", "poor")):
        (tmp_path / "own" / name).mkdir(parents=True)
        for k in range(8):
            (tmp_path / "own" / name / f"{k}.txt").write_text(f"a {word} text number{k}")
    corpus = sentiment(str(tmp_path / "own"))
    assert corpus.labels == ["bad", "good"]
    assert len(corpus.training) + len(corpus.validation) + len(corpus.test) == 16


@pytest.mark.parametrize(("rows", "said"), [
    ([f"text {k},class{k % 3}" for k in range(30)], "3 classes .*expected two; `elman fit classify`"),
    (ROWS[:6], "got 6 records, expected at least 10"),
])  # fmt: skip
def test_tables_that_cannot_be_studied(tmp_path, rows, said):
    (tmp_path / "mine.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=said):
        sentiment(str(tmp_path / "mine.csv"))


def test_tagged_sentences(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("\n\n".join(f"word{k}\tNOUN\nruns\tVERB" for k in range(20)) + "\n")
    corpus = tagged(str(path))
    assert corpus.tags == ["NOUN", "VERB"]
    assert [len(part) for part in (corpus.training, corpus.validation, corpus.test)] == [16, 2, 2]


def test_neither_a_name_nor_a_file():
    with pytest.raises(UnknownName, match="did you mean sst2"):
        sentiment("sst")
    with pytest.raises(UnknownName, match="no tagged sentences"):
        tagged("nowhere.tsv")
