"""The engine's functions against more precise ones, over every exponent; their slopes against torch's formulas."""

import ctypes

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import softplus
from torch.testing import assert_close

import elman
from elman import Cell, State
from elman.engine.cpu.compile import compile_text, tile_for
from elman.engine.cpu.functions import pointwise
from elman.engine.cpu.llvm import Writer

WIDER = {np.float32: np.float64, np.float64: np.longdouble}
MORE_PRECISE = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
TYPES = [np.float32, pytest.param(np.float64, marks=pytest.mark.skipif(not MORE_PRECISE, reason="no wider type"))]


def sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


TRUTH = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh, "sigmoid": sigmoid,
    "sin": np.sin, "cos": np.cos, "erf": lambda x: torch.erf(torch.from_numpy(x.astype(float))).numpy(),
    "atan": np.arctan, "asin": np.arcsin, "acos": np.arccos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "floor": np.floor, "ceil": np.ceil,
    "trunc": np.trunc, "round": np.rint,
}  # fmt: skip


def every_exponent(kind, each):
    """Numbers of each exponent and sign, the smallest and the largest among them; more where functions bend."""
    place, bits = (23, np.uint32) if kind == np.float32 else (52, np.uint64)
    draw = np.random.default_rng(0)
    exponents = np.arange(1 << (np.dtype(kind).itemsize * 8 - place), dtype=bits)[:, None] << bits(place)
    mantissas = draw.integers(0, 1 << place, (len(exponents), each), dtype=bits)
    mantissas[:, :3] = 0, 1, (1 << place) - 1  # of the last exponent: infinity and NaN
    bends = [np.linspace(-reach, reach, 50 * each, dtype=kind) for reach in (0.5, 2, 12, 30, 110, 760)]
    return np.concatenate([(exponents | mantissas).ravel().view(kind), *bends, 1 + bends[0]])


def natively(name, *args):
    """Compile the function alone, and apply it."""
    x = args[0]
    lanes, declared = tile_for(x.itemsize * 8).lanes, set()
    w = Writer(lanes, declared)
    with w.loop("%count", lanes.count) as i:
        given = [w.load(w.at(f"%x{n}", i)) for n in range(len(args))]
        w.store(pointwise(w, name, given), w.at("%y", i))
    w.put("ret void")
    head = ", ".join(f"ptr %x{n}" for n in range(len(args)))
    code = compile_text(w.function(f"define void @apply({head}, ptr %y, i64 %count) #0"), declared, ["apply"])
    padded = [np.zeros(-(-len(x) // lanes.count) * lanes.count, x.dtype) for _ in (*args, x)]
    for room, given in zip(padded, args, strict=False):
        room[: len(given)] = given
    kinds = *[ctypes.c_void_p] * len(padded), ctypes.c_int64
    addresses = [room.ctypes.data for room in padded]
    ctypes.CFUNCTYPE(None, *kinds)(code.addresses["apply"])(*addresses, len(padded[0]))
    return padded[-1][: len(x)]


def steps_between(a, b):
    """Count the numbers of the type between a and b; NaN and the signs of zeros must agree."""
    assert np.array_equal(np.isnan(a), np.isnan(b))
    assert np.array_equal(np.signbit(a[b == 0]), np.signbit(b[b == 0]))
    whole = np.int32 if a.dtype == np.float32 else np.int64
    places = [np.where(n < 0, -(n & np.iinfo(whole).max), n) for n in (a.view(whole), b.view(whole))]
    return np.where(np.isnan(a), 0, abs(places[0].astype(np.int64) - places[1]))


@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_within_two_ulp_over_the_whole_range(name, kind):
    x = every_exponent(kind, 4096 if kind == np.float32 else 200)
    exact = TRUTH[name](x.astype(WIDER[kind])).astype(kind)
    assert steps_between(natively(name, x), exact).max() <= 2


PAIRS = {"pow": np.power, "atan2": np.arctan2, "fmod": np.fmod}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_functions_of_two_numbers_within_two_ulp(name, kind):
    x = every_exponent(kind, 64 if kind == np.float32 else 8)
    y = np.random.default_rng(1).permutation(x)
    if name == "pow":  # bases and exponents whose powers are numbers
        x, y = np.abs(x), np.random.default_rng(1).uniform(-3, 3, len(x)).astype(kind)
    exact = PAIRS[name](x.astype(WIDER[kind]), y.astype(WIDER[kind])).astype(kind)
    assert steps_between(natively(name, x, y), exact).max() <= 2


class Apply(Cell):
    """A function of the input, number by number."""

    def __init__(self, function):
        super().__init__(WIDTH, WIDTH)
        self.function = function

    def step(self, drive, state):
        return State(self.function(drive))


WIDTH = 100


def value_and_slope(function, x, grad=None):
    x = torch.as_tensor(x)[: len(x) // WIDTH * WIDTH].reshape(1, -1, WIDTH).requires_grad_()
    y, _ = elman.unroll(Apply(function), x, State(torch.zeros_like(x[0])), engine="native")
    (slope,) = torch.autograd.grad(y, x, torch.ones_like(y) if grad is None else grad.expand_as(y))
    return x.detach(), y.detach(), slope


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (torch.tanh, lambda g, x, y: torch.ops.aten.tanh_backward(g, y)),  # g (1 - y * y), the bracket rounded once
        (torch.sigmoid, lambda g, x, y: g * (1 - y) * y),
        (torch.exp, lambda g, x, y: g * y),
        (torch.expm1, lambda g, x, y: g * (y + 1)),
        (torch.log, lambda g, x, y: g / x),
        (torch.log1p, lambda g, x, y: g / (x + 1)),
        (torch.sqrt, lambda g, x, y: g / (2 * y)),
    ],
)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_slopes_are_torchs_formulas_to_the_bit(function, formula, kind):
    x = every_exponent(kind, 256 if kind == np.float32 else 32)
    g = torch.from_numpy(np.linspace(-3, 3, WIDTH, dtype=kind))
    x, y, slope = value_and_slope(function, x, g)
    assert_close(slope, formula(g.expand_as(y).contiguous(), x, y), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_softplus_and_its_slope(kind):
    x, y, slope = (t.flatten().numpy() for t in value_and_slope(softplus, every_exponent(kind, 256)))
    wide = x.astype(WIDER[kind])
    linear = x > 20  # as torch's
    exact = np.where(linear, wide, np.log1p(np.exp(wide))).astype(kind)
    assert steps_between(y, exact).max() <= 2
    assert steps_between(slope, np.where(linear, 1, sigmoid(wide)).astype(kind)).max() <= 2


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_saturated_functions_have_no_slope(kind):
    for function, point, limit in (
        (torch.tanh, 20, 1), (torch.tanh, -20, -1), (torch.sigmoid, 100, 1), (torch.sigmoid, -800, 0),
    ):  # fmt: skip
        _, y, slope = value_and_slope(function, np.full(WIDTH, point, kind))
        assert (y == limit).all()
        assert (slope == 0).all()


def outputs_and_gradients(layer, x):
    x = x.clone().requires_grad_()
    outputs, _ = layer(x)
    return outputs, *torch.autograd.grad(outputs.square().sum(), [x, *layer.parameters()])


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("seed", range(3))
def test_large_inputs_have_the_gradients_of_torch(name, seed):
    torch.manual_seed(seed)
    theirs, ours = getattr(nn, name)(3, 8), getattr(elman.nn, name)(3, 8)
    ours.load_state_dict(theirs.state_dict())
    x = 1e6 * torch.randn(6, 4, 3)
    results = [outputs_and_gradients(layer, x) for layer in (ours, theirs)]
    assert_close(*results, rtol=1e-4, atol=1e-30)
    assert (results[0][2] == 0).all()  # weight_ih: every gate is saturated

    x[2, 0, 1], x[3, 1, 2], x[4, 2, 0] = torch.inf, -torch.inf, torch.nan
    results = [outputs_and_gradients(layer, x) for layer in (ours, theirs)]
    assert_close(*results, rtol=1e-4, atol=1e-30, equal_nan=True)
    assert results[0][2].isnan().any()


def test_nothing_passes_back_through_a_saturated_step():
    cell = elman.cells.RNNCell(1, 8)
    x = torch.zeros(3, 1, 1, requires_grad=True)
    with torch.no_grad():
        cell.bias.fill_(20)
        cell.weight_hh.fill_(1)
    for engine in ("native", "loop"):
        outputs, _ = elman.unroll(cell, x, engine=engine)
        (gradient,) = torch.autograd.grad(outputs[-1].sum(), x)
        assert (gradient == 0).all()
