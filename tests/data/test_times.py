"""Times as people write them: one form a column, an open order of day and month refused, epochs by their size."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.errors import DataError
from elman.data.times import is_time, parse_times


def line(row):
    return f"line {row + 1}"


def iso(*cells, **options):
    times = parse_times(cells, line, **options)
    return [times.iso(k) for k in range(len(times))]


@pytest.mark.parametrize(
    ("cells", "first", "last"),
    [
        (("31.01.2020", "01.02.2020"), "2020-01-31", "2020-02-01"),
        (("Jan 01, 2020", "Feb 29, 2020"), "2020-01-01", "2020-02-29"),
        (("1 January 2020", "29 February 2020"), "2020-01-01", "2020-02-29"),
        (("01-Jan-20", "03-Feb-20"), "2020-01-01", "2020-02-03"),
        (("01/02/2020", "01/13/2020"), "2020-01-02", "2020-01-13"),
        (("01/02/2020", "13/01/2020"), "2020-02-01", "2020-01-13"),
        (("01/01/2020", "02/02/2020"), "2020-01-01", "2020-02-02"),
        (("2020-01", "2020-12"), "2020-01-01", "2020-12-01"),
        (("Jan 2020", "Dec 2020"), "2020-01-01", "2020-12-01"),
        (("2020Q1", "2020Q4"), "2020-01-01", "2020-10-01"),
        (("2020", "2021"), "2020-01-01", "2021-01-01"),
        (("20200131", "20200201"), "2020-01-31", "2020-02-01"),
        (("1577836800", "1577923200"), "2020-01-01", "2020-01-02"),
        (("1577836800000", "1577923200000"), "2020-01-01", "2020-01-02"),
        (("1612121212121", "1577923200000"), "2021-01-31 19:26:52", "2020-01-02"),
        (("2020-01-01T10:00Z", "2020-01-01 12:00:30+00:00"), "2020-01-01 10:00:00", "2020-01-01 12:00:30"),
        (("2020-01-01T10:00+05:30",), "2020-01-01 10:00:00+05:30", "2020-01-01 10:00:00+05:30"),
        (("01/02/2020 1:30 PM", "01/20/2020 11:00 AM"), "2020-01-02 13:30:00", "2020-01-20 11:00:00"),
        (("31.01.2020 13:30", "01.02.2020 00:00"), "2020-01-31 13:30:00", "2020-02-01"),
        (("Wed, 01 Jan 2020 10:00:00 GMT",), "2020-01-01 10:00:00", "2020-01-01 10:00:00"),
    ],
)
def test_forms(cells, first, last):
    shown = [time.removesuffix(" 00:00:00") for time in iso(*cells)]
    assert (shown[0], shown[-1]) == (first, last)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("01/02/2020", "03/04/2020"), "line 1: '01/02/2020' can be 01 February or 02 January, .*--day-first"),
        (("31/01/2020", "01/31/2020"), "line 2: '01/31/2020' is not written as '31/01/2020'"),
        (("2020-01-01", "01.02.2020"), "line 2: '01.02.2020' is not written as"),
        (("2020-01-01", "noon"), "line 2: 'noon' is not a date or time"),
        (("2020-02-30",), "line 1: '2020-02-30' is not a date or time"),
        (("7", "8"), "a number must be a year, a date"),
        (("2024-01-01 00:00", "2024-01-01 00:00+01:00"), "line 2: .* has a time zone, unlike"),
        (("1577836800", "x"), "line 2: 'x' is not a time"),
        (("1577836800", "157"), "is not a time"),
    ],
)
def test_what_is_refused(cells, said):
    with pytest.raises(DataError, match=said):
        parse_times(cells, line)


def test_an_open_order_can_be_given():
    assert iso("01/02/2020", "", "03/04/2020", day_first=True) == [
        "2020-02-01 00:00:00",
        "no time",
        "2020-04-03 00:00:00",
    ]
    assert iso("01/02/2020", day_first=False) == ["2020-01-02 00:00:00"]
    assert iso("13/02/2020", day_first=False) == ["2020-02-13 00:00:00"], "the column decides"


FORMS = ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%Y-%m-%dT%H:%M:%S.%f")


@settings(max_examples=50)
@given(
    st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)), min_size=1, max_size=8),
    st.sampled_from(FORMS),
    st.sampled_from(["", "+02:00", "-0530", " UTC"]),
)  # fmt: skip
def test_what_is_written_is_read_again(times, form, zone):
    times = [
        time if "%f" in form else time.replace(microsecond=0, second=time.second * ("%S" in form)) for time in times
    ]
    read = parse_times([time.strftime(form) + zone for time in times], line)
    offset = {"+02:00": timedelta(hours=2), "-0530": -timedelta(hours=5, minutes=30)}.get(zone, timedelta())
    assert read.utc.tolist() == [time - offset for time in times]
    assert (read.zone is None) == (not zone)


@settings(max_examples=50)
@given(st.lists(st.integers(10**9, 4 * 10**9), min_size=1), st.sampled_from([1, 1000, 10**6, 10**9]))
def test_unix_times_by_their_size(seconds, unit):
    read = parse_times([str(second * unit) for second in seconds], line)
    assert read.utc.astype("datetime64[s]").astype(int).tolist() == seconds


def test_what_is_a_time():
    assert not any(map(is_time, ("", "3.5", "1.234.567", "noon", "12:30", "2020-13-01", "a 2020 film", "v1.2.3")))
