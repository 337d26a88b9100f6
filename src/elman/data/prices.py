"""Daily prices: a reader that validates common CSV files, features of past days, and a random walk."""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from elman.data.errors import DataError
from elman.data.tables import Table, read_table
from elman.data.times import OpenOrder, parse_times

__all__ = ["FEATURES", "Prices", "features", "load_prices", "random_walk", "read_prices", "went_up"]

COLUMNS = ("open", "high", "low", "close", "volume")
FEATURES = (
    "return", "overnight", "within the day", "range", "change of volume", "mean of 5 returns", "spread of 20 returns",
)  # fmt: skip
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d[ T]", re.ASCII)
CLOCK = re.compile(r",? \d\d?:\d\d.*$", re.ASCII)
WARM = 20  # days before the first day with complete features


@dataclass(frozen=True)
class Prices:
    """Open, high, low, close and volume ``[N, 5]`` of N consecutive days."""

    name: str
    days: tuple[date, ...]
    table: np.ndarray
    sha256: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.days)


def read_prices(path: Path, least: int = 300, day_first: bool | None = None) -> Prices:
    """Read a table of daily prices.

    Columns are found by name, in any order and case, with or without a ticker before the name (``AAPL.Close``,
    ``Close/Last``, ``<DATE>``, ``Vol.``); yfinance's three header lines are read. Other columns, such as adjusted
    closes, are ignored; the volume is optional, and so are open, high and low together. A date may have any form of
    :func:`elman.data.times.parse_times`; of a time the day counts as written. A file with the newest day first is
    reversed. Days without any price (``null``) are left out.

    Args:
        path: the file; see :func:`elman.data.tables.read_table`.
        least: minimum number of days; default 300.
        day_first: the order of ``01/02/2020`` if no date decides it; default: the month first, with a note.

    Raises:
        DataError: if a date is missing, repeated or out of order, a price is not a positive number, a high is below a
            low, a column is missing, there are too few days, or the close never changes; the message names the line.
    """
    table = read_table(path, header=True)
    places = _places(path, table.names)
    days = _days(table, places["date"], day_first)
    columns = {name: table.numbers(place) for name, place in places.items() if name != "date"}
    notes = list(table.understood)
    if "open" not in columns:
        columns |= dict.fromkeys(("open", "high", "low"), columns["close"])
        notes.append("the file has no open, high and low; they count as equal to the close")
    there = ~np.isnan([columns[name] for name in COLUMNS[:4]]).all(0)
    if gone := int((~there).sum()):
        notes.append(f"{gone} days without prices are left out")
    rows = np.flatnonzero(there)
    days = days[rows]
    values = np.column_stack([columns[name][rows] if name in columns else np.zeros(len(rows)) for name in COLUMNS])
    if len(days) > 1 and (days[:-1] > days[1:]).all():
        days, values, rows = days[::-1], values[::-1].copy(), rows[::-1]
    _check(table, places, days, values, rows)
    if len(days) < least:
        raise DataError(f"{path}: got {len(days)} days, expected at least {least}")
    values[:, 4] = np.nan_to_num(values[:, 4])
    if np.ptp(values[:, 3]) == 0:
        raise DataError(f"{path}: the close never changes, so its direction cannot be predicted")
    dates = tuple(days.tolist())
    return Prices(Path(path).name, dates, values, table.sha256, (*notes, *_notes(dates, values)))


def load_prices(name: str, seed: int = 0) -> Prices:
    """Return daily prices.

    Args:
        name: ``"sp500"`` (from the arch library, 1999 to 2018, or else from the set ``stocks``, 2000 to 2020),
            ``"walk"`` (a random walk), a file, or ``"auto"`` for the first of these that is available.
        seed: seed of the random walk.

    Raises:
        DataError: if the prices are not available, or as :func:`read_prices` does.
    """
    if name == "walk":
        return random_walk(3000, seed)
    if name not in ("auto", "sp500"):
        return read_prices(Path(name))
    from elman.data.catalogue import find_set
    from elman.data.errors import NotHere
    from elman.data.files import find

    try:
        from arch.data import sp500

        frame = sp500.load()
        table = frame[[column.capitalize() for column in COLUMNS]].to_numpy(float)
        days = tuple(day.date() for day in frame.index)
        return Prices("S&P 500", days, table, hashlib.sha256(table.tobytes()).hexdigest(), _notes(days, table))
    except ImportError:
        pass
    try:
        return read_prices(find(find_set("stocks")))
    except NotHere as error:
        if name == "sp500":
            raise DataError(f"the arch library is not installed (elman[lab]), and {error}") from None
    return random_walk(3000, seed)


def random_walk(days: int, seed: int, memory: float = 0.0) -> Prices:
    """Draw prices with normal returns, clustered volatility, and autocorrelation ``memory``.

    Args:
        days: number of days.
        seed: seed of the draw.
        memory: share of a day's return that carries over to the next, in (-1, 1); 0 gives a random walk, whose
            direction cannot be predicted.

    Example:
        >>> prices = random_walk(400, seed=0)
        >>> prices.table.shape, bool((prices.table[:, 1] >= prices.table[:, 2]).all())
        ((400, 5), True)
    """
    rng = np.random.default_rng(seed)
    spread, spreads = 0.01, []
    shocks = rng.normal(size=days)
    for shock in shocks:  # GARCH(1, 1)
        spreads.append(spread)
        spread = math.sqrt(1e-6 + 0.09 * (spread * shock) ** 2 + 0.9 * spread**2)
    returns = np.array(spreads) * shocks
    for k in range(1, days):
        returns[k] += memory * returns[k - 1]
    close = 100 * np.exp(np.cumsum(returns))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(0.002 * rng.normal(size=days))
    swing = np.exp(np.abs(0.004 * rng.normal(size=(2, days))))
    high, low = np.maximum(opening, close) * swing[0], np.minimum(opening, close) / swing[1]
    volume = np.exp(rng.normal(15, 0.3, days))
    table = np.stack([opening, high, low, close, volume], 1)
    first = date(2000, 1, 3).toordinal()
    weekdays = [first + 7 * (k // 5) + k % 5 for k in range(days)]
    return Prices("random walk", tuple(map(date.fromordinal, weekdays)), table, f"walk {days} {seed} {memory}")


def features(prices: Prices) -> np.ndarray:
    """Return the features at each day's close, ``[N, 7]``, computed from that day and earlier days.

    The first 20 days have NaN. Returns are logarithmic. On a day without volume, the volume counts as unchanged.
    """
    opening, high, low, close, volume = prices.table.T
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.diff(np.log(close), prepend=np.nan)
        overnight = np.concatenate([[np.nan], np.log(opening[1:] / close[:-1])])
        traded = np.diff(np.log(volume), prepend=np.nan)
    traded = np.where(np.isfinite(traded), traded, 0.0)
    week, month = (np.lib.stride_tricks.sliding_window_view(returns, n) for n in (5, 20))
    table = np.full((len(prices), len(FEATURES)), np.nan)
    for column, values in enumerate((returns, overnight, np.log(close / opening), np.log(high / low), traded)):
        table[:, column] = values
    table[4:, 5], table[19:, 6] = week.mean(1), month.std(1)
    table[:WARM] = np.nan
    return table


def went_up(prices: Prices) -> np.ndarray:
    """Return whether the next day's close is higher, for every day but the last, ``[N - 1]``."""
    close = prices.table[:, 3]
    return close[1:] > close[:-1]


def _places(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the table's column for the date and for each price."""
    places: dict[str, str] = {}
    for name in names:
        word = re.sub(r" \(\d+\)$", "", name).strip().lower().strip("<>").rstrip(".").rpartition(".")[2]
        word = word.partition("/")[0].strip()
        word = {"timestamp": "date", "datetime": "date", "time": "date", "price": "close", "vol": "volume"}.get(
            word, word
        )
        if word in ("date", *COLUMNS) and "adj" not in name.lower():
            if word in places and word != "date":  # a date and a time of day may be separate columns
                raise DataError(f"{path} has more than one column for {word}: {','.join(names)[:80]!r}")
            places.setdefault(word, name)
    if {"date", "close"} <= places.keys() and not {"open", "high", "low"} & places.keys():
        return places
    if missing := [name for name in ("date", *COLUMNS[:4]) if name not in places]:
        raise DataError(f"{path} has no column for {', '.join(missing)}; its first line is {','.join(names)[:80]!r}")
    return places


def _days(table: Table, column: str, day_first: bool | None) -> np.ndarray:
    """Return the days ``[N]``, ``datetime64[D]``, as written, whatever the time of day and its zone."""
    cells = [str(cell).strip() for cell in table[column]]
    cells = [cell[:10] if ISO_DAY.match(cell) else CLOCK.sub("", cell) for cell in cells]
    if (empty := next((k for k, cell in enumerate(cells) if not cell), None)) is not None:
        raise DataError(f"{table.where(empty)}: '' is not a date such as 2020-01-31")
    try:
        read = parse_times(cells, table.where, day_first)
    except OpenOrder:
        read = parse_times(cells, table.where, False)
    table.understood += read.understood
    if (gone := np.flatnonzero(np.isnat(read.utc))).size:
        raise DataError(f"{table.where(int(gone[0]))}: {cells[gone[0]][:40]!r} is not a date such as 2020-01-31")
    return read.utc.astype("datetime64[D]")


def _check(table: Table, places: dict[str, str], days: np.ndarray, values: np.ndarray, rows: np.ndarray) -> None:
    """Raise DataError for the first day or price that cannot be."""
    order = np.diff(days.astype(np.int64))
    if (wrong := np.flatnonzero(order <= 0)).size:
        k = int(wrong[0]) + 1
        what = "occurs twice" if not order[k - 1] else f"comes after {days[k - 1]}; sort the file by date"
        raise DataError(f"{table.where(int(rows[k]))}: {days[k]} {what}")
    for column, name in enumerate(COLUMNS):
        bad = values[:, column] < 0 if name == "volume" else ~(values[:, column] > 0)
        if bad.any():
            row = int(rows[bad.argmax()])
            cell = str(table[places.get(name, places["close"])][row])[:40]
            wanted = "a number of at least 0" if name == "volume" else "a positive number"
            raise DataError(f"{table.where(row)}: the {name} must be {wanted}, got {cell!r}")
    if (wrong := np.flatnonzero(values[:, 1] < values[:, 2])).size:
        raise DataError(f"{table.where(int(rows[wrong[0]]))}: the high is below the low")


def _notes(days: Sequence[date], table: np.ndarray) -> tuple[str, ...]:
    """Return notes on missing days and odd values."""
    notes = []
    longest = max(pairwise(days), key=lambda pair: pair[1] - pair[0])
    if (away := (longest[1] - longest[0]).days) > 10:
        notes.append(f"{away} days are missing between {longest[0]} and {longest[1]}")
    if silent := int((table[:, 4] == 0).sum()):
        notes.append(f"{silent} of {len(days)} days have no volume")
    outside = (table[:, [0, 3]].max(1) > table[:, 1] * 1.001) | (table[:, [0, 3]].min(1) < table[:, 2] * 0.999)
    if count := int(outside.sum()):
        notes.append(f"on {count} of {len(days)} days the open or close lies outside the day's low and high")
    return tuple(notes)
