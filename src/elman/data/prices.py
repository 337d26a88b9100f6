"""Daily prices: a reader that validates common CSV files, features of past days, and a random walk."""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from elman.data.errors import DataError
from elman.data.reading import decoded, number, read_bytes, rows

__all__ = ["FEATURES", "Prices", "features", "load_prices", "random_walk", "read_prices", "went_up"]

COLUMNS = ("open", "high", "low", "close", "volume")
FEATURES = (
    "return", "overnight", "within the day", "range", "change of volume", "mean of 5 returns", "spread of 20 returns",
)  # fmt: skip
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)  # any other comma may be a decimal comma
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


def read_prices(path: Path, least: int = 300) -> Prices:
    """Read a CSV of daily prices.

    Columns are found by name, in any order and case, with or without a ticker before the name (``AAPL.Close``,
    ``Close/Last``, ``date``). Other columns, such as adjusted closes, are ignored; the volume is optional. A date is
    an ISO date or time, whose day is taken as written, or month/day/year. Commas in numbers separate thousands. A
    file with the newest day first is reversed.

    Args:
        path: the file.
        least: minimum number of days; default 300.

    Raises:
        DataError: if a date is missing, repeated or out of order, a price is not a positive number, a high is below a
            low, a column is missing, there are too few days, or the close never changes; the message names the line.
    """
    content = read_bytes(path)
    rest = rows(path, decoded(path, content))
    _, header = next(rest, (0, []))
    places = _places(path, header)
    days: list[date] = []
    lines: list[int] = []
    table: list[list[float]] = []
    for line, row in rest:
        where = f"{path}, line {line}"
        if len(row) != len(header):
            raise DataError(f"{where} has {len(row)} columns; the first line names {len(header)}")
        days.append(_day(row[places["date"]], where))
        lines.append(line)
        table.append([_number(row[places[name]], name, where) if name in places else 0.0 for name in COLUMNS])
    if len(days) > 1 and all(a > b for a, b in pairwise(days)):
        days, lines, table = days[::-1], lines[::-1], table[::-1]
    for before, after, line in zip(days, days[1:], lines[1:], strict=False):
        if after == before:
            raise DataError(f"{path}, line {line}: {after} occurs twice")
        if after < before:
            raise DataError(f"{path}, line {line}: {after} comes after {before}; sort the file by date")
    if len(days) < least:
        raise DataError(f"{path}: got {len(days)} days, expected at least {least}")
    values = np.array(table)
    if wrong := np.flatnonzero(values[:, 1] < values[:, 2]).tolist():
        raise DataError(f"{path}, line {lines[wrong[0]]}: the high is below the low")
    if np.ptp(values[:, 3]) == 0:
        raise DataError(f"{path}: the close never changes, so its direction cannot be predicted")
    return Prices(path.name, tuple(days), values, hashlib.sha256(content).hexdigest(), _notes(days, values))


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


def _places(path: Path, header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        word = name.strip().lower().rpartition(".")[2].partition("/")[0].strip()
        word = {"timestamp": "date", "datetime": "date", "time": "date", "price": "close", "vol": "volume"}.get(
            word, word
        )
        if word in ("date", *COLUMNS) and "adj" not in name.lower():
            if word in places and word != "date":  # a date and a time of day may be separate columns
                raise DataError(f"{path} has more than one column for {word}: {','.join(header)[:80]!r}")
            places.setdefault(word, place)
    if missing := [name for name in ("date", *COLUMNS[:4]) if name not in places]:
        raise DataError(f"{path} has no column for {', '.join(missing)}; its first line is {','.join(header)[:80]!r}")
    return places


def _day(text: str, where: str) -> date:
    text = text.strip()
    for read in (
        lambda: date.fromisoformat(text[:10] if text[10:11] in (" ", "T") else text),
        lambda: datetime.strptime(text.split()[0], "%m/%d/%Y").date(),
    ):
        try:
            return read()
        except (ValueError, IndexError):
            continue
    raise DataError(f"{where}: {text[:40]!r} is not a date as 2020-01-31 or 01/31/2020")


def _number(text: str, name: str, where: str) -> float:
    plain = text.strip().removeprefix("$")
    value = number(plain.replace(",", "") if THOUSANDS.fullmatch(plain) else plain)
    if name == "volume":
        value = 0.0 if not text.strip() else value
        if not 0 <= value < math.inf:
            raise DataError(f"{where}: the volume must be a number of at least 0, got {text[:40]!r}")
    elif not 0 < value < math.inf:
        raise DataError(f"{where}: the {name} must be a positive number, got {text[:40]!r}")
    return value


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
