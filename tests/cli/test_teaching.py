"""``elman answer`` and ``elman quiz``, as a teacher meets them."""

import pytest


def test_an_answer_with_own_numbers(elman):
    out = elman("answer", "15.10", "--set", "gradient=6,8", "--set", "threshold=5")
    assert "[3, 4]" in out
    assert "entry by entry" in out
    assert '"summary": "The gradient\'s norm is 10;' in elman("answer", "15.10", "--set", "gradient=6,8", "--json")


def test_a_sheet_is_filled_in_and_marked(elman, tmp_path):
    sheet = tmp_path / "sheet.md"
    elman("quiz", "--seed", 7, "--exercise", "15.10", "--exercise", "15.2", "--answers", "--out", sheet)
    keys = [line for line in sheet.read_text().splitlines() if line.startswith("15.") and ";" in line]
    (tmp_path / "mine.txt").write_text(keys[0].replace("; ", "\n") + "\n15.2: 12\n15.99: 4\n")
    words = ("quiz", "--seed", 7, "--exercise", "15.10", "--exercise", "15.2", "--mark", tmp_path / "mine.txt")
    reported = elman(*words).splitlines()
    assert [line.split()[1] for line in reported[:4]] == ["right", "right", "right", "wrong,"]
    assert reported[-2:] == ["not asked with --seed 7: 15.99", "3 of 4"]


def test_a_page(elman):
    assert elman("quiz", "--exercise", "15.5", "--format", "html").lstrip().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["answer", "15.12"], 2, "expected an exercise from 15.1 to 15.10"),
        (["answer", "15.10", "--set", "threshold"], 2, "--set takes FIELD=VALUE"),
        (["answer", "15.10", "--set", "gradient=a"], 2, "gradient"),
        (["quiz", "--exercise", "15.40"], 2, "no questions on"),
        (["quiz", "--mark", "nowhere.txt"], 1, "No such file"),
    ],
)
def test_wrong_words(elman, words, code, said):
    assert said in elman(*words, code=code)
