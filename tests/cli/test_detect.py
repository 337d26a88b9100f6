"""``elman detect``: a file, a stream, and what is neither."""

import json

import numpy as np
import pytest

SMALL = ("--updates", "20", "--window", "12")


@pytest.fixture
def series(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = np.sin(np.arange(480) * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=480) / 20
    values[400:406] += 8
    (tmp_path / "load.csv").write_text("\n".join(map(str, values)))
    return values


def test_a_file_and_its_picture(elman, series, tmp_path):
    alarms = [
        json.loads(line) for line in elman("detect", "load.csv", *SMALL, "--json", "--figure", "a.svg").splitlines()
    ]
    worst = max(alarms, key=lambda alarm: alarm["score"])
    assert 401 <= int(worst["first"].split()[1]) <= 406
    assert worst["score"] > 3
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    assert "value 40" in elman("detect", "load.csv", *SMALL)


def test_one_column_of_several(elman, series, tmp_path):
    lines = [
        "when,load,site",
        *(f"2024-01-{k // 24 + 1:02} {k % 24:02}:00:00+02:00,{v},A" for k, v in enumerate(series)),
    ]
    (tmp_path / "several.csv").write_text("\n".join(lines))
    alarms = [
        json.loads(line) for line in elman("detect", "several.csv", *SMALL, "--column", "load", "--json").splitlines()
    ]
    worst = max(alarms, key=lambda alarm: alarm["score"])
    assert worst["first"].startswith("2024-01-17 1")
    assert worst["last"].endswith("+02:00")
    assert elman("detect", "several.csv", *SMALL, "--json").splitlines() == [json.dumps(alarm) for alarm in alarms]
    (tmp_path / "two.csv").write_text("load,price\n1,2\n3,4\n")
    said = elman("detect", "two.csv", *SMALL, code=1)
    assert "2 columns; name the column of the numbers (--column): load, price" in said
    said = elman("detect", "two.csv", "--column", "load", "--column", "price", code=1)
    assert "detect reads one column, got load, price; run it once for each" in said


def test_piped_in_it_says_the_same(elman, series):
    given = "\n".join(map(str, series)).encode()
    words = ("detect", *SMALL, "--normal", "240", "--period", "24", "--json")
    reported = [json.loads(line)["value"] for line in elman(*words, given=given).splitlines()]
    whole = [json.loads(line) for line in elman(*words[:1], "load.csv", *words[1:]).splitlines()]
    spans = [[int(alarm[end].split()[1]) for end in ("first", "last")] for alarm in whole]
    assert reported == [k for first, last in spans for k in range(first, last + 1)]


@pytest.mark.parametrize(
    ("words", "given", "code", "said"),
    [
        (["load.csv", "--normal", "9999"], b"", 1, "leaves no values to score"),
        (["load.csv", "--normal", "-1"], b"", 2, "must be a share of the file or a number of values, got '-1'"),
        (["load.csv", "--normal", "nan"], b"", 2, "got 'nan'"),
        (["load.csv", "--normal", "20"], b"", 1, "need 172 normal values"),
        (["nowhere.csv"], b"", 1, "No such file"),
        (["--figure", "a.svg"], b"", 1, "--figure needs a file"),
        (["--column", "load"], b"", 1, "--column needs a file"),
        (["--normal", "0.5"], b"1\n2\n", 2, "a number of values, got '0.5'"),
        ([], b"", 1, "got 0"),
        ([], b"1\n2\nthree\n", 1, "line 3: expected a finite number, got 'three'"),
        ([], b"1\n2\ninf\n", 1, "line 3: expected a finite number, got 'inf'"),
    ],
)
def test_wrong_words(elman, series, words, given, code, said):
    error = elman("detect", *SMALL, *words, code=code, given=given)
    assert said in error
    assert len(error.splitlines()) == 1


def test_options_that_the_message_names(elman, series, tmp_path):
    lines = [f"{1704067200 + 3600 * k + 9 * (k % 2)};{str(v).replace('.', ',')}" for k, v in enumerate(series)]
    del lines[300:310]
    (tmp_path / "own.csv").write_text("\n".join(["epoch;load", *lines]))
    said = elman("detect", "own.csv", *SMALL, code=1)
    assert "39591 s after the line above" in said
    assert "--resample 1h" in said
    alarms = [
        json.loads(line)
        for line in elman("detect", "own.csv", *SMALL, "--resample", "1h", "--fill", "linear", "--json").splitlines()
    ]
    worst = max(alarms, key=lambda alarm: alarm["score"])
    assert worst["first"].startswith("2024-01-17 1")
    assert "is not a step to resample to" in elman("detect", "own.csv", "--resample", "often", code=1)


def test_every_score(elman, series):
    scores = [json.loads(line) for line in elman("detect", "load.csv", *SMALL, "--scores", "--json").splitlines()]
    alarms = [json.loads(line) for line in elman("detect", "load.csv", *SMALL, "--json").splitlines()]
    assert [one["at"] for one in scores] == [f"value {k}" for k in range(241, 481)]
    assert [one["value"] for one in scores] == series[240:].tolist()
    assert sum(one["alarm"] for one in scores) == sum(alarm["values"] for alarm in alarms)
    table = elman("detect", "load.csv", *SMALL, "--scores").splitlines()
    assert table[0] == "value number,value,score"
    assert len(table) == 241
