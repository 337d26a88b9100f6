"""Columns of numbers as people write them: decimal commas, thousands, percent, thousands and millions, missing cells.

A cell such as ``1,234`` has two readings. The column decides which one holds: a cell like ``1,5`` or ``1.234,5`` can
only have a decimal comma, a cell like ``1,234.5`` only a decimal point. A column with both is refused.
"""

import math
import re
from collections.abc import Callable, Sequence

import numpy as np

from elman.data.errors import DataError

__all__ = ["MISSING", "decimal_of", "is_number", "parse_numbers"]

MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "Null", "None"})
BLANKS = MISSING | {"-", "--", "–", "—", ".", "?", "na", "none", "missing"}  # in a column of numbers or times
SCALES = {
    "": "",
    "%": "e-2",
    "k": "e3",
    "K": "e3",
    "m": "e6",
    "M": "e6",
    "b": "e9",
    "B": "e9",
    "bn": "e9",
    "T": "e12",
}
CELL = re.compile(
    r"(?P<sign>[-+−]?)\s?(?:[$€£¥]\s?)?(?P<digits>[\d.,'’\u00a0\u202f ]*\d[.,]?)(?P<power>[eE][-+]?\d+)?"
    r"\s?(?:[$€£¥])?(?P<scale>%|bn|[kKmMbBT]?)",
    re.ASCII,
)
PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
INTEGER = r"(?:\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+|\d*)"
POINT = re.compile(rf"{INTEGER}(?:\.\d*)?|\d{{1,3}}(?:,\d{{3}})+(?:\.\d*)?", re.ASCII)
COMMA = re.compile(rf"{INTEGER}(?:,\d*)?|\d{{1,3}}(?:\.\d{{3}})+(?:,\d*)?", re.ASCII)
Where = Callable[[int], str]


def _both(digits: str) -> tuple[bool, bool]:
    """Return whether digits can be read with a decimal point, and with a decimal comma."""
    return bool(POINT.fullmatch(digits)), bool(COMMA.fullmatch(digits))


def is_number(text: str) -> bool:
    """Return whether a cell is a number under some reading.

    Example:
        >>> [is_number(text) for text in ("7.21M", "1.234,5", "12 %", "31.01.2020", "1o")]
        [True, True, True, False, False]
    """
    found = CELL.fullmatch(text.strip())
    return bool(found) and any(_both(found["digits"]))


def decimal_of(cells: Sequence[str], where: Where) -> str:
    """Return ``"."`` or ``","``, the decimal mark that the cells of a column prove, or an empty text if none does.

    Raises:
        DataError: if one cell proves a point and another one a comma; the message names both.

    Example:
        >>> decimal_of(["1.234", "0,5"], str), decimal_of(["1,234"], str)
        (',', '')
    """
    proof: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if "," not in cell and "." not in cell:
            continue
        found = CELL.fullmatch(cell.strip())
        if not found:
            continue
        point, comma = _both(found["digits"])
        if point != comma:
            proof.setdefault("." if point else ",", row)
            if len(proof) == 2:
                a, b = proof["."], proof[","]
                raise DataError(
                    f"{where(a)} writes {cells[a].strip()[:40]!r} with a decimal point, and {where(b)} "
                    f"{cells[b].strip()[:40]!r} with a decimal comma; write all numbers of a column in one way"
                )
    return next(iter(proof), "")


def parse_numbers(
    cells: Sequence[str], where: Where, decimal: str = ".", name: str = ""
) -> tuple[np.ndarray, list[str]]:
    """Return a column's numbers ``[N]`` in float64 with NaN for missing cells, and what was understood.

    Cells may have a sign, a currency, thousands separated by the other mark, blanks or apostrophes, an exponent, a
    percent sign (``12%`` is 0.12), or K, M, B, T for thousands, millions, billions and trillions.

    Args:
        cells: the column.
        where: where a row is, for the message.
        decimal: ``"."`` or ``","``, the decimal mark.
        name: the column's name, for the message.

    Raises:
        DataError: if a cell is neither missing nor a finite number, or some cells have a percent sign and others not.

    Example:
        >>> parse_numbers(["7.21M", "", "1,234.5", "-2e3"], str)[0].tolist()
        [7210000.0, nan, 1234.5, -2000.0]
        >>> parse_numbers(["1.234,5", "2"], str, ",")[0].tolist()
        [1234.5, 2.0]
    """
    values = np.full(len(cells), math.nan)
    percent: list[int] = []
    other = -1
    scaled = False
    column = f" in column {name!r}" if name else ""
    for row, cell in enumerate(cells):
        text = cell.strip()
        if decimal == "." and PLAIN.fullmatch(text):
            values[row] = float(text)
            other = row if values[row] and other < 0 else other
        elif text not in BLANKS:
            values[row], scale = _number(text, decimal)
            if scale == "%":
                percent.append(row)
            elif values[row] and other < 0:
                other = row
            scaled |= scale not in ("", "%")
        else:
            continue
        if not math.isfinite(values[row]):
            raise DataError(f"{where(row)}: expected a finite number, got {cell[:40]!r}{column}")
    understood = []
    if percent and other >= 0:
        raise DataError(
            f"{where(percent[0])} is {cells[percent[0]].strip()[:40]!r} and {where(other)} "
            f"{cells[other].strip()[:40]!r}; give all numbers of a column a percent sign, or none"
        )
    if percent:
        understood.append("percentages are read as fractions: 12% is 0.12")
    if scaled:
        understood.append("K, M, B and T after a number mean thousands, millions, billions and trillions")
    return values, understood


def _number(text: str, decimal: str) -> tuple[float, str]:
    found = CELL.fullmatch(text)
    if not found or not (POINT if decimal == "." else COMMA).fullmatch(found["digits"]):
        return math.inf, ""
    digits = re.sub(r"[ \u00a0\u202f'’]", "", found["digits"])
    digits = digits.replace(",", "") if decimal == "." else digits.replace(".", "").replace(",", ".")
    sign = "-" if found["sign"] in ("-", "−") else ""
    power, scale = found["power"] or "", found["scale"]
    if power and scale:
        return math.inf, ""
    return float(sign + digits + (power or SCALES[scale])), scale
