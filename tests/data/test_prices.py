"""Daily prices: what the reader takes and refuses, and that no feature knows the future."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.errors import DataError
from elman.data.prices import WARM, features, load_prices, random_walk, read_prices, went_up
from elman.data.signals import read_signal

HEAD = "Date,Open,High,Low,Close,Volume"


def rows(count=5, **changed):
    """Lines of a sound file, with some of its cells changed: ``line_3=(4, "x")``."""
    lines = [
        f"{date(2020, 1, 1) + timedelta(k)},{10 + k},{12 + k},{9 + k},{11 + k},1000".split(",") for k in range(count)
    ]
    for line, (column, text) in changed.items():
        lines[int(line.removeprefix("line_")) - 2][column] = text
    return [",".join(line) for line in lines]


def read(tmp_path, lines, head=HEAD, least=3):
    path = tmp_path / "prices.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return read_prices(path, least)


def test_columns_by_any_name_in_any_order(tmp_path):
    prices = read(tmp_path, [f"{2000 + k},{11 + k},01/{2 + k:02}/2020,$9.5,x,10,{20 + k}" for k in range(3)],
                  "Volume,AAPL.Close,Timestamp,low,note,OPEN,High")  # fmt: skip
    assert prices.days == (date(2020, 1, 2), date(2020, 1, 3), date(2020, 1, 4))
    assert prices.table[0].tolist() == [10, 20, 9.5, 11, 2000]


def test_an_adjusted_close_is_not_the_close(tmp_path):
    head = "Date,Adj.Close,Open,High,Low,Close"
    prices = read(tmp_path, [f"2020-01-0{k},2.5,{10 + k},{12 + k},9,{11 + k}" for k in (1, 2, 3)], head)
    assert prices.table[:, 3].tolist() == [12, 13, 14]


def test_commas_part_thousands_and_nothing_else(tmp_path):
    dear = [f'2020-01-0{k},"1,010.5","$1,012","1,009","{1010 + k}","1,000,000"' for k in (1, 2, 3)]
    assert read(tmp_path, dear).table[0].tolist() == [1010.5, 1012, 1009, 1011, 1e6]
    for cell, said in (
        ("10,5", "line 2 '10,5' with a decimal comma"),
        ("1.010,5", "line 2 '1.010,5' with a decimal comma"),
        ("1,0,1", "line 2: expected a finite number, got '1,0,1' in column 'Open'"),
    ):
        with pytest.raises(DataError, match=said):
            read(tmp_path, [dear[0].replace("1,010.5", cell), *dear[1:]])


def test_prices_outside_the_day_are_told(tmp_path):
    assert read(tmp_path, rows(4, line_3=(4, "50"))).notes == (
        "on 1 of 4 days the open or close lies outside the day's low and high",
    )


@pytest.mark.parametrize("read_own", [read_prices, read_signal])
def test_a_field_without_end(read_own, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(HEAD + "\n" + "1" * 200_000)
    with pytest.raises(DataError, match="line 2: field larger than"):
        read_own(path)


def test_newest_first_is_turned_round(tmp_path):
    assert (read(tmp_path, rows()[::-1]).table == read(tmp_path, rows()).table).all()


def test_the_day_as_written_counts(tmp_path):
    prices = read(tmp_path, rows(line_2=(0, "2020-01-01T23:30:00-05:00"), line_3=(0, "2020-01-02 00:00:00+00:00")))
    assert prices.days[:2] == (date(2020, 1, 1), date(2020, 1, 2))


def test_what_is_missing_is_told(tmp_path):
    prices = read(tmp_path, [*rows(3, line_3=(5, "")), "2020-03-01,1,2,1,2,5"])
    assert prices.notes == ("58 days are missing between 2020-01-03 and 2020-03-01", "1 of 4 days have no volume")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (rows(line_4=(0, "2020-01-02")), "line 4: 2020-01-02 occurs twice"),
        (rows(line_4=(0, "2019-01-02")), "line 4: 2019-01-02 comes after 2020-01-02; sort"),
        (rows(line_4=(0, "yesterday")), "line 4: 'yesterday' is not a date or time"),
        (rows(line_4=(0, "")), "line 4: '' is not a date"),
        (rows(line_3=(4, "0")), "line 3: the close must be a positive number, got '0'"),
        (rows(line_3=(1, "-5")), "line 3: the open must be a positive number"),
        (rows(line_3=(2, "nan")), "line 3: the high must be a positive number"),
        (rows(line_3=(3, "inf")), "line 3: expected a finite number, got 'inf' in column 'Low'"),
        (rows(line_3=(5, "-1")), "the volume must be a number of at least 0"),
        (rows(line_3=(2, "1")), "line 3: the high is below the low"),
        (rows(1), "got 1 days, expected at least 3"),
        ([], "got 0 days"),
        ([f"2020-01-0{k},1,1,1,1,1" for k in range(1, 6)], "the close never changes"),
        (["2020-01-01,1,1"], "line 2 has 3 columns"),
    ],
)
def test_what_cannot_be(tmp_path, lines, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, lines)


def test_other_columns(tmp_path):
    with pytest.raises(DataError, match="no column for high, low, close; its first line is 'Date,Open'"):
        read(tmp_path, ["2020-01-01,5"], "Date,Open")
    with pytest.raises(DataError, match=r"cannot be read: No such file"):
        load_prices(str(tmp_path / "nowhere.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is not text in UTF-16: truncated data"):
        load_prices(str(tmp_path / "binary.csv"))


@given(st.integers(WARM, 199), st.integers(0, 1000))
def test_no_feature_knows_the_future(day, seed):
    """The test that fails if tomorrow leaks into today."""
    prices = random_walk(200, seed)
    before = features(prices)[: day + 1]
    prices.table[day + 1 :] = np.random.default_rng(seed).uniform(1, 100, prices.table[day + 1 :].shape)
    np.testing.assert_array_equal(features(prices)[: day + 1], before)
    assert np.isfinite(before[WARM:]).all()


def test_features_by_hand():
    prices = random_walk(60, 0)
    opening, high, low, close, volume = prices.table.T
    returns = np.log(close[1:] / close[:-1])
    expected = [
        returns[39], np.log(opening[40] / close[39]), np.log(close[40] / opening[40]), np.log(high[40] / low[40]),
        np.log(volume[40] / volume[39]), returns[35:40].mean(), returns[20:40].std(),
    ]  # fmt: skip
    np.testing.assert_allclose(features(prices)[40], expected)
    assert went_up(prices).tolist() == (returns > 0).tolist()


def test_a_planted_memory_is_there():
    prices = random_walk(20000, 1, memory=0.3)
    returns = np.diff(np.log(prices.table[:, 3]))
    assert np.corrcoef(returns[1:], returns[:-1])[0, 1] == pytest.approx(0.3, abs=0.05)


DAYS = [date(2020, 1, 1) + timedelta(k) for k in range(20)]


def market(form, row, head, name="prices.csv", sep=","):
    """A file of twenty days as a source writes it; a row's close is 10 + k."""
    return [head, *(row.format(d=day.strftime(form), k=10 + k, m=11 + k, volume=k + 1) for k, day in enumerate(DAYS))]


@pytest.mark.parametrize(
    ("lines", "volume"),
    [
        (market("%Y-%m-%d", "{d},{k},{m},9,{k},{volume}",
                "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,"), 1),
        (market("%Y%m%d", "AAPL.US,D,{d},000000,{k},{m},9,{k},{volume},0",
                "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"), 1),
        (market("%b %d, %Y", '"{d}","{k}.00","{k}","{m}","9","{volume}.5M","0.3%"',
                '"Date","Price","Open","High","Low","Vol.","Change %"'), 1.5e6),
        (market("%d.%m.%Y", "{d};{k},00;{m},50;9,25;{k},00;{volume}.000", "Datum;Open;High;Low;Close;Volume"
                .replace("Datum", "Date")), 1000),
        (market("%d/%m/%Y", "{d};{k};{m};9;{k};{volume}", "Date;Open;High;Low;Close;Volume"), 1),
        (market("%m/%d/%Y", "{d},${k},{volume},${k},${m},$9", "Date,Close/Last,Volume,Open,High,Low"), 1),
        (market("%Y-%m-%d", "{d},{k}", "Date,Close"), 0),
        ([*market("%Y-%m-%d", "{d},{k},{m},9,{k},{k},{volume}", "Date,Open,High,Low,Close,Adj Close,Volume"),
          "2020-02-01,null,null,null,null,null,null"], 1),
    ],
)  # fmt: skip
def test_files_as_their_sources_write_them(tmp_path, lines, volume):
    prices = read(tmp_path, lines[1:], lines[0])
    assert prices.days == tuple(DAYS)
    assert prices.table[:, 3].tolist() == [10 + k for k in range(20)]
    assert prices.table[0, 4] == volume


def test_what_prices_lack_is_said(tmp_path):
    only_close = read(tmp_path, market("%Y-%m-%d", "{d},{k}", "")[1:], "Date,Close")
    assert "the file has no open, high and low; they count as equal to the close" in only_close.notes
    epochs = [f"{1577836800 + 86400 * k},{10 + k}" for k in range(5)]
    assert read(tmp_path, epochs, "timestamp,close").days[1] == date(2020, 1, 2)
    open_order = read(tmp_path, ["01/02/2020,5", "01/03/2020,6", "01/04/2020,7"], "Date,Close")
    assert open_order.days[0] == date(2020, 1, 2)
    assert any("have the month first" in note for note in open_order.notes)
