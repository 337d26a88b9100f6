"""exp, tanh, sigmoid and their like on vectors. NaN and infinities behave as in PyTorch.

Polynomials and splittings are those of Cephes (Moshier) and, for the single-precision tanh, of Eigen.
"""

from elman.engine.cpu.llvm import Lanes, Writer

__all__ = ["pointwise"]

COMPARISONS = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}
ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
# one call of the C library a number: right, but slow
LIBRARY = frozenset(["log", "log1p", "expm1", "sin", "cos", "erf"])


def pointwise(w: Writer, op: str, args: list[str]) -> str:
    """Write one pointwise operator; returns the name of the result."""
    V = w.lanes
    if op in ARITHMETIC:
        return w.op(ARITHMETIC[op], *args)
    if op in COMPARISONS:
        return w.compare(COMPARISONS[op], *args)
    if op in LIBRARY:
        return _library(w, op, args[0])
    match op:
        case "neg":
            return w.do(f"fneg {V.type} {args[0]}")
        case "abs":
            return w.unary("fabs", args[0])
        case "sqrt":
            return w.unary("sqrt", args[0])
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
        case "sigmoid":
            one = V.splat(1)
            return w.op("fdiv", one, w.op("fadd", one, exp(w, w.do(f"fneg {V.type} {args[0]}"))))
        case "tanh":
            return tanh32(w, args[0]) if V.bits == 32 else tanh64(w, args[0])
    raise AssertionError(op)


def polynomial(w: Writer, x: str, coefficients: tuple[float, ...]) -> str:
    """Highest power first."""
    value = w.lanes.splat(coefficients[0])
    for c in coefficients[1:]:
        value = w.fma(value, x, w.lanes.splat(c))
    return value


def clamp(w: Writer, x: str, low: float, high: float) -> str:
    """Keep within bounds; the comparisons are false for NaN, which so passes."""
    V = w.lanes
    x = w.select(w.compare("olt", x, V.splat(low)), V.splat(low), x)
    return w.select(w.compare("ogt", x, V.splat(high)), V.splat(high), x)


def exp(w: Writer, x: str) -> str:
    """``2^n e^r`` with ``|r| <= ln(2) / 2``; the power of two in two halves, so that subnormals come out."""
    V = w.lanes
    x = clamp(w, x, *((-104.0, 89.0) if V.bits == 32 else (-746.0, 710.0)))
    n = w.unary("rint", w.op("fmul", x, V.splat(1.4426950408889634)))
    high, low = (0.693359375, -2.12194440e-4) if V.bits == 32 else (6.93145751953125e-1, 1.42860682030941723212e-6)
    r = w.fma(n, V.splat(-high), x)
    r = w.fma(n, V.splat(-low), r)
    if V.bits == 32:
        p = polynomial(
            w, r, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)
        )
        p = w.fma(p, w.op("fmul", r, r), r)
        p = w.op("fadd", p, V.splat(1))
    else:
        rr = w.op("fmul", r, r)
        px = w.op(
            "fmul",
            r,
            polynomial(w, rr, (1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1)),
        )
        q = polynomial(w, rr, (3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2.0))
        p = w.fma(V.splat(2), w.op("fdiv", px, w.op("fsub", q, px)), V.splat(1))
    # NaN has no integer; freeze keeps the arbitrary one from poisoning, and p is NaN already
    k = w.do(f"freeze {V.integer} {w.do(f'fptosi {V.type} {n} to {V.integer}')}")
    half = w.do(f"ashr {V.integer} {k}, {V.integers(1)}")
    rest = w.do(f"sub {V.integer} {k}, {half}")
    return w.op("fmul", w.op("fmul", p, _power_of_two(w, half)), _power_of_two(w, rest))


def _power_of_two(w: Writer, n: str) -> str:
    V: Lanes = w.lanes
    bias, place = (127, 23) if V.bits == 32 else (1023, 52)
    biased = w.do(f"add {V.integer} {n}, {V.integers(bias)}")
    return w.do(f"bitcast {V.integer} {w.do(f'shl {V.integer} {biased}, {V.integers(place)}')} to {V.type}")


def tanh32(w: Writer, x: str) -> str:
    """A quotient of polynomials, exact to about 2e-7 of the value."""
    x = clamp(w, x, -7.90531110763549805, 7.90531110763549805)
    xx = w.op("fmul", x, x)
    p = polynomial(w, xx, (
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
        1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    ))  # fmt: skip
    q = polynomial(w, xx, (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03))
    return w.op("fdiv", w.op("fmul", x, p), q)


def tanh64(w: Writer, x: str) -> str:
    """Near zero a quotient of polynomials, elsewhere ``1 - 2 / (e^2|x| + 1)``."""
    V = w.lanes
    size = w.unary("fabs", x)
    xx = w.op("fmul", x, x)
    p = polynomial(w, xx, (-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3))
    q = polynomial(w, xx, (1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3))
    near = w.fma(w.op("fmul", x, xx), w.op("fdiv", p, q), x)
    e = exp(w, w.op("fadd", size, size))
    far = w.op("fsub", V.splat(1), w.op("fdiv", V.splat(2), w.op("fadd", e, V.splat(1))))
    w.declare(f"{V.type} @llvm.copysign.{V.suffix}({V.type}, {V.type})")
    far = w.do(f"call {V.type} @llvm.copysign.{V.suffix}({V.type} {far}, {V.type} {x})")
    return w.select(w.compare("olt", size, V.splat(0.625)), near, far)


def _library(w: Writer, op: str, x: str) -> str:
    V = w.lanes
    function = op + ("f" if V.bits == 32 else "")
    w.declare(f"{V.scalar} @{function}({V.scalar})")
    result = "poison"
    for lane in range(V.count):
        one = w.do(f"extractelement {V.type} {x}, i32 {lane}")
        one = w.do(f"call {V.scalar} @{function}({V.scalar} {one})")
        result = w.do(f"insertelement {V.type} {result}, {V.scalar} {one}, i32 {lane}")
    return result
