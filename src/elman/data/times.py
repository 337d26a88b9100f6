"""Columns of times as people write them, read by one form for the whole column, or refused with what to do."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import product

import numpy as np

from elman.data.errors import DataError
from elman.data.numbers import BLANKS, is_number

__all__ = ["OpenOrder", "Times", "is_time", "parse_times"]

DATES = {  # strptime's forms; the order of day and month: d(ay first), m(onth first), or certain
    "%Y-%m-%d": "", "%Y/%m/%d": "", "%Y.%m.%d": "", "%d.%m.%Y": "", "%d.%m.%y": "",
    "%d/%m/%Y": "d", "%m/%d/%Y": "m", "%d-%m-%Y": "d", "%m-%d-%Y": "m", "%d/%m/%y": "d", "%m/%d/%y": "m",
    "%b %d, %Y": "", "%B %d, %Y": "", "%b %d %Y": "", "%B %d %Y": "", "%d %b %Y": "", "%d %B %Y": "",
    "%d-%b-%Y": "", "%d-%b-%y": "", "%a, %d %b %Y": "", "%a %b %d %Y": "", "%d. %B %Y": "",
}  # fmt: skip
CLOCKS = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
MONTHS = (
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%b %y",
    "%YM%m",
    "%YQ%q",
    "%Y-Q%q",
    "%Y Q%q",
)
ZONE = re.compile(r"(?:\s*(Z|UTC|GMT)|\s*([-+])(\d\d):?(\d\d)(?::?(\d\d))?)$", re.ASCII)
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Where = Callable[[int], str]
FORMS = [
    date + (between + clock if clock else "")
    for date, (clock, between) in product(DATES, [(c, b) for c in CLOCKS for b in (" ", "T", ", ") if c or b == " "])
] + list(MONTHS)


class OpenOrder(DataError):
    """A column of dates whose order of day and month no line decides."""


@dataclass(frozen=True)
class Times:
    """Times of a column.

    Args:
        utc: ``[N]``, ``datetime64[us]``, with NaT for a missing cell; times without a zone are as written.
        zone: the zone of the first time, or None if no time has one.
        understood: how the times were read.

    Example:
        >>> parse_times(["2020-01-31 13:30", ""], str).iso(0)
        '2020-01-31 13:30:00'
    """

    utc: np.ndarray
    zone: tzinfo | None
    understood: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.utc)

    def iso(self, row: int) -> str:
        """Return a time as text, in the zone of the first time."""
        return shown(self.utc[row], self.zone)


def shown(time: np.datetime64, zone: tzinfo | None) -> str:
    """Return a UTC time as text in a zone, without the zone's name if the zone is UTC or None."""
    if np.isnat(time):
        return "no time"
    at = EPOCH + timedelta(microseconds=int(time.astype("datetime64[us]").astype(np.int64)))
    at = at.astimezone(zone) if zone else at
    return (at if at.utcoffset() else at.replace(tzinfo=None)).isoformat(" ", "seconds")


def is_time(text: str) -> bool:
    """Return whether a cell is a date or a time under some reading; a plain number is not.

    Example:
        >>> [is_time(text) for text in ("31.01.2020", "Jan 01, 2020", "2020-01-01T00:00Z", "12:30", "3.5")]
        [True, True, True, False, False]
    """
    text = text.strip()
    if not 5 < len(text) < 50 or not text.isascii() or not re.search(r"\d", text) or is_number(text):
        return False
    bare = _parted(text)[0]
    if ISO.fullmatch(bare):
        return _iso([text]) is not None
    colons = bare.count(":")
    return any(form.count(":") == colons and _read(bare, form) for form in FORMS)


def parse_times(cells: Sequence[str], where: Where, day_first: bool | None = None, bare: bool = True) -> Times:
    """Read a column of times by one form.

    Forms: ISO 8601 with or without a zone; ``31.01.2020`` (the day first); ``31/01/2020`` and ``01/31/2020``, which
    the column must decide; ``Jan 01, 2020`` and the like; months and quarters (``2020-01``, ``Jan 2020``,
    ``2020Q1``), each with or without a time of day; and, if ``bare``, plain numbers: ``20200131``, years, and Unix
    times in seconds, milliseconds, microseconds or nanoseconds, by their size.

    Args:
        cells: the column.
        where: where a row is, for the message.
        day_first: the order of ``01/02/2020``, for a column that does not decide; default: refuse it.
        bare: whether plain numbers are times.

    Raises:
        DataError: if a cell is not a time of the column's form, the order of day and month is open, or some times
            have a zone and others not.
    """
    texts = [cell.strip() for cell in cells]
    rows = [row for row, text in enumerate(texts) if text not in BLANKS]
    there = [texts[row] for row in rows]
    utc = np.full(len(cells), np.datetime64("NaT"), "datetime64[us]")
    if not rows:
        return Times(utc, None)

    def place(k: int) -> str:
        return where(rows[k])

    if bare and re.fullmatch(r"-?\d+(\.\d*)?", there[0], re.ASCII):
        found, understood = _bare(there, place)
        utc[rows] = found
        return Times(utc, None, understood)
    found, understood = _iso(there), ()
    if found:
        times, offsets = found
    else:
        times, offsets, understood = _by_form(there, place, day_first)
    zoned = [offset is not None for offset in offsets]
    if any(zoned) and not all(zoned):
        k = zoned.index(not zoned[0])
        raise DataError(
            f"{place(k)}: {there[k][:40]!r} has {'a' if zoned[k] else 'no'} time zone, unlike {there[0][:40]!r} "
            "above; give all times a zone, or none"
        )
    if zoned[0]:
        times = times - np.array(offsets, "timedelta64[us]")
    utc[rows] = times
    zone = None if offsets[0] is None else UTC if not offsets[0] else timezone(offsets[0])
    return Times(utc, zone, understood)


def _iso(texts: Sequence[str]) -> tuple[np.ndarray, list[timedelta | None]] | None:
    """Read ISO 8601 times, or return None if one of them is not."""
    bare, offsets = _all_parted(texts)
    if not all(map(ISO.fullmatch, bare)):
        return None
    try:
        return np.array(bare, "datetime64[us]"), offsets
    except ValueError:
        return None


def _all_parted(texts: Sequence[str]) -> tuple[list[str], list[timedelta | None]]:
    parted = [_parted(text) for text in texts]
    return [text for text, _ in parted], [offset for _, offset in parted]


def _parted(text: str) -> tuple[str, timedelta | None]:
    """Part a time and its zone, which must follow a time of day."""
    colon = text.find(":")
    if colon < 0 or (colon == len(text) - 3 and "+" not in text) or not (found := ZONE.search(text, colon + 3)):
        return text, None
    sign, hours, minutes, seconds = found[2], *(int(part or 0) for part in found.groups()[2:])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds) * (-1 if sign == "-" else 1)
    return text[: found.start()], offset if abs(offset) < timedelta(days=1) else None


def _read(text: str, form: str) -> datetime | None:
    if "%q" in form:
        found = re.fullmatch(form.replace("%Y", r"(\d{4})").replace("%q", "([1-4])"), text, re.ASCII)
        return datetime(int(found[1]), 3 * int(found[2]) - 2, 1) if found and int(found[1]) else None
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def _forms(texts: Sequence[str], forms: Sequence[str] = ()) -> list[str]:
    """Return the forms by which all of these texts can be read."""
    left = list(forms or FORMS)
    for text in texts:
        bare = _parted(text)[0]
        colons, digits = bare.count(":"), bare.isascii()
        left = [form for form in left if digits and form.count(":") == colons and _read(bare, form)]
    return left


def _column(texts: Sequence[str], form: str) -> np.ndarray:
    """Read a column by one form: microseconds since 1970 ``[N]``, NaT where a text has another form."""
    if "%q" in form:
        read = [_read(text, form) for text in texts]
        return np.array([np.datetime64(time or "NaT", "us") for time in read], "datetime64[us]")
    import pandas

    read = pandas.to_datetime(pandas.Series(texts, dtype=object), format=form, errors="coerce")
    return read.to_numpy("datetime64[us]")


def _by_form(
    texts: Sequence[str], where: Where, day_first: bool | None
) -> tuple[np.ndarray, list[timedelta | None], tuple[str, ...]]:
    bare, offsets = _all_parted(texts)
    left = _forms(texts[:1])
    for text in texts[1:50]:  # a few decide between nearly all forms
        left = _forms([text], left) or left if left else left
    columns = {form: _column(bare, form) for form in left}
    failing = {form: np.isnat(column) for form, column in columns.items()}
    readings = {form: column for form, column in columns.items() if not failing[form].any()}
    if not readings:
        k = max((int(fails.argmax()) for fails in failing.values()), default=0)
        if k and _forms([texts[k]]):
            raise DataError(
                f"{where(k)}: {texts[k][:40]!r} is not written as {texts[0][:40]!r} above is; write all "
                "times in one form"
            )
        raise DataError(
            f"{where(k)}: {texts[k][:40]!r} is not a date or time such as 2020-01-31 13:30:00, 31.01.2020 or "
            "Jan 31, 2020"
        )
    form, understood = _decided(texts, readings, where, day_first)
    return readings[form], offsets, understood


def _decided(
    texts: Sequence[str], readings: dict[str, np.ndarray], where: Where, day_first: bool | None
) -> tuple[str, tuple[str, ...]]:
    """Choose among the forms that read the whole column; say the order of day and month."""
    orders = {form: next((o for date, o in DATES.items() if form.startswith(date)), "") for form in readings}
    by_order = {order: form for form, order in reversed(orders.items()) if order}
    if not by_order:
        return next(iter(readings)), ()
    if len(by_order) == 1:
        order = next(iter(by_order))
    else:
        days, months = readings[by_order["d"]], readings[by_order["m"]]
        if (days == months).all():
            return by_order["m"], ()
        if day_first is None:
            k = int((days != months).argmax())
            day, month = (column[k].astype(datetime) for column in (days, months))
            raise OpenOrder(
                f"{where(k)}: {texts[k][:40]!r} can be {day:%d %B} or {month:%d %B}, and no line of the column "
                "decides; "
                "say which (day_first=True or False; --day-first or --month-first)"
            )
        order = "d" if day_first else "m"
    return by_order[order], (f"dates such as {texts[0][:40]!r} have the {'day' if order == 'd' else 'month'} first",)


UNITS = (("seconds", 1_000_000, 10), ("milliseconds", 1000, 13), ("microseconds", 1, 16), ("nanoseconds", 0.001, 19))


def _bare(texts: Sequence[str], where: Where) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read plain numbers as dates without marks, as years, or as Unix times, all in one way."""
    for k, text in enumerate(texts):
        if not re.fullmatch(r"-?\d{1,19}(\.\d*)?", text, re.ASCII):
            raise DataError(f"{where(k)}: {text[:40]!r} is not a time as {texts[0][:40]!r} above is")
    for digits, form, name in ((4, "%Y", "years"), (8, "%Y%m%d", "dates as YYYYMMDD"), (14, "%Y%m%d%H%M%S", "times")):
        if all(len(text) == digits and text.isdecimal() for text in texts):
            times = [_read(text, form) for text in texts]
            if None not in times:
                return np.array(times, "datetime64[us]"), (f"the times are {name}",)
    whole = [text.lstrip("-").partition(".")[0] for text in texts]
    longest = len(max(whole, key=len))
    for unit, micros, digits in UNITS:
        if digits - 1 <= longest <= digits:
            if min(map(len, whole)) < 5 and longest > 5:
                break
            numbers = [round(float(text) * micros) if "." in text else int(int(text) * micros) if micros >= 1
                       else int(text) // 1000 for text in texts]  # fmt: skip
            times = np.array(numbers, np.int64).astype("datetime64[us]")
            first = shown(times[0], None)
            return times, (f"the times are {unit} since 1970; the first is {first} UTC",)
    raise DataError(
        f"{where(0)}: {texts[0][:40]!r} is not a time; a number must be a year, a date such as 20200131, or a Unix "
        "time "
        "in seconds (10 digits) or milliseconds (13 digits)"
    )
