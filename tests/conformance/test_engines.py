"""Every engine against the loop, values and gradients: built-in cells, unusual cells, random cells."""

from typing import NamedTuple

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear
from torch.testing import assert_close

import elman
from elman import Cell, State
from elman.cells import LSTMState
from elman.cells.lookup import public_cells

from ..first_cells import FIRST

T, B = 6, 5
LENGTHS = {"full": None, "ragged": [6, 0, 2, 5, 3]}
TOLERANCE = {torch.float32: {"rtol": 1e-4, "atol": 1e-4}, torch.float64: {"rtol": 1e-9, "atol": 1e-11}}


class Peephole(Cell):
    """Elementwise parameters."""

    state_type = LSTMState

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 4 * hidden_size)
        self.R = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.p = nn.Parameter(torch.randn(3, hidden_size))

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        i, f, g, o = (drive + self.R(state.h)).chunk(4, -1)
        p_i, p_f, p_o = self.p
        i, f = torch.sigmoid(i + p_i * state.c), torch.sigmoid(f + p_f * state.c)
        c = f * state.c + i * torch.tanh(g)
        return LSTMState(torch.sigmoid(o + p_o * c) * torch.tanh(c), c)


class MGU(Cell):
    """Two products, one after the other, and a bias in the step."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 2 * hidden_size)
        self.R_f = nn.Linear(hidden_size, hidden_size)
        self.R_h = nn.Linear(hidden_size, hidden_size)

    def drive(self, x):
        return self.W(x).chunk(2, -1)

    def step(self, drive, state):
        f = torch.sigmoid(drive[0] + self.R_f(state.h))
        u = torch.tanh(drive[1] + self.R_h(f * state.h))
        return State((1 - f) * state.h + f * u)


class LayerNormLSTM(Cell):
    state_type = LSTMState

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 4 * hidden_size, bias=False)
        self.R = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.norm, self.norm_c = nn.LayerNorm(4 * hidden_size), nn.LayerNorm(hidden_size)

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        i, f, g, o = (drive + self.norm(self.R(state.h))).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(self.norm_c(c)), c)


class MaskedState(NamedTuple):
    h: Tensor
    mask: Tensor


class Masked(Cell):
    """A field that passes through unchanged, a second drive, a learned number, a function of parameters."""

    state_type = MaskedState

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)
        self.R = nn.Parameter(torch.randn(hidden_size, hidden_size) / hidden_size**0.5)
        self.log_rate = nn.Parameter(torch.randn(hidden_size))
        self.alpha = nn.Parameter(torch.tensor(0.3))
        self.register_buffer("scale", torch.rand(hidden_size))

    def drive(self, x):
        return self.W(x), x[..., :1]

    def step(self, drive, state):
        a, gap = drive
        decay = torch.exp(-torch.exp(self.log_rate) * gap.abs())
        h = torch.tanh(a + (state.h * decay * state.mask) @ (self.R * self.scale))
        return MaskedState(state.h + self.alpha * (h - state.h), state.mask)


class Swapping(Cell):
    """Fields that change places, halves that change sides, a softmax, a detached value."""

    state_type = LSTMState

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)
        self.R = nn.Linear(hidden_size, hidden_size)

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        left, right = state.c.tensor_split(2, -1)
        mixed = torch.cat([right, left], -1) + torch.softmax(self.R(state.h), -1)
        gate = torch.where(drive > 0, drive, 0.1 * drive).clamp(-1, 1)
        return LSTMState(torch.relu(mixed * gate) + state.c.detach(), torch.tanh(state.h - mixed))


OWN = [Peephole, MGU, LayerNormLSTM, Masked, Swapping]
LATER = [kind for name, kind in public_cells().items() if name not in FIRST]
CELLS = [
    *(kind for name, kind in public_cells().items() if name in FIRST),
    *OWN,
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in LATER),
]


def results(cell, engine, lengths, reverse, dtype, batch=B):
    """Outputs, final state, and the gradients of everything that can have one."""
    torch.manual_seed(1)
    x = torch.randn(T, batch, cell.input_size, dtype=dtype, requires_grad=True)
    state = type(cell.initial_state(1))(*(torch.randn_like(f).requires_grad_() for f in cell.initial_state(batch)))
    outputs, final = elman.unroll(cell, x, state, lengths, reverse=reverse, engine=engine)
    loss = sum((value * torch.randn_like(value)).sum() for value in (outputs, *final))
    leaves = [x, *state, *cell.parameters()]
    return [outputs, *final, *torch.autograd.grad(loss, leaves, allow_unused=True)]


def same(cell, lengths, reverse, dtype, batch=B, engine="native", **tolerance):
    loop = results(cell, "loop", lengths, reverse, dtype, batch)
    found = results(cell, engine, lengths, reverse, dtype, batch)
    for a, b in zip(found, loop, strict=True):
        assert (a is None) == (b is None) or not (a if b is None else b).any()
        if a is not None and b is not None:
            assert_close(a, b, **(tolerance or TOLERANCE[dtype]))


@pytest.mark.parametrize("cell_type", CELLS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("reverse", [False, True])
def test_native_agrees_with_the_loop(cell_type, dtype, lengths, reverse):
    torch.manual_seed(0)
    same(cell_type(3, 6).to(dtype), LENGTHS[lengths], reverse, dtype)


@pytest.mark.parametrize("cell_type", LATER)
def test_a_later_cell_agrees_with_the_loop(cell_type):
    torch.manual_seed(0)
    same(cell_type(3, 6).double(), LENGTHS["ragged"], False, torch.float64)


@pytest.mark.parametrize("cell_type", [elman.cells.LSTMCell, elman.cells.LayerNormRNNCell, MGU])
@pytest.mark.parametrize("hidden_size", [1, 2, 15, 16, 17, 33, 64, 100])
def test_any_width(cell_type, hidden_size):
    torch.manual_seed(0)
    same(cell_type(3, hidden_size).double(), LENGTHS["ragged"], False, torch.float64)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7, 12, 13, 25, 40])
def test_any_batch(batch):
    torch.manual_seed(0)
    same(elman.cells.GRUCell(3, 20).double(), None, False, torch.float64, batch)
    same(elman.cells.GRUCell(3, 20).double(), [T - i % (T + 1) for i in range(batch)], True, torch.float64, batch)


@pytest.mark.parametrize("cell_type", [c for c in CELLS if c is not Swapping])  # detach is no true gradient
def test_every_cell_keeps_the_contract_natively(cell_type):
    torch.manual_seed(0)
    elman.check_cell(cell_type(3, 4), engine="auto")


class Columns(Cell):
    """Some columns of the input, read in the step."""

    def __init__(self, start, stop):
        super().__init__(4, 4)
        self.start, self.stop = start, stop
        self.R = nn.Linear(4, 4)

    def step(self, drive, state):
        some = drive[:, self.start : self.stop]
        return type(state)(torch.tanh(self.R(state.h) * some.sum(-1, keepdim=True)))


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (-2, None), (1, -1), (-3, -2), (0, 1), (-9, 2)])
def test_columns_counted_from_either_end(start, stop):
    torch.manual_seed(0)
    same(Columns(start, stop).double(), LENGTHS["ragged"], False, torch.float64)


# Random cells: a program over a growing pool of row values.

UNARY = {
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "neg": torch.neg, "exp": lambda a: torch.exp(torch.tanh(a)),
    "softplus": nn.functional.softplus, "silu": nn.functional.silu, "square": torch.square, "abs": torch.abs,
    "rsqrt": lambda a: torch.rsqrt(1 + a * a), "log": lambda a: torch.log(1 + a * a), "sin": torch.sin,
    "norm": lambda a: layer_norm(a, a.shape[-1:]), "softmax": lambda a: torch.softmax(a, -1),
    "roll": lambda a: torch.cat([a[:, 1:], a[:, :1]], -1), "mean": lambda a: a - a.mean(-1, keepdim=True),
    "erf": torch.erf, "half": lambda a: a * 0.5,
    "energy": lambda a: torch.tanh((a * a).sum(-1, keepdim=True).amax(-1, keepdim=True).expand(-1, a.shape[1])),
    "peak": lambda a: a - a.amax(-1, keepdim=True), "flat": lambda a: a.unsqueeze(1).squeeze(1).detach() * a,
    "turned": lambda a: torch.stack([a, torch.sin(a)], 1).flatten(1)[:, a.shape[1] // 2 :][:, : a.shape[1]],
    "ends": lambda a: torch.cat([a[:, :1].expand_as(a)[:, 1:], a.mean(-1, keepdim=True)], -1),
}  # fmt: skip
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": lambda a, b: torch.tanh(a) * b,
    "div": lambda a, b: a / (2 + torch.cos(b)),
    "where": lambda a, b: torch.where(a > b, a, 0.3 * b), "max": torch.maximum,
    "first": lambda a, b: a * b[:, :1], "last": lambda a, b: torch.tanh(a) + b[:, -1:],
    "picked": lambda a, b: a * torch.tanh(b[:, -1]).unsqueeze(-1),
    "middle": lambda a, b: torch.sin(a) + (b[:, 1:-1] if b.shape[1] > 2 else b).sum(-1, keepdim=True),
    "rows": lambda a, b: a * torch.tanh(a.mean(-1) * b.sum(-1) + b[:, 0]).unsqueeze(-1),
    "one": lambda a, b: torch.softmax(b[:, :1], -1) * a + layer_norm(b[:, -1:], (1,)) - torch.log_softmax(a, -1) / 9,
    "side": lambda a, b: torch.where(b[:, :1] > 0, a, b[:, -1:]), "count": lambda a, b: a * (b > 0).sum(-1, True) / 9,
    "bound": lambda a, b: torch.clamp(a, -b[:, :1].abs(), b.abs().amax(-1, keepdim=True)),
    "tail": lambda a, b: torch.cat([b[:, -2:], a[:, : -min(2, a.shape[1])]], -1),
}  # fmt: skip


class Drawn(Cell):
    state_type = LSTMState

    def __init__(self, hidden_size, program):
        super().__init__(3, hidden_size)
        self.program = program
        self.W = nn.Linear(3, 2 * hidden_size)
        self.R = nn.ParameterList([torch.randn(hidden_size, hidden_size) / hidden_size**0.5 for _ in range(3)])
        self.v = nn.ParameterList([torch.randn(hidden_size) for _ in range(3)])

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        pool = [*drive.chunk(2, -1), state.h, state.c]
        for op, a, b in self.program:
            left, right = pool[a % len(pool)], pool[b % len(pool)]
            if op in UNARY:
                pool.append(UNARY[op](left))
            elif op in BINARY:
                pool.append(BINARY[op](left, right))
            elif op == "product":
                pool.append(linear(torch.tanh(left), self.R[b % 3]))
            else:
                pool.append(left * self.v[b % 3])
        return LSTMState(torch.tanh(pool[-1] + 0.1 * pool[0]), torch.tanh(pool[-2]) + 0.5 * state.c)


lines = st.tuples(
    st.sampled_from([*UNARY, *BINARY, "product", "product", "vector"]), st.integers(0, 9), st.integers(0, 9)
)


@given(
    st.integers(1, 19), st.lists(lines, min_size=1, max_size=8), st.booleans(), st.sampled_from(list(LENGTHS)),
    st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_random_cells(hidden_size, program, reverse, lengths, seed):
    torch.manual_seed(seed)
    cell = Drawn(hidden_size, tuple(program)).double()
    same(cell, LENGTHS[lengths], reverse, torch.float64, rtol=1e-7, atol=1e-8)
