"""Daily prices: a reader that takes the usual files and refuses what cannot be, features of the past, and a walk."""

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
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)  # any other comma may be a decimal one
WARM = 20  # days before the first whose features are complete


@dataclass(frozen=True)
class Prices:
    """Open, high, low, close and volume ``[N, 5]`` of N days in order."""

    name: str
    days: tuple[date, ...]
    table: np.ndarray
    sha256: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.days)


def read_prices(path: Path, least: int = 300) -> Prices:
    """Read a CSV of daily prices.

    Columns are found by name, in any order and case, with or without a ticker before them (``AAPL.Close``,
    ``Close/Last``, ``date``); others are ignored, and a file without a volume has none. Dates are ISO dates or
    times, of which the day as written counts, or month/day/year. A file with the newest day first is turned round.

    Args:
        path: the file.
        least: days it must have; default 300.

    Raises:
        DataError: naming the line, for a date that is missing, doubled or out of order, a price that is not a
            positive number, a high below a low, a column that is missing, too few days, or prices that never change.
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
            raise DataError(f"{path}, line {line}: {after} is there twice")
        if after < before:
            raise DataError(f"{path}, line {line}: {after} comes after {before}; sort the file by date")
    if len(days) < least:
        raise DataError(f"{path} has {len(days)} days; at least {least} are needed")
    values = np.array(table)
    if wrong := np.flatnonzero(values[:, 1] < values[:, 2]).tolist():
        raise DataError(f"{path}, line {lines[wrong[0]]}: the high is below the low")
    if np.ptp(values[:, 3]) == 0:
        raise DataError(f"{path}: the close never changes, so there is no direction to predict")
    return Prices(path.name, tuple(days), values, hashlib.sha256(content).hexdigest(), _notes(days, values))


def load_prices(name: str, seed: int = 0) -> Prices:
    """Return daily prices.

    Args:
        name: ``"sp500"`` (that of the arch library, 1999 to 2018, or else of the set ``stocks``, 2000 to 2020),
            ``"walk"`` (a random walk), a file, or ``"auto"`` for the first that is there.
        seed: of the random walk.

    Raises:
        DataError: if it is not there, or as :func:`read_prices` does.
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
    """Draw prices whose returns are normal, with a spread that clusters, and remember the return before.

    Args:
        days: how many.
        seed: of the draw.
        memory: share of a day's return that carries over to the next, in (-1, 1); 0 is a random walk, in which
            nothing tells the direction.

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
    """What is known at each day's close, ``[N, 7]``: of that day and those before it alone; NaN in the first 20.

    Returns are logarithmic. A day without volume counts as one whose volume did not change.
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
    """Whether the next day's close is higher, ``[N - 1]``, for every day but the last."""
    close = prices.table[:, 3]
    return close[1:] > close[:-1]


def _places(path: Path, header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        word = name.strip().lower().rpartition(".")[2].partition("/")[0].strip()
        word = {"timestamp": "date", "datetime": "date", "time": "date", "price": "close", "vol": "volume"}.get(
            word, word
        )
        if word in ("date", *COLUMNS):
            if word in places and word != "date":  # a date and a time of day may stand side by side
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
    """What a reader should know of days that are there and days that are not."""
    notes = []
    longest = max(pairwise(days), key=lambda pair: pair[1] - pair[0])
    if (away := (longest[1] - longest[0]).days) > 10:
        notes.append(f"{away} days are missing between {longest[0]} and {longest[1]}")
    if silent := int((table[:, 4] == 0).sum()):
        notes.append(f"{silent} of {len(days)} days have no volume")
    return tuple(notes)
