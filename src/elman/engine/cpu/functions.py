"""exp, tanh, sigmoid, log and similar functions on vectors, within 2 ulp of the exact value.

The bound holds for every number, including subnormals; zeros keep their sign; infinities and NaN give the same
results as in PyTorch. All functions use ``e^x - 1`` and ``log(1 + x)`` for small x, each a minimax polynomial for its
dtype.
"""

from dataclasses import dataclass
from math import inf, log, nan, sqrt

from elman.engine.cpu.llvm import Writer

__all__ = ["pointwise"]

COMPARISONS = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}
ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
# one call of the C library per number: accurate, but slow
LIBRARY = frozenset([
    "sin", "cos", "erf", "atan", "asin", "acos", "tan", "sinh", "cosh", "asinh", "acosh", "atanh", "atan2", "pow",
    "fmod",
])  # fmt: skip
ROUNDING = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "rint"}


def pointwise(w: Writer, op: str, args: list[str]) -> str:
    """Write one pointwise operator; return the name of the result."""
    V = w.lanes
    if op in ARITHMETIC:
        return w.op(ARITHMETIC[op], *args)
    if op in COMPARISONS:
        return w.compare(COMPARISONS[op], *args)
    if op in LIBRARY:
        return _library(w, op, args)
    if op in ROUNDING:
        return w.unary(ROUNDING[op], args[0])
    match op:
        case "neg":
            return w.do(f"fneg {V.type} {args[0]}")
        case "abs":
            return w.unary("fabs", args[0])
        case "sqrt":
            return w.unary("sqrt", args[0])
        case "fma":
            return w.fma(*args)
        case "select":
            return w.select(*args)
        case "max" | "min":
            a, b = args
            test = w.compare("ugt" if op == "max" else "ult", a, b)  # unordered: true also if either is NaN
            chosen = w.select(test, a, b)
            return w.select(w.compare("uno", b, b), b, chosen)
        case "float":
            return w.do(f"uitofp {V.mask} {args[0]} to {V.type}")
        case "and" | "or":
            return w.do(f"{op} {V.mask} {args[0]}, {args[1]}")
        case "not":
            ones = "<" + ", ".join(["i1 true"] * V.count) + ">"
            return w.do(f"xor {V.mask} {args[0]}, {ones}")
        case "exp":
            return exp(w, args[0])
        case "expm1":
            return expm1(w, args[0])
        case "sigmoid":
            return sigmoid(w, args[0])
        case "tanh":
            return tanh(w, args[0])
        case "log":
            return log_of(w, args[0])
        case "log1p":
            return log1p(w, args[0])
    raise AssertionError(op)


@dataclass(frozen=True)
class Format:
    """A floating-point format, and polynomials of sufficient accuracy, lowest power first."""

    place: int  # of the exponent's lowest bit
    bias: int
    ln2: tuple[float, float]  # the nearest number, and the rest
    exp_range: tuple[float, float]  # e^x is 0 below, infinite above
    one: float  # for x at least this, tanh(x) rounds to 1 and expm1(-x) to -1
    exp: tuple[float, ...]  # (e^r - 1 - r) / r^2, of r, up to |r| = ln(2) / 2
    log: tuple[float, ...]  # (2 atanh(s) - 2 s) / s^3, of s^2, up to (1 + s) / (1 - s) = sqrt(2)

    @property
    def magic(self) -> float:
        """The number whose addition rounds to an integer, held by the lowest bits of the sum."""
        return 1.5 * 2**self.place

    @property
    def magic_bits(self) -> int:
        """The bits of ``magic``."""
        return (self.bias + self.place << self.place) + (1 << self.place - 1)


FORMATS = {
    32: Format(
        23, 127, (0.6931471824645996, -1.904654299957768e-09), (-104.0, 89.0), 20.0,
        (0.5, 0.1666666716337204, 0.041666366159915924, 0.00833327416330576, 0.0013940284261479974,
         0.00019913572759833187),
        (0.6666677594184875, 0.39977630972862244, 0.298698753118515),
    ),
    64: Format(
        52, 1023, (0.6931471805599453, 2.3190468138462996e-17), (-746.0, 710.0), 40.0,
        (0.5, 0.16666666666666677, 0.0416666666666667, 0.008333333333322184, 0.001388888888886795,
         0.00019841269884852207, 2.480158735874606e-05, 2.7557245397161735e-06, 2.755724408967567e-07,
         2.5108648801646596e-08, 2.0924080825264006e-09),
        (0.6666666666666731, 0.3999999999943521, 0.2857142873858581, 0.22222198910123533, 0.18183548851642148,
         0.15314405878348755, 0.14792723544635644),
    ),
}  # fmt: skip


def polynomial(w: Writer, x: str, coefficients: tuple[float, ...]) -> str:
    """Evaluate a polynomial, joining neighbouring terms first: in Horner's chain each sum waits for the last."""
    terms = [w.lanes.splat(c) for c in coefficients]
    pairs = [w.fma(x, high, low) for low, high in zip(terms[::2], terms[1::2], strict=False)]
    pairs += terms[len(pairs) * 2 :]
    value, square = pairs.pop(), w.op("fmul", x, x)
    while pairs:
        value = w.fma(value, square, pairs.pop())
    return value


def clamp(w: Writer, x: str, low: float = -inf, high: float = inf) -> str:
    """Clamp to bounds. NaN stays NaN, because comparisons with it are false."""
    V = w.lanes
    if low > -inf:
        x = w.select(w.compare("olt", x, V.splat(low)), V.splat(low), x)
    if high < inf:
        x = w.select(w.compare("ogt", x, V.splat(high)), V.splat(high), x)
    return x


def _power(w: Writer, x: str) -> tuple[str, str, str]:
    """Write ``e^x`` as ``2^n (1 + r + t)``; return bits that end in n, the exact r, and t, at most a fifth of r."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    rounded = w.fma(x, V.splat(1 / log(2)), V.splat(F.magic))
    n = w.op("fsub", rounded, V.splat(F.magic))
    r = w.fma(n, V.splat(-F.ln2[0]), x)
    rest = w.op("fmul", n, V.splat(-F.ln2[1]))
    whole = w.op("fadd", r, rest)
    return w.bits(rounded), r, w.fma(w.op("fmul", whole, whole), polynomial(w, whole, F.exp), rest)


def exp(w: Writer, x: str) -> str:
    """``e^x``; the power of two is split into two factors, so that a subnormal result is rounded only once."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    n, r, t = _power(w, clamp(w, x, *F.exp_range))
    both = w.whole("add", n, 2 * F.bias - F.magic_bits)
    one = w.whole("lshr", both, 1)
    value = w.op("fadd", w.op("fadd", r, t), V.splat(1))
    for exponent in (one, w.whole("sub", both, one)):
        value = w.op("fmul", value, w.number(w.whole("shl", exponent, F.place)))
    return value


def sigmoid(w: Writer, x: str) -> str:
    """``1 / (1 + e^-x)``, or ``e^x / (1 + e^x)`` for negative x, where the first form would overflow."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    size = clamp(w, w.unary("fabs", x), high=-F.exp_range[0])
    n, r, t = _power(w, w.do(f"fneg {V.type} {size}"))
    e = w.op("fadd", w.op("fadd", r, t), V.splat(1))
    half = F.bias // 2  # as in exp, but n is never positive, so one of the two factors can be constant
    e = w.op("fmul", e, w.number(w.whole("add", w.whole("shl", n, F.place), F.bias + half << F.place)))
    e = w.op("fmul", e, V.splat(2.0**-half))
    above = w.select(w.do(f"icmp slt {V.integer} {w.bits(x)}, zeroinitializer"), e, V.splat(1))
    return w.op("fdiv", above, w.op("fadd", e, V.splat(1)))


def _half_expm1(w: Writer, x: str) -> str:
    """``(e^x - 1) / 2``, whose power of two is finite wherever ``e^x`` is."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    n, r, t = _power(w, x)
    half = w.number(w.whole("add", w.whole("shl", n, F.place), F.bias - 1 << F.place))
    return w.fma(half, t, w.fma(half, r, w.op("fsub", half, V.splat(0.5))))


def expm1(w: Writer, x: str) -> str:
    """``e^x - 1``, precise near zero."""
    F = FORMATS[w.lanes.bits]
    half = _half_expm1(w, clamp(w, x, -F.one, F.exp_range[1]))
    return _near_zero(w, x, w.op("fadd", half, half))


def tanh(w: Writer, x: str) -> str:
    """``h / (h + 1)`` with ``h = (e^2|x| - 1) / 2``, and the sign of x."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    size = w.unary("fabs", x)
    h = _half_expm1(w, clamp(w, w.op("fadd", size, size), high=2 * F.one))
    value = w.op("fdiv", h, w.op("fadd", h, V.splat(1)))
    sign = w.whole("xor", w.bits(x), w.bits(size))
    return w.number(w.whole("or", w.bits(value), sign))


def _near_zero(w: Writer, x: str, y: str) -> str:
    """Return x where it is tiny, otherwise y, to keep the sign of a zero and the last bit of a subnormal."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    return w.select(w.compare("olt", w.unary("fabs", x), V.splat(2.0 ** (-F.place - 2))), x, y)


def _exponent(w: Writer, x: str) -> tuple[str, str]:
    """Write x as ``2^k m`` with m from ``sqrt(1/2)`` to ``sqrt(2)``; return the integer k plus the bias, and m."""
    F = FORMATS[w.lanes.bits]
    root = (F.bias - 2 << F.place) + int(sqrt(0.5) * 2 ** (F.place + 1))  # bits of the square root of 1/2
    bits, one = w.bits(x), F.bias << F.place
    k = w.whole("lshr", w.whole("add", bits, one - root), F.place)
    return k, w.number(w.whole("sub", w.whole("add", bits, one), w.whole("shl", k, F.place)))


def _log(w: Writer, x: str, k: str, f: str, origin: str) -> str:
    """``log(x) = n ln(2) + log(1 + f)``, by ``2 atanh(f / (2 + f))``; n is k as a number, less origin."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    n = w.op("fsub", w.number(w.whole("or", k, F.magic_bits)), origin)
    s = w.op("fdiv", f, w.op("fadd", f, V.splat(2)))
    z, square = w.op("fmul", s, s), w.op("fmul", f, w.op("fmul", f, V.splat(0.5)))
    rest = w.fma(s, w.fma(z, polynomial(w, z, F.log), square), w.op("fmul", n, V.splat(F.ln2[1])))
    value = w.fma(n, V.splat(F.ln2[0]), w.op("fsub", f, w.op("fsub", square, rest)))
    value = w.select(w.compare("olt", x, V.splat(inf)), value, x)
    pole = w.select(w.compare("oeq", x, V.splat(0)), V.splat(-inf), V.splat(nan))
    return w.select(w.compare("ugt", x, V.splat(0)), value, pole)


def log_of(w: Writer, x: str) -> str:
    """``log(x)``; a subnormal x is scaled up first."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    subnormal = w.compare("olt", x, V.splat(2.0 ** (1 - F.bias)))
    up, zero = F.place + 1, F.magic + F.bias
    k, m = _exponent(w, w.select(subnormal, w.op("fmul", x, V.splat(2.0**up)), x))
    origin = w.select(subnormal, V.splat(zero + up), V.splat(zero))
    return _log(w, x, k, w.op("fsub", m, V.splat(1)), origin)


def log1p(w: Writer, x: str) -> str:
    """``log(1 + x)`` with ``1 + f = 2^-n (1 + x)``; f is computed from x to keep the digits that ``1 + x`` loses."""
    V, F = w.lanes, FORMATS[w.lanes.bits]
    u = w.op("fadd", x, V.splat(1))
    k, m = _exponent(w, u)
    scale = w.number(w.whole("shl", w.whole("sub", V.integers(2 * F.bias), k), F.place))
    f = w.fma(x, scale, w.op("fsub", scale, V.splat(1)))
    large = w.compare("ogt", x, V.splat(4.0**F.place))  # the scale may be subnormal, and 1 + x loses no digits
    f = w.select(large, w.op("fsub", m, V.splat(1)), f)
    return _near_zero(w, x, _log(w, u, k, f, V.splat(F.magic + F.bias)))


def _library(w: Writer, op: str, args: list[str]) -> str:
    V = w.lanes
    function = op + ("f" if V.bits == 32 else "")
    w.declare(f"{V.scalar} @{function}({', '.join([V.scalar] * len(args))})")
    result = "poison"
    for lane in range(V.count):
        ones = [w.do(f"extractelement {V.type} {x}, i32 {lane}") for x in args]
        one = w.do(f"call {V.scalar} @{function}({', '.join(f'{V.scalar} {x}' for x in ones)})")
        result = w.do(f"insertelement {V.type} {result}, {V.scalar} {one}, i32 {lane}")
    return result
