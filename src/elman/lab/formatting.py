"""Numbers, bounds and verdicts, formatted for the book."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from elman.lab.findings import Claim, Findings, Verdict

__all__ = [
    "SYMBOLS", "bound", "chapter_order", "column", "decimal", "listed", "measured", "number", "p_value", "percent",
    "power", "tally", "visible",
]  # fmt: skip

SYMBOLS = {"holds": "✓", "does not hold": "✗", "undecided": "?"}

_UNSEEN = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"} | {
    0x7F: "\u2421", 0xFFFE: "\ufffd", 0xFFFF: "\ufffd"
}  # fmt: skip
_UNSEEN |= dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), "\ufffd")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMERIC = re.compile(r"[-−+~<>≤≥]?\s*[\d.,]+\s*(%|(?:[±×/(\[–]|to ).{0,24})?")


def visible(text: str) -> str:
    """Replace characters that HTML and XML do not allow, such as a zero byte, by visible signs.

    Example:
        >>> visible("a\\0b")
        'a␀b'
    """
    return text.translate(_UNSEEN)


def power(exponent: int) -> str:
    """Format an integer power of ten, such as ``10⁻³``."""
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def number(value: float, digits: int = 4) -> str:
    """Format a number.

    Example:
        >>> [number(v) for v in (1.23456, 2.0, 1234567, 0.0000123, -0.5, float("inf"))]
        ['1.235', '2', '1,234,567', '1.23×10⁻⁵', '−0.5', '∞']
    """
    if isinstance(value, int):  # perhaps too large for a float
        return f"{value:,}".replace("-", "−")
    if math.isnan(value):
        return "not a number"
    sign = "−" if value < 0 else ""
    size = abs(value)
    if math.isinf(value):
        return f"{sign}∞"
    if size == int(size) and size < 1e15:
        return f"{sign}{int(size):,}"
    if size >= 1e7 or size < 1e-4:
        mantissa, _, exponent = f"{size:.{digits - 2}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{sign}{mantissa}×{power(int(exponent))}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{size:,.{decimals}f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def decimal(value: float, decimals: int) -> str:
    """Format a number with a given count of decimals; a value that rounds to zero has no sign.

    Example:
        >>> decimal(-0.5, 3), decimal(-0.0001, 3), decimal(1234.5, 1), decimal(float("inf"), 1)
        ('−0.500', '0.000', '1,234.5', '∞')
    """
    if not math.isfinite(value):
        return number(value)
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def percent(share: float, decimals: int = 1) -> str:
    """Format a share as a percentage, with a non-breaking space before the sign.

    Example:
        >>> percent(0.104), percent(0.3, 0)
        ('10.4\xa0%', '30\xa0%')
    """
    return f"{decimal(100 * share, decimals)}\u00a0%"


def listed(values: Sequence[float]) -> str:
    """Format a vector.

    Example:
        >>> listed([2.0, -0.3])
        '[2, −0.3]'
    """
    return f"[{', '.join(number(float(value)) for value in values)}]"


def p_value(p: float) -> str:
    """Format the p-value of a test.

    Example:
        >>> p_value(0.0312), p_value(3e-9)
        ('0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else decimal(p, 3)


def bound(claim: Claim) -> str:
    """Describe the values that agree with a claim.

    Example:
        >>> bound(Claim("loss", "The loss is low.", "this example", unit="nats", at_most=1.75))
        'at most 1.75 nats'
        >>> bound(Claim("power", "It is 0.21.", "this example", at_least=0.21 - 1e-9, at_most=0.21 + 1e-9))
        '0.21, but for rounding'
    """
    low, high = claim.at_least, claim.at_most
    if low == high:
        words = f"exactly {number(low)}"
    elif number(low) == number(high):
        return f"{number(low)} {claim.unit}".rstrip() + ", but for rounding"
    elif math.isinf(low) and math.isinf(high):
        return "any value"
    elif math.isinf(low):
        words = f"at most {number(high)}"
    elif math.isinf(high):
        words = f"at least {number(low)}"
    else:
        words = f"{number(low)} to {number(high)}"
    return f"{words} {claim.unit}".rstrip()


def measured(verdict: Verdict) -> tuple[str, str]:
    """Format a measured value and its interval, with no more digits than the interval justifies.

    Example:
        >>> claim = Claim("loss", "The loss is low.", "this example", unit="nats")
        >>> measured(Verdict(claim, 1.53218, 1.51122, 1.55314, 3, "holds"))
        ('1.532 nats', '95\xa0% interval 1.511 to 1.553, n\xa0=\xa03')
    """
    if verdict.n == 0:
        needs = f"; it needs {verdict.claim.needs}" if verdict.claim.needs else ""
        return f"nothing measured{needs}", "n\u00a0=\u00a00"
    value, low, high = _rounded(verdict.measured, verdict.low, verdict.high)
    value = f"{value} {verdict.claim.unit}".rstrip()
    if verdict.exact:
        return value, "exact"
    if verdict.n == 1:
        return value, "one run, no interval"
    return value, f"95\u00a0% interval {low} to {high}, n\u00a0=\u00a0{verdict.n}"


def _rounded(middle: float, low: float, high: float) -> tuple[str, str, str]:
    """Format mean and interval to two digits of half the interval's width."""
    half = (high - low) / 2
    if not 0 < half < 1e7 or half < 1e-6 or not math.isfinite(middle):
        return number(middle), number(low), number(high)
    decimals = max(0, 1 - math.floor(math.log10(half)))
    return decimal(middle, decimals), decimal(low, decimals), decimal(high, decimals)


def tally(verdicts: Sequence[Verdict]) -> list[tuple[str, str, str]]:
    """Count verdicts: ``(verdict, symbol, words)`` for each that occurs.

    Example:
        >>> claim = Claim("a", "A.", "this example")
        >>> tally([Verdict(claim, 1.0, 1.0, 1.0, 1, "holds", exact=True)] * 2)
        [('holds', '✓', '2 hold')]
    """
    counts = Counter(verdict.verdict for verdict in verdicts)
    plural = {"holds": "hold", "does not hold": "do not hold", "undecided": "undecided"}
    return [
        (name, symbol, f"{counts[name]} {name if counts[name] == 1 else plural[name]}")
        for name, symbol in SYMBOLS.items()
        if counts[name]
    ]


def column(cells: Sequence[object]) -> tuple[list[str], bool]:
    """Format a table's column, with the same number of decimals in every row, and return whether it is numeric.

    Example:
        >>> column([1.5, 2.25, None])
        (['1.50', '2.25', '–'], True)
        >>> column(["LSTM", True])
        (['LSTM', 'yes'], False)
    """
    sizes = [abs(cell) for cell in cells if isinstance(cell, float) and cell and math.isfinite(cell)]
    decimals = None
    if sizes and min(sizes) >= 1e-4 and max(sizes) < 1e7:
        given = max(len(number(value, 6).partition(".")[2]) for value in sizes)
        decimals = min(given, max(0, 3 - math.floor(math.log10(min(sizes)))))
    of_numbers = any(cell is not None for cell in cells) and all(_numeric(cell) for cell in cells)
    return [_cell(cell, decimals) for cell in cells], of_numbers


def chapter_order(findings: Findings) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts 15.2 before 15.12."""
    parts = re.findall(r"\d{1,9}|[^\d.]+", findings.exercise)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], findings.name


def _numeric(cell: object) -> bool:
    if isinstance(cell, str):
        return _NUMERIC.fullmatch(cell) is not None
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))


def _cell(cell: object, decimals: int | None) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int) or (isinstance(cell, float) and (decimals is None or not math.isfinite(cell))):
        return number(cell)
    if isinstance(cell, float):
        return f"{cell:,.{decimals}f}".replace("-", "−")
    return str(cell)
