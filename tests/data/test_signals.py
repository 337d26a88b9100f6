"""Series at even steps: what the reader takes, fills and refuses; planted events lie where they are said to lie."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.errors import DataError
from elman.data.signals import KINDS, planted, read_signal

START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(count=6, **changed):
    lines = [f"{START + timedelta(hours=k):%Y-%m-%d %H:%M:%S},{k % 3}" for k in range(count)]
    for line, text in changed.items():
        lines[int(line.removeprefix("line_")) - 1] = text
    return [line for line in lines if line]


def read(tmp_path, lines, least=3):
    path = tmp_path / "series.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_signal(path, least)


def test_times_and_values(tmp_path):
    signal = read(tmp_path, ["timestamp,value", *rows()])
    assert signal.values.tolist() == [0, 1, 2, 0, 1, 2]
    assert (signal.day, signal.where(2)) == (24, "2024-01-01 02:00:00")


def test_numbers_alone(tmp_path):
    signal = read(tmp_path, ["load", "1.5", "", "2", "-3e2"])
    assert signal.values.tolist() == [1.5, 2, -300]
    assert signal.where(0) == "value 1"


def test_zones_count(tmp_path):
    signal = read(tmp_path, ["2024-01-01T00:00:00+00:00,1", "2024-01-01T02:00:00+01:00,2", "2024-01-01T02:00:00Z,3"])
    assert signal.step == timedelta(hours=1)


def test_a_few_missing_values_become_a_straight_line(tmp_path):
    signal = read(tmp_path, rows(8, line_3="", line_4=""))
    assert signal.values.tolist() == [0, 1, 1, 1, 1, 2, 0, 1]
    assert signal.notes == ("2 missing values were interpolated linearly",)


def test_one_column_of_several(tmp_path):
    path = tmp_path / "several.csv"
    path.write_text(
        "load,site,when,price\n" + "".join(f"{k},A,2024-01-01T{k:02}:00+05:30,{k % 3}\n" for k in range(9))
    )
    signal = read_signal(path, 3, "price")
    assert signal.values.tolist() == [0, 1, 2] * 3
    assert (signal.step, signal.where(1)) == (timedelta(hours=1), "2024-01-01 01:00:00+05:30")
    with pytest.raises(
        DataError, match="no column 'wind'; did you mean when\\?; its columns are load, site, when, price"
    ):
        read_signal(path, 3, "wind")
    path.write_text(path.read_text().replace("0,A,2024-01-01T00:00+05:30,0", "0,A,2024-01-01T00:00+05:30,lots"))
    with pytest.raises(DataError, match="line 2: expected a finite number, got 'lots'"):
        read_signal(path, 3, "price")
    path.write_text("load,site\n1\n")
    with pytest.raises(DataError, match="line 2 has 1 columns; the first line names 2"):
        read_signal(path, 3, "load")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "is empty: it has no rows"),
        (["load"], "got 0 values in column 'load'"),
        (rows(2), "got 2 values"),
        (["5"] * 9, "the value never changes"),
        (rows(line_3="2024-01-01 02:00:00,inf"), "line 3: expected a finite number, got 'inf'"),
        (
            rows(line_6="2024-01-01 05:00:00,"),
            "line 6: the last value is missing; say how to fill them .*--fill linear",
        ),
        (rows(line_3="2024-01-01 02:00:00,lots"), "line 3: expected a finite number, got 'lots'"),
        (rows(line_3="noon,5"), "line 3: 'noon' is not a date or time such as .*--time none"),
        (rows(line_3="2024-01-01 01:00:00,5"), "line 3: 2024-01-01 01:00:00.* occurs twice; .*--resample 1h.*--zone"),
        (rows(line_3="2023-01-01 01:00:00,5"), "line 3: 2023-01-01 01:00:00.* comes before .*--resample 1h"),
        (
            rows(line_3="2024-01-01 02:20:00,5"),
            "line 3: 4800 s after the line above, expected steps of 3600 s; .*--resample 1h",
        ),
        ([*rows(), "2024-01-02 00:00:00,5"], "line 7: 18 values are missing before it; .*--fill linear"),
        (rows(line_3="5"), "line 3 has 1 columns; the first line names 2"),
        (["1,2,3", "4,5,6"], "line 1: got 3 columns; name the column"),
    ],
)
def test_what_cannot_be_read(tmp_path, lines, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, lines)


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_signal(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is not text"):
        read_signal(tmp_path / "binary.csv")


@given(st.integers(0, 10**6))
def test_events_are_apart_and_not_in_the_clean_weeks(seed):
    signal = planted(seed)
    assert {kind for *_, kind in signal.events} == set(KINDS)
    ends = [0, *(end for _, end, _ in signal.events)]
    assert all(4 <= end - first <= 24 for first, end, _ in signal.events)
    assert all(first - before >= 24 for before, (first, *_) in zip(ends, signal.events, strict=False))
    assert signal.events[0][0] >= 28 * 168
    assert signal.events[-1][1] <= len(signal)
    assert signal.labels.sum() == sum(end - first for first, end, _ in signal.events)
    first, end, _ = next(event for event in signal.events if event[2] == "stuck")
    assert np.ptp(signal.values[first - 1 : end]) == 0
