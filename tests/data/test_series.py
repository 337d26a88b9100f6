"""Series of people's files: whatever is uneven is refused with the option that reads it, or done and said."""

import re
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.even import nice_step, resampled, seconds_of
from elman.data.files import find
from elman.data.series import read_series
from elman.data.signals import read_signal

START = datetime(2024, 1, 1)


@pytest.fixture
def saved(tmp_path):
    def save(rows, head="time,load"):
        path = tmp_path / "load.csv"
        path.write_text("\n".join([head, *rows]) + "\n")
        return path

    return save


def hours(count, jitter=lambda k: 0, first=START):
    return [f"{first + timedelta(hours=k, seconds=jitter(k)):%Y-%m-%d %H:%M:%S},{k % 5}" for k in range(count)]


def test_seconds_of_jitter_do_not_drift(saved):
    """Rows 3601 s apart on average must show their own times, not the first time and so many commonest steps."""
    path = saved(hours(400, lambda k: [0, 7, 7, 7, 1][k % 5]))
    series = read_series(path)
    assert series.where(398) == f"{START + timedelta(hours=398, seconds=7)}"
    assert "steps of 3600 s are up to 7 s off" in series.understood
    signal = read_signal(path)
    assert (signal.day, signal.where(398)) == (24, series.where(398))
    snapped = read_series(path, resample="1h")
    assert snapped.values.tolist() == series.values.tolist()
    assert snapped.where(398) == f"{START + timedelta(hours=398)}"
    assert "times were moved by up to 7 s to even steps" in snapped.understood


def test_jitter_over_the_full_hour_puts_each_row_in_its_own_hour(saved):
    series = read_series(saved(hours(100, lambda k: 20 * (-1) ** k, START + timedelta(hours=1))), resample="1h")
    assert series.values[:, 0].tolist() == [k % 5 for k in range(100)]


def test_a_clock_put_back(saved):
    rows = [f"2024-10-27 {hour:02}:00:00,{k}" for k, hour in enumerate((0, 1, 2, 2, 3, 4))]
    with pytest.raises(DataError, match=r"line 5: 2024-10-27 02:00:00 occurs twice; .*--resample 1h.*--zone"):
        read_series(saved(rows))
    series = read_series(saved(rows), zone="Europe/Berlin")
    assert series.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert (series.where(2), series.where(3)) == ("2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00")
    series = read_series(saved(rows), resample="1h")
    assert series.values[:, 0].tolist() == [0, 1, 2.5, 4, 5]
    assert "1 steps hold the mean of several rows" in series.understood


def test_a_clock_put_forward(saved):
    rows = [f"2024-03-31 {hour:02}:00:00,{k}" for k, hour in enumerate((0, 1, 3, 4))]
    assert read_series(saved(rows)).values[:, 0].tolist() == [0, 1, 1.5, 2, 3]
    assert read_series(saved(rows), zone="Europe/Berlin").values[:, 0].tolist() == [0, 1, 2, 3]
    with pytest.raises(DataError, match="do not fit the clock of Europe/Berlin"):
        read_series(saved(["2024-03-31 02:30:00,1", *rows]), zone="Europe/Berlin")
    with pytest.raises(DataError, match="no time zone 'Berlin'"):
        read_series(saved(rows), zone="Berlin")


def test_holes(saved):
    rows = hours(40)
    del rows[10:20]
    with pytest.raises(DataError, match=r"line 12: 10 values are missing before it; .*--fill linear"):
        read_series(saved(rows))
    line = read_series(saved(rows), fill="linear")
    assert len(line) == 40
    assert line.values[9:21, 0] == pytest.approx(np.linspace(4, 0, 12))
    assert "10 missing values were interpolated linearly" in line.understood
    assert read_series(saved(rows), fill="last").values[9:20, 0].tolist() == [4] * 11
    dropped = read_series(saved(rows), fill="drop")
    assert (len(dropped), dropped.where(10)) == (30, f"{START + timedelta(hours=20)}")
    assert read_series(saved(rows), fill="mean").values[15, 0] == pytest.approx(np.mean([k % 5 for k in range(30)]))
    with pytest.raises(DataError, match="fill must be linear, last, mean or drop, got 'zero'"):
        read_series(saved(rows), fill="zero")


def test_empty_cells_count_as_holes(saved):
    rows = [row if k not in (3, 4) else row[:-1] + "NA" for k, row in enumerate(hours(10))]
    series = read_series(saved(rows))
    assert series.values[:, 0].tolist() == pytest.approx([0, 1, 2, 4 / 3, 2 / 3, 0, 1, 2, 3, 4])
    assert series.understood == ("2 missing values were interpolated linearly",)
    rows = [row if k else row[:-1] for k, row in enumerate(hours(10))]
    with pytest.raises(DataError, match=r"line 2: the first value is missing; .*--fill"):
        read_series(saved(rows))
    assert read_series(saved(rows), fill="last").values[:2, 0].tolist() == [1, 1]


def test_months(saved):
    rows = [f"{2020 + k // 12}-{k % 12 + 1:02},{k}" for k in range(36) if k != 7]
    series = read_series(saved(rows))
    assert series.values[:, 0].tolist() == pytest.approx(range(36))
    assert {"the steps are calendar months", "1 missing values were interpolated linearly"} <= set(series.understood)
    assert series.where(35) == "2022-12-01 00:00:00"
    ends = [f"{np.datetime64('2020-01') + k + 1} {k}".replace(" ", "-01,") for k in range(12)]
    assert read_series(saved(ends)).step > timedelta(days=30)
    days = [f"{START + timedelta(days=k):%d.%m.%Y},{k}" for k in range(91)]
    monthly = read_series(saved(days), resample="1M")
    assert monthly.values[:, 0].tolist() == [15, 45, 75]


@pytest.mark.parametrize("form", ["%s", "%d.%m.%Y %H:%M", "%b %d, %Y %H:%M"])
@pytest.mark.parametrize("name", ["time", "Uhrzeit"])
def test_times_are_never_dropped(saved, form, name):
    """Epochs and times of other forms were dropped before, so that alarms were numbers of values."""
    times = [START + timedelta(hours=k) for k in range(20)]
    cells = [str(1704067200 + 3600 * k) if form == "%s" else time.strftime(form) for k, time in enumerate(times)]
    path = saved([f'"{cell}",{k % 3},9' for k, cell in enumerate(cells)], f"{name},load,price")
    series = read_series(path, "load")
    assert (series.where(19), series.step) == ("2024-01-01 19:00:00", timedelta(hours=1))
    path = saved([f"the {k}th of May,{k % 3},9" for k in range(20)], f"{name},load,price")
    with pytest.raises(DataError, match=r"line 2: 'the 0th of May' is not a date or time.*--time none"):
        read_series(path, "load", **({"time": name} if name == "Uhrzeit" else {}))
    assert read_series(path, "load", time="none").where(4) == "value 5"


def test_several_columns_and_no_times(saved):
    path = saved([f"{k},{2 * k},x" for k in range(5)], "a,b,c")
    series = read_series(path, ["b", "a"])
    assert series.values.tolist() == [[2 * k, k] for k in range(5)]
    assert "no column of times was found" in series.understood[-1]
    with pytest.raises(DataError, match=r"name the column of the numbers \(--column\): a, b"):
        read_series(path)
    with pytest.raises(DataError, match="no column of times, so it cannot be resampled"):
        read_series(path, "a", resample="1h")


def test_the_newest_first_and_any_order(saved):
    rows = hours(30)
    expected = read_series(saved(rows)).values.tolist()
    turned = read_series(saved(rows[::-1]))
    assert turned.values.tolist() == expected
    assert "turned round" in turned.understood[-1]
    mixed = rows[10:] + rows[:10]
    with pytest.raises(DataError, match=r"line 22: 2024-01-01 00:00:00 comes before the line above; .*--resample 1h"):
        read_series(saved(mixed))
    series = read_series(saved(mixed), resample="1h")
    assert series.values.tolist() == expected
    assert "the rows were sorted by time" in series.understood


def test_resampling_equals_means_by_hand():
    choice = np.random.default_rng(0)
    seconds = np.sort(choice.uniform(0, 86400, 500)).astype(np.int64)
    values = choice.normal(size=(500, 2))
    times = np.datetime64("2024-01-01", "us") + seconds * np.timedelta64(1_000_000, "us")
    at, means, _ = resampled(times, values, "10min", None)
    for time, mean in zip(at, means, strict=True):
        mine = (times >= time) & (times < time + np.timedelta64(600, "s"))
        assert mean == pytest.approx(values[mine].mean(0)) if mine.any() else np.isnan(mean).all()


@settings(max_examples=50)
@given(st.floats(0.01, 5e6))
def test_a_nice_step_is_near_and_can_be_read(seconds):
    read = seconds_of(nice_step(seconds))
    assert read == pytest.approx(seconds, rel=0.6)


@pytest.mark.parametrize("step", ["", "0h", "1y", "h1", ".min", "1e3s", "2M"])
def test_what_is_not_a_step(step):
    with pytest.raises(DataError, match="is not a step to resample to; write it as 30s, 5min"):
        seconds_of(step)


def test_nab_is_read_with_the_options_that_the_message_names():
    try:
        nab = find_set("nab")
        paths = sorted(find(nab, "data/realKnownCause/nyc_taxi.csv").parents[1].rglob("*.csv"))
    except NotHere as error:
        pytest.skip(str(error))
    for path in paths:
        try:
            read_series(path)
        except DataError as error:
            options = dict(re.findall(r"--(resample|fill) (\w+)", str(error)))
            if not options:
                raise
            assert len(read_series(path, **options)) > 1000
